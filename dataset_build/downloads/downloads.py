"""One file from a web server to disk: resumed where it broke off, and verified.

Bytes gather in ``<name>.part``; ``<name>.part.json`` remembers which file of the server they belong
to. A file gets its name only after its length and its checksum are right.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import ssl
import time
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from dataset_build.downloads.remote_file import (
    DownloadError,
    RemoteFile,
    RetryLater,
    continues,
    identify,
    is_whole,
    open_url,
    require_http,
)

_CHUNK_BYTES = 1 << 20
#: Attempts in a row that bring not one byte, before the download gives up.
ATTEMPTS = 6
_TIMEOUT_S = 60.0  # of a server that says nothing
_LONGEST_WAIT_S = 60.0

_log = logging.getLogger(__name__)
_NETWORK_FAULTS = (
    HTTPException,
    urllib.error.URLError,
    ssl.SSLError,
    ConnectionError,
    TimeoutError,
)

Progress = Callable[[int, int | None], None]  # bytes there, bytes in all if known


@dataclass(frozen=True, kw_only=True)
class Downloaded:
    """A file on disk.

    Args:
        verified_by: ``md5`` where a published checksum was met, ``recorded sha256`` where the one
            beside the file was, ``length`` where only its length could be checked, ``nothing``
            where it lay there already and there was nothing to hold it to.
        fetched: False where the file lay there already.
    """

    path: Path
    size_bytes: int
    sha256: str
    verified_by: str
    fetched: bool


def download(
    url: str,
    path: Path,
    *,
    size_bytes: int | None = None,
    md5: str = "",
    progress: Progress | None = None,
    attempts: int = ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
) -> Downloaded:
    """Fetch a file, going on with what an earlier attempt left; a whole file is only verified.

    Beside the file its sha256 is written, in the form that ``sha256sum -c`` reads, for later
    runs to hold it to; also beside one that lay there already.

    Args:
        url: http or https address.
        path: where it goes; its folder is made.
        size_bytes: published size; None if there is none.
        md5: published checksum; "" if there is none.
        progress: called with bytes there and bytes in all.
        attempts: tries in a row without a new byte, before giving up.
        sleep: waits so many seconds between tries.

    Raises:
        DownloadError: the server refuses, breaks off again and again, has another file than the
            published one, or the disk is full.
    """
    require_http(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    fetched = not path.exists()
    if fetched:
        fetch = _Fetch(
            url=url, path=path, size_bytes=size_bytes, has_md5=bool(md5), progress=progress
        )
        fetch.run(attempts, sleep)
    there = path if not fetched else _part(path)
    verified_by, sha256 = _verify(there, path, url, size_bytes=size_bytes, md5=md5)
    if fetched:
        _keep(path, sha256)
    elif not _recorded(path):
        _record(path, sha256)
    return Downloaded(
        path=path, size_bytes=_size(path), sha256=sha256, verified_by=verified_by, fetched=fetched
    )


@dataclass(frozen=True, kw_only=True)
class _Fetch:
    """The way to a whole ``.part`` file."""

    url: str
    path: Path
    size_bytes: int | None
    has_md5: bool
    progress: Progress | None

    def run(self, attempts: int, sleep: Callable[[float], None]) -> None:
        """Try until the file is whole; give up after ``attempts`` tries without a new byte."""
        # A server without ranges starts anew each time: bytes that were there before are not new.
        idle, largest = 0, _size(_part(self.path))
        while True:
            try:
                if self._attempt():
                    return
                reason, wait_s = self._broke_off(), 0.0
            except RetryLater as later:
                reason, wait_s = str(later), later.wait_s
            except _NETWORK_FAULTS as error:
                reason, wait_s = f"{type(error).__name__}: {error}", 0.0
            there = _size(_part(self.path))
            idle, largest = (0, there) if there > largest else (idle + 1, largest)
            if idle >= attempts:
                raise DownloadError(
                    f"{self.url}: {reason}, {attempts} times in a row. What is there lies in"
                    f" {_part(self.path)}; run the same command again to go on."
                )
            wait_s = min(max(wait_s, 2.0**idle), _LONGEST_WAIT_S)
            _log.warning("%s: %s; trying again in %.0f s", self.url, reason, wait_s)
            sleep(wait_s)

    def _attempt(self) -> bool:
        """One request; True when the file is whole."""
        known = _remembered(self.path, self.url)
        there = _size(_part(self.path)) if known and known.validator else 0
        if known and known.length is not None and there == known.length:
            return True
        with open_url(self.url, there, known, _TIMEOUT_S) as response:
            remote = identify(response, self.url)
            self._require_size(remote)
            if is_whole(response):
                _remember(self.path, remote)
                return self._receive(response, 0, remote.length)
            if continues(response, there, known, remote):
                return self._receive(response, there, remote.length)
        _forget(self.path)
        raise RetryLater("the server sends the end of another file than the one begun with")

    def _require_size(self, remote: RemoteFile) -> None:
        if remote.length is None and self.size_bytes is None and not self.has_md5:
            raise DownloadError(
                f"{self.url}: the server does not say how long its file is, and no checksum is"
                " published: a broken download could not be told from a whole one. Download it"
                f" by hand to {self.path}."
            )
        if None in (self.size_bytes, remote.length) or self.size_bytes == remote.length:
            return
        raise DownloadError(
            f"{self.url}: the server's file has {remote.length:,} bytes, the published one"
            f" {self.size_bytes:,}; it has changed, or a page stands in its place. Open the"
            " address in a browser."
        )

    def _receive(self, response: HTTPResponse, start: int, length: int | None) -> bool:
        there = start
        with _part(self.path).open("r+b" if start else "wb") as file:
            file.truncate(start)
            file.seek(start)
            self._report(there, length)
            try:
                while chunk := response.read(_CHUNK_BYTES):
                    file.write(chunk)
                    there += len(chunk)
                    self._report(there, length)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                raise DownloadError(
                    f"{self.path.parent}: the disk is full after {there:,} bytes of"
                    f" {self.path.name}; free some space and run the same command again."
                ) from error
        return there == length if length is not None else True

    def _report(self, there: int, length: int | None) -> None:
        if self.progress:
            self.progress(there, length)

    def _broke_off(self) -> str:
        known = _remembered(self.path, self.url)
        length = f"{known.length:,}" if known and known.length else "unknown"
        return f"broke off after {_size(_part(self.path)):,} of {length} bytes"


def _verify(
    there: Path, path: Path, url: str, *, size_bytes: int | None, md5: str
) -> tuple[str, str]:
    """How the file was verified, and its sha256; a wrong fresh file is removed."""
    found_md5, sha256 = _digests(there)
    recorded = _recorded(path) if there == path else ""
    wrong = ""
    if size_bytes is not None and _size(there) != size_bytes:
        wrong = f"has {_size(there):,} bytes, the published file {size_bytes:,}"
    elif md5 and found_md5 != md5:
        wrong = f"has the md5 {found_md5}, the published file {md5}"
    elif recorded and recorded != sha256:
        wrong = f"has the sha256 {sha256}, the recorded one is {recorded}"
    if not wrong:
        rest = "length" if there != path or size_bytes is not None else "nothing"
        return "md5" if md5 else "recorded sha256" if recorded else rest, sha256
    if there == path:
        raise DownloadError(f"{path} {wrong}. Remove it and run the same command again.")
    _forget(path)
    raise DownloadError(
        f"{url}: what came {wrong}. It was removed; run the same command again, and if it comes"
        " again, the server's file is damaged or replaced."
    )


def _digests(path: Path) -> tuple[str, str]:
    """md5 and sha256 of a file, in one reading."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            md5.update(chunk)
            sha256.update(chunk)
    return md5.hexdigest(), sha256.hexdigest()


def _keep(path: Path, sha256: str) -> None:
    """Give a verified file its name, and its checksum beside it."""
    with _part(path).open("rb+") as file:
        os.fsync(file.fileno())
    _record(path, sha256)
    _part(path).replace(path)
    _note(path).unlink(missing_ok=True)


def _record(path: Path, sha256: str) -> None:
    _checksum_file(path).write_text(f"{sha256}  {path.name}\n", encoding="utf-8")


def _recorded(path: Path) -> str:
    try:
        return _checksum_file(path).read_text(encoding="utf-8").split()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        return ""


def _remember(path: Path, remote: RemoteFile) -> None:
    _note(path).write_text(json.dumps(remote.as_json()), encoding="utf-8")


def _remembered(path: Path, url: str) -> RemoteFile | None:
    """Which file of the server the part belongs to; None where that cannot be told."""
    try:
        found = RemoteFile.from_json(json.loads(_note(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, LookupError):
        return None
    return found if found.url == url else None


def _forget(path: Path) -> None:
    for file in (_part(path), _note(path)):
        file.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".part.json")


def _checksum_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")
