"""Archives of unknown origin to files: nothing outside the folder, nothing endless, no links."""

from __future__ import annotations

import functools
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

_CHUNK_BYTES = 1 << 20
#: An archive of photographs unpacks to its own size, one of JSON or masks to ten times it.
MAX_RATIO = 50
_SMALL_BYTES = 100_000_000  # an archive may always unpack to this much
#: What the Finder adds to archives.
_LITTER = ("__MACOSX", ".DS_Store")
_LINK_MODE = 0o120000
_FILE_TYPE = 0o170000

Progress = Callable[[int, int | None], None]  # bytes unpacked, bytes in all if known


class UnsafeArchiveError(ValueError):
    """An archive that is damaged or reaches outside its folder; names the member."""


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """What came of an archive: files written, and those that lay there already."""

    written: int
    kept: int


@dataclass(frozen=True, kw_only=True)
class _Member:
    """A regular file in an archive."""

    name: str
    size_bytes: int
    open: Callable[[], IO[bytes]]


def extract(archive: Path, folder: Path, *, progress: Progress | None = None) -> Unpacked:
    """Unpack a zip or tar archive below a folder; whole files that lie there already are kept.

    Every file is written aside and renamed when it is whole, so that an extraction that was cut
    off goes on where it stood.

    Args:
        archive: .zip, .tar, .tgz or .tar.gz.
        folder: where its members go; made if need be.
        progress: called with bytes unpacked and bytes in all.

    Raises:
        UnsafeArchiveError: a member leaves the folder, is a link or a device, or the archive is
            damaged, encrypted or unpacks to more than ``MAX_RATIO`` times its size.
        OSError: the disk has no room for what does not lie there yet. Of a zip and a plain tar that
            is known before the first file, of a compressed tar before each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    most = max(MAX_RATIO * archive.stat().st_size, _SMALL_BYTES)
    opened = _zip_members if zipfile.is_zipfile(archive) else _tar_members
    written = kept = done = 0
    try:
        with opened(archive, folder) as (total, members):
            for member in members:
                done += member.size_bytes
                if done > most:
                    raise UnsafeArchiveError(
                        f"{archive}: unpacks to more than {most:,} bytes at {member.name!r}, more"
                        f" than {MAX_RATIO} times its size; it is no archive of images"
                    )
                target = _target(archive, folder, member.name)
                if _lies_there(member, target):
                    kept += 1
                else:
                    if total is None:
                        _require_room(folder, member.size_bytes)
                    _write(member, target)
                    written += 1
                if progress:
                    progress(done, total)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError) as error:
        raise UnsafeArchiveError(
            f"{archive}: damaged ({error}); remove it and download it again"
        ) from error
    return Unpacked(written=written, kept=kept)


@contextmanager
def _zip_members(archive: Path, folder: Path) -> Iterator[tuple[int | None, Iterator[_Member]]]:
    with zipfile.ZipFile(archive) as file:
        entries = [info for info in file.infolist() if not info.is_dir() and not _litter(info)]
        members = [_zip_member(archive, file, info) for info in entries]
        yield _require_room_for(members, archive, folder), iter(members)


def _zip_member(archive: Path, file: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    if info.external_attr >> 16 & _FILE_TYPE == _LINK_MODE:
        raise UnsafeArchiveError(f"{archive}: {info.filename!r} is a link")
    if info.flag_bits & 1:
        raise UnsafeArchiveError(f"{archive}: {info.filename!r} is encrypted")
    return _Member(name=info.filename, size_bytes=info.file_size, open=lambda: file.open(info))


def _litter(info: zipfile.ZipInfo) -> bool:
    return any(part in _LITTER for part in info.filename.split("/"))


@contextmanager
def _tar_members(archive: Path, folder: Path) -> Iterator[tuple[int | None, Iterator[_Member]]]:
    plain = _is_plain_tar(archive)
    with tarfile.open(archive, "r:*") as file:
        if plain:  # its heads are read without the rest
            members = list(_tar_files(archive, file))
            yield _require_room_for(members, archive, folder), iter(members)
        else:
            yield None, _tar_files(archive, file)


def _is_plain_tar(archive: Path) -> bool:
    try:
        tarfile.open(archive, "r:").close()
    except tarfile.ReadError:
        return False
    return True


def _tar_files(archive: Path, file: tarfile.TarFile) -> Iterator[_Member]:
    for info in file:
        if info.isdir():
            continue
        if not info.isfile():
            raise UnsafeArchiveError(f"{archive}: {info.name!r} is a link or a device")
        yield _Member(
            name=info.name, size_bytes=info.size, open=functools.partial(_opened, file, info)
        )


def _opened(file: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    found = file.extractfile(info)
    if found is None:
        raise tarfile.TarError(f"{info.name!r} holds no file")
    return found


def _target(archive: Path, folder: Path, name: str) -> Path:
    """Where a member goes; never outside the folder, also not through a link that lies there."""
    path = PurePosixPath(name)
    parts = [part for part in path.parts if part != "."]
    wrong = path.is_absolute() or ".." in parts or not parts or "\\" in name or ":" in parts[0]
    target = folder.joinpath(*parts)
    if wrong or not target.resolve().is_relative_to(folder.resolve()):
        raise UnsafeArchiveError(
            f"{archive}: {name!r} would be written outside {folder}; nothing more is unpacked"
        )
    return target


def _lies_there(member: _Member, target: Path) -> bool:
    return target.is_file() and target.stat().st_size == member.size_bytes


def _write(member: _Member, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(target.name + ".part")
    try:
        with member.open() as source, aside.open("wb") as file:
            shutil.copyfileobj(source, file, _CHUNK_BYTES)
        if aside.stat().st_size != member.size_bytes:
            raise UnsafeArchiveError(
                f"{member.name!r} unpacks to {aside.stat().st_size:,} bytes, its head says"
                f" {member.size_bytes:,}; download the archive again"
            )
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _require_room_for(members: Sequence[_Member], archive: Path, folder: Path) -> int:
    """Refuse to start what cannot be finished; bytes of all members, also of kept ones."""
    targets = [_target(archive, folder, member.name) for member in members]
    wanted_bytes = sum(
        member.size_bytes
        for member, target in zip(members, targets, strict=True)
        if not _lies_there(member, target)
    )
    _require_room(folder, wanted_bytes)
    return sum(member.size_bytes for member in members)


def _require_room(folder: Path, wanted_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted_bytes:
        raise OSError(
            f"{folder}: {free / 1e6:,.1f} MB are free, {wanted_bytes / 1e6:,.1f} MB are still to be"
            " unpacked; free some space or choose another folder"
        )
