"""A web server on this machine that misbehaves as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server does; tests change it between and during requests.

    ``answers`` are statuses given first, one a request, before the file is served.
    """

    body: bytes
    etag: str = '"one"'
    last_modified: str = ""
    answers: list[int] = field(default_factory=list)
    break_after: list[int] = field(default_factory=list)  # bytes sent of each next answer
    stated_length: int | None = None  # Content-Length, where it is a lie
    takes_ranges: bool = True
    obeys_if_range: bool = True
    redirect_to: str = ""
    before: Callable[[Site], None] = lambda site: None  # called with each request
    requests: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def site(self) -> Site:
        return self.server.site

    def log_message(self, *words: object) -> None:
        pass

    def do_GET(self) -> None:
        self.site.requests.append({name.lower(): value for name, value in self.headers.items()})
        self.site.before(self.site)
        self.close_connection = True
        if self.site.redirect_to:
            self.answer(302, b"", {"Location": self.site.redirect_to})
        elif self.site.answers:
            self.answer(self.site.answers.pop(0), b"no", {})
        else:
            self.serve_file()

    def serve_file(self) -> None:
        start = self.start()
        headers = {"ETag": self.site.etag, "Last-Modified": self.site.last_modified}
        if start is None:
            self.answer(200, self.site.body, headers)
        elif start >= len(self.site.body):
            self.answer(416, b"", {"Content-Range": f"bytes */{len(self.site.body)}"})
        else:
            last = len(self.site.body) - 1
            place = {"Content-Range": f"bytes {start}-{last}/{len(self.site.body)}"}
            self.answer(206, self.site.body[start:], headers | place)

    def start(self) -> int | None:
        asked = self.headers.get("Range")
        if not asked or not self.site.takes_ranges:
            return None
        current = (self.site.etag, self.site.last_modified)
        if self.site.obeys_if_range and self.headers.get("If-Range") not in current:
            return None
        return int(asked.removeprefix("bytes=").rstrip("-"))

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        length = len(body) if self.site.stated_length is None else self.site.stated_length
        self.send_header("Content-Length", str(length))
        self.end_headers()
        sent = (
            self.site.break_after.pop(0) if self.site.break_after and status in (200, 206) else None
        )
        self.wfile.write(body[:sent])


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """The site under ``site.url`` while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.site = site
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}/archive.zip"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
