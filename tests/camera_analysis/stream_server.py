"""A camera on this machine: HTTP streams that break off where they are told to."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

USER, PASSWORD = "viewer", "s3cret-of-the-camera"
BOUNDARY = "frame"


@dataclass
class Broadcast:
    """One answer for each connection; None refuses it. The last one is given ever after."""

    answers: list[bytes | None]
    content_type: str = "video/mp2t"
    needs_password: bool = False
    requests: list[str] = field(default_factory=list)


def mjpeg(frames: list[np.ndarray]) -> bytes:
    """A multipart answer of JPEG images."""
    parts = []
    for frame in frames:
        jpeg = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        parts.append(head.encode() + jpeg + b"\r\n")
    return b"".join(parts)


@contextmanager
def served(broadcast: Broadcast) -> Iterator[str]:
    """Serve it; yields ``host:port``."""

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = len(broadcast.requests)
            wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if broadcast.needs_password and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                return
            broadcast.requests.append(self.path)
            answer = broadcast.answers[min(number, len(broadcast.answers) - 1)]
            if answer is None:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", broadcast.content_type)
            self.end_headers()
            self.wfile.write(answer)  # and then the connection ends, wherever that is

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
