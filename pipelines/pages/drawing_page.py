"""A page to draw on in the browser: served on this machine alone, to whoever has its token."""

from __future__ import annotations

import json
import webbrowser
from abc import ABC, abstractmethod
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

import click
import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.reports.html_page import Picture, png_picture
from pipelines.pages.page_access import is_token, new_token

HOST = "127.0.0.1"
#: A hundred regions of a hundred corners are far less.
MAX_BODY_BYTES = 1_000_000
#: Longer numbers are not read: beyond some length Python refuses to.
_MOST_DIGITS = 12


class DrawingPage(ABC):
    """A page with a background; its address holds a token that nobody can guess.

    Args:
        port: on this machine; 0 takes any that is free.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, *, port: int = 0) -> None:
        self._token = new_token()
        self.saving = Lock()
        self._server = _Server(self, port)
        self.port = int(self._server.server_address[1])
        self.url = f"http://{HOST}:{self.port}/{self._token}/"

    @abstractmethod
    def html(self) -> str:
        """The page as things are now.

        Raises:
            ValueError: they are such that nothing can be drawn.
        """

    @abstractmethod
    def save(self, drawn: object) -> str:
        """Keep what was drawn, as the page sends it; says what was kept.

        Raises:
            ValueError: it cannot be used; everything is as it was.
        """

    def serve(self) -> None:
        """Answer until Ctrl-C or :meth:`close`."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            pass
        finally:
            self._server.server_close()

    def show(self, *, open_page: bool = True) -> None:
        """Open the page where there is a browser, and answer until Ctrl-C."""
        if open_page:
            with suppress(webbrowser.Error):
                webbrowser.get().open(self.url)
        click.echo("Ctrl-C ends it")
        self.serve()

    def close(self) -> None:
        """End :meth:`serve`, from another thread."""
        self._server.shutdown()

    def knows(self, path: str, host: str) -> bool:
        """Whether a request has the token and was sent to this page by its own name and port.

        The name is looked at so that no other site, renamed to this address, can read the page.
        """
        token = path.split("/")[1] if path.count("/") >= 2 else ""
        own = {f"{HOST}:{self.port}", f"localhost:{self.port}"}
        return is_token(token, self._token) and host in own


def inlined(rgb: npt.NDArray[np.uint8]) -> Picture:
    """(H, W, 3) uint8 as a picture that stands in the page itself; no file holds it meanwhile."""
    written, png = cv2.imencode(".png", np.ascontiguousarray(rgb[:, :, ::-1]))
    picture = png_picture(png.tobytes()) if written else None
    if picture is None:
        raise ValueError("the background cannot be written as a picture")
    return picture


class _Server(ThreadingHTTPServer):
    """Browsers hold idle connections open: one thread each, or they would wait for each other."""

    def __init__(self, page: DrawingPage, port: int) -> None:
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
        if not self._allowed() or not self.path.endswith("/drawn"):
            self._answer(404, "text/plain", b"not found\n")
            return
        if self.headers.get("Content-Type") != "application/json":
            self._answer_json(415, error="expected application/json")
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self._answer_json(400, error="expected Content-Length, a number")
            return
        if len(length) > _MOST_DIGITS or int(length) > MAX_BODY_BYTES:
            self._answer_json(413, error=f"expected at most {MAX_BODY_BYTES} bytes")
            return
        try:
            self._answer_json(200, saved=self._saved(self.rfile.read(int(length))))
        except ValueError as error:
            self._answer_json(400, error=f"Not saved: {error}")

    def _saved(self, body: bytes) -> str:
        try:
            document = json.loads(body)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if not isinstance(document, dict) or set(document) != {"drawn"}:
            raise ValueError("expected {drawn: [...]}")
        with self.server.page.saving:
            return self.server.page.save(document["drawn"])

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
