"""The page on which regions of interest are drawn: served on this machine, saved to camera.yaml."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import cv2
import numpy as np

from camera_analysis.camera import Camera, load_camera
from camera_analysis.camera_edit import set_camera_keys
from camera_analysis.html_page import Picture, inline_png, render
from camera_analysis.lens import lens_at, rectify_frame
from camera_analysis.roi_masks import Grid, roi_masks
from camera_analysis.rois import Space, read_rois, rois_document
from pipelines.regions_of_interest import Background

HOST = "127.0.0.1"
#: A hundred regions of a hundred corners are far less.
MAX_BODY_BYTES = 1_000_000


class RoiPage:
    """One camera's page; its address holds a token that nobody can guess.

    Args:
        folder: of the camera's ``camera.yaml``.
        background: what is drawn on.
        space: of the pixels that are drawn in; regions of the other space are left as they are.
        port: on this machine; 0 takes any that is free.

    Raises:
        ValueError: the rectified view of a lens that is not calibrated is asked for.
        OSError: the port is taken.
    """

    def __init__(
        self, folder: Path, background: Background, space: Space, *, port: int = 0
    ) -> None:
        self._folder = folder
        self._background = background
        self._space: Space = space
        self._token = secrets.token_urlsafe(24)
        self._saving = Lock()
        camera = load_camera(folder)
        if space == "rectified" and not camera.lens.calibrated:
            raise ValueError(
                f"the lens is not calibrated; learned-normal cameras calibrate-lens {camera.id}"
            )
        self._plate = _inlined(background, camera, space)
        self._server = _Server(self, port)
        self.port = int(self._server.server_address[1])
        self.url = f"http://{HOST}:{self.port}/{self._token}/"

    def serve(self) -> None:
        """Answer until Ctrl-C or :meth:`close`."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            pass
        finally:
            self._server.server_close()

    def close(self) -> None:
        """End :meth:`serve`, from another thread."""
        self._server.shutdown()

    def knows(self, path: str, host: str) -> bool:
        """Whether a request has the token and was sent to this page by its own name.

        The name is looked at so that no other site, renamed to this address, can read the page.
        """
        token = path.split("/")[1] if path.count("/") >= 2 else ""
        own = {f"{HOST}:{self.port}", f"localhost:{self.port}"}
        return hmac.compare_digest(token.encode(), self._token.encode()) and host in own

    def html(self) -> str:
        """The page as the file is now."""
        camera = load_camera(self._folder)
        (width, height) = self._background.native_wh
        own = [roi for roi in camera.rois if roi.space == self._space]
        return render(
            "roi_page.html.j2",
            camera_id=camera.id,
            space=self._space,
            day=self._background.day,
            width=width,
            height=height,
            plate=self._plate,
            nonce=secrets.token_urlsafe(12),
            start={"width": width, "height": height, "rois": rois_document(own)},
        )

    def save(self, body: bytes) -> str:
        """Write the regions of a request into ``camera.yaml``; says what was written.

        Raises:
            ValueError: they cannot be used; the file is as it was.
        """
        document = json.loads(body)
        if not isinstance(document, dict) or set(document) != {"rois"}:
            raise ValueError("expected {rois: [...]}")
        drawn = [replace(roi, space=self._space) for roi in read_rois(document["rois"])]
        rows, columns = self._background.rgb.shape[:2]
        grid = Grid(native_wh=self._background.native_wh, label_wh=(columns, rows))
        with self._saving:
            camera = load_camera(self._folder)
            roi_masks(drawn, camera.lens, grid)  # refuses a region that holds no pixel
            others = [roi for roi in camera.rois if roi.space != self._space]
            set_camera_keys(self._folder, {"rois": rois_document([*others, *drawn])})
        return f"Saved: {len(drawn)} {'region' if len(drawn) == 1 else 'regions'}."


def _inlined(background: Background, camera: Camera, space: Space) -> Picture:
    rgb = background.rgb
    if space == "rectified":
        native = replace(lens_at(camera.lens, background.native_wh), size_wh=background.native_wh)
        rgb = rectify_frame(rgb, lens_at(native, (rgb.shape[1], rgb.shape[0])))
    with TemporaryDirectory() as scratch:
        path = Path(scratch, "plate.png")
        cv2.imwrite(str(path), np.ascontiguousarray(rgb[:, :, ::-1]))
        picture = inline_png(path)
    if picture is None:
        raise ValueError("the background plate cannot be written as a picture")
    return picture


class _Server(ThreadingHTTPServer):
    """Browsers hold idle connections open: one thread each, or they would wait for each other."""

    def __init__(self, page: RoiPage, port: int) -> None:
        self.page = page
        super().__init__((HOST, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    """GET gives the page, POST saves; whatever lacks the token gets nothing."""

    server: _Server

    def do_GET(self) -> None:
        if not self._allowed() or self.path.count("/") != 2 or not self.path.endswith("/"):
            self._answer(404, "text/plain", b"not found\n")
            return
        try:
            self._answer(200, "text/html; charset=utf-8", self.server.page.html().encode())
        except ValueError as error:
            self._answer(500, "text/plain; charset=utf-8", f"{error}\n".encode())

    def do_POST(self) -> None:
        if not self._allowed() or not self.path.endswith("/rois"):
            self._answer(404, "text/plain", b"not found\n")
            return
        if self.headers.get("Content-Type") != "application/json":
            self._answer_json(415, error="expected application/json")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self._answer_json(413, error=f"expected at most {MAX_BODY_BYTES} bytes")
            return
        try:
            self._answer_json(200, saved=self.server.page.save(self.rfile.read(int(length))))
        except ValueError as error:
            self._answer_json(400, error=f"Not saved: {error}")

    def _allowed(self) -> bool:
        return self.server.page.knows(self.path, self.headers.get("Host", ""))

    def _answer_json(self, status: int, **told: str) -> None:
        self._answer(status, "application/json", json.dumps(told).encode())

    def _answer(self, status: int, media_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401
        """Nothing: the token would be in every line."""
