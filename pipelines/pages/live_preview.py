"""The page of a running camera with people hidden: pictures as MJPEG, on this machine alone.

Any other address needs a token, which is part of the page's address.
"""

from __future__ import annotations

import json
import logging
import secrets
import socket
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

from camera_analysis.privacy.live_frames import LivePicture, LiveStatus
from pipelines.pages.page_access import asks_this_machine, is_loopback, is_token

_BOUNDARY = "picture"
#: Addresses to listen at that nobody can ask for.
_EVERYWHERE = ("0.0.0.0", "::")
#: A viewer hears at least so often that the server is there; one that is gone is noticed then.
_WAIT_S = 1.0

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Live, people hidden</title>
<style>body{margin:0;font:18px/1.4 sans-serif;background:#222;color:#eee}
img{display:block;width:100%;max-height:85vh;object-fit:contain}p{margin:.5em 1em}</style>
<img id="live" alt="live picture, people hidden" src="stream__QUERY__">
<p id="status" role="status">waiting for the first picture</p>
<script nonce="__NONCE__">
const why = {learning: "learning the empty view; all is hidden", failed: "failed; see the log",
  no_frame: "no frame yet", doubtful: "mask not certain: all is hidden",
  overfull: "mask not certain: all is hidden", no_mask: "no mask: all is hidden"};
async function tell() {
  try {
    const s = await (await fetch("status__QUERY__")).json();
    const state = s.ended ? "ended" : s.hidden ? (why[s.hidden] || s.hidden + ": all is hidden")
      : "people hidden";
    document.getElementById("status").textContent = state + " \\u00b7 " +
      s.frames_per_s.toFixed(1) + " frames/s \\u00b7 latency " +
      (1000 * s.latency_s).toFixed(0) + " ms \\u00b7 " + s.dropped + " frames dropped";
  } catch (error) { document.getElementById("status").textContent = "no connection"; }
}
setInterval(tell, 1000); tell();
</script></html>
"""


#: What the page may load: itself and nothing else; what is not written here does not run.
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Live(Protocol):
    """Where pictures come from."""

    def next_picture(self, after: int, timeout_s: float) -> LivePicture | None:
        """The newest picture with a greater number, or None."""
        ...

    def status(self) -> LiveStatus:
        """How it keeps up."""
        ...


class LiveServer(ThreadingHTTPServer):
    """Serves the page, its pictures and its status.

    Args:
        live: where pictures come from.
        host: address to listen at.
        port: 0 takes a free one.
        token: needed by every request; None where only this machine can ask.

    Raises:
        ValueError: another machine could ask, and there is no token.
        OSError: the address cannot be had.
    """

    daemon_threads = True

    def __init__(self, live: Live, host: str, port: int, token: str | None) -> None:
        if token is None and not is_loopback(host):
            raise ValueError(f"{host} can be reached by other machines; it needs a token")
        self.live = live
        self.token = token
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    @property
    def page_address(self) -> str:
        """Address of the page, token included; this machine's name stands for all addresses."""
        host, port = self.server_address[0], self.server_address[1]
        name = socket.gethostname() if str(host) in _EVERYWHERE else str(host)
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{port}/{query_of(self.token)}"


def query_of(token: str | None) -> str:
    """The part of an address that holds the token."""
    return f"?token={quote(token, safe='')}" if token else ""


class _Handler(BaseHTTPRequestHandler):
    """One request of a viewer."""

    server: LiveServer
    server_version, sys_version = "live", ""
    timeout = 30  # a viewer that stops reading does not hold a thread for ever

    def do_GET(self) -> None:
        """Answer with the page, the stream, one picture or the status."""
        try:
            parts = urlsplit(self.path)
            allowed = self._may_ask(parts.query)
        except ValueError:  # no address, as "[" is none
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        if not allowed:
            self.send_error(HTTPStatus.FORBIDDEN, "the token is missing or wrong")
            return
        answers: dict[str, Callable[[], None]] = {
            "/": self._page,
            "/stream": self._stream,
            "/picture.jpg": self._picture,
            "/status": self._status,
        }
        answer = answers.get(parts.path)
        if answer is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            answer()
        except OSError:  # the viewer went away
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Requests hold the token; they are not written down."""

    def _may_ask(self, query: str) -> bool:
        if self.server.token is None:
            return asks_this_machine(self.headers.get("Host", ""))
        return is_token(parse_qs(query).get("token", [""])[0], self.server.token)

    def _page(self) -> None:
        nonce = secrets.token_urlsafe(12)
        page = _PAGE.replace("__QUERY__", query_of(self.server.token)).replace("__NONCE__", nonce)
        policy = {"Content-Security-Policy": _POLICY.format(nonce=nonce)}
        self._send(page.encode(), "text/html; charset=utf-8", policy)

    def _status(self) -> None:
        self._send(json.dumps(asdict(self.server.live.status())).encode(), "application/json")

    def _picture(self) -> None:
        picture = self.server.live.next_picture(0, _WAIT_S)
        if picture is None:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "no picture yet")
            return
        self._send(picture.jpeg, "image/jpeg")

    def _send(self, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self._head(kind, {"Content-Length": str(len(body)), **(more or {})})
        self.wfile.write(body)

    def _head(self, kind: str, more: dict[str, str]) -> None:
        self.send_response(HTTPStatus.OK)
        shared = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        for name, value in {"Content-Type": kind, **shared, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self) -> None:
        """Each picture as a part; a slow viewer skips those that came meanwhile."""
        self._head(f"multipart/x-mixed-replace; boundary={_BOUNDARY}", {"Connection": "close"})
        self.close_connection = True
        last = 0
        while True:
            picture = self.server.live.next_picture(last, _WAIT_S)
            if picture is None:
                if self.server.live.status().ended:
                    return
                continue
            last = picture.number
            head = (
                f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                f"Content-Length: {len(picture.jpeg)}\r\n\r\n"
            )
            self.wfile.write(head.encode() + picture.jpeg + b"\r\n")


def serve(server: LiveServer) -> None:
    """Answer until it is interrupted."""
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        logging.getLogger(__name__).info("stopped")
    finally:
        server.server_close()
