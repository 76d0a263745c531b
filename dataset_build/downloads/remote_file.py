"""A file on a web server: asked for from any byte on, and recognised when it has changed."""

from __future__ import annotations

import dataclasses
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

_PARTIAL = 206
_RANGE_NOT_SATISFIABLE = 416
#: Answers that may be others in a minute.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d*/(\d+|\*)")
_AGENT = "learned-normal"


class RetryLater(Exception):
    """The server asks for patience.

    Args:
        wait_s: how long it asks for; 0 where it does not say.
    """

    def __init__(self, words: str, wait_s: float = 0.0) -> None:
        super().__init__(words)
        self.wait_s = wait_s


class DownloadError(OSError):
    """A file could not be had, or is not the one that was published; says what to do."""


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """What a server said about a file.

    Args:
        validator: strong entity tag or date of change, by which a part can be continued; "" where
            the server names neither.
        length: of the whole file in bytes; None where it does not say.
    """

    url: str
    validator: str
    length: int | None

    def as_json(self) -> dict[str, Any]:
        """Plain values, as kept beside a part."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RemoteFile:
        """The opposite of ``as_json``.

        Raises:
            TypeError: other keys, or values of other types.
        """
        found = cls(**values)
        if not isinstance(found.validator, str) or not isinstance(found.length, int | None):
            raise TypeError(f"not a remote file: {values}")
        return found


def require_http(url: str) -> None:
    """Refuse addresses that do not lead to a web server.

    Raises:
        ValueError: names the address.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url!r}: expected an http:// or https:// address")


def open_url(url: str, start: int, known: RemoteFile | None, timeout_s: float) -> HTTPResponse:
    """Ask for a file from byte ``start`` on, if it is still the known one.

    Raises:
        RetryLater: the server asks for patience.
        DownloadError: the server says no.
        urllib.error.URLError: the server cannot be reached.
    """
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT})
    if start and known:
        request.add_header("Range", f"bytes={start}-")
        request.add_header("If-Range", known.validator)
    try:
        response: HTTPResponse = _opener().open(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE and start:
            return open_url(url, 0, None, timeout_s)
        words = f"the server answers {error.code} {error.reason}"
        if error.code in _PASSING:
            raise RetryLater(words, _wait_s(error.headers.get("Retry-After", ""))) from error
        raise DownloadError(
            f"{url}: {words}; the file may have moved: see docs/sources.md for its home page"
        ) from error
    return response


def identify(response: HTTPResponse, url: str) -> RemoteFile:
    """Which file an answer belongs to; ``url`` is what was asked for, before any redirection."""
    tag = response.headers.get("ETag", "")
    strong = "" if tag.startswith("W/") else tag
    return RemoteFile(
        url=url,
        validator=strong or response.headers.get("Last-Modified", ""),
        length=_length(response),
    )


def continues(
    response: HTTPResponse, start: int, known: RemoteFile | None, remote: RemoteFile
) -> bool:
    """Whether an answer to a request for bytes from ``start`` on goes on with the known file.

    A server that ignores the range sends the whole file; one that ignores ``If-Range`` may send
    the end of another file.
    """
    if response.status != _PARTIAL or known is None or remote.length != known.length:
        return False
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    same = remote.validator in ("", known.validator)
    return found is not None and int(found[1]) == start and same


def is_whole(response: HTTPResponse) -> bool:
    """Whether an answer holds the file from its first byte on."""
    return response.status != _PARTIAL


def _length(response: HTTPResponse) -> int | None:
    """Length of the whole file, also where the answer holds a part of it."""
    if response.status == _PARTIAL:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        return int(found[2]) if found and found[2] != "*" else None
    stated = response.headers.get("Content-Length", "")
    return int(stated) if stated.isdigit() else None


def _wait_s(stated: str) -> float:
    return float(stated) if stated.isdigit() else 0.0


def _opener() -> urllib.request.OpenerDirector:
    """Web servers and proxies only: no redirection leads to a file or an FTP server."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
