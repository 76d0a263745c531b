"""Drafts: the local scratch area where versions are written, and what a draft may hold."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.storage.errors import InvalidNameError, RefusedDraftError
from pipelines.storage.versions import FileEntry, require_file_name

#: Scratch that nobody holds is swept once it is older; slow writers on other hosts keep theirs.
SCRATCH_AGE = timedelta(days=1)
_LOCK = ".lock"
_REMOVED = "removed-"  # versions on their way out


def draft_names(folder: Path) -> tuple[str, ...]:
    """Relative POSIX names of all files in a draft, sorted.

    Empty folders hold nothing and do not count.

    Raises:
        RefusedDraftError: No such folder, no files, a symbolic link, a device or pipe, or a name
            that cannot be stored.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise RefusedDraftError(f"draft {folder}: a folder was expected; write the files first")
    names = sorted(_walk(folder, ""))
    if not names:
        raise RefusedDraftError(f"draft {folder}: holds no files; a version needs at least one")
    return tuple(names)


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_symlink():
                raise RefusedDraftError(f"draft file {name!r}: a symbolic link; copy its target")
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), name + "/")
                continue
            if not entry.is_file(follow_symlinks=False):
                raise RefusedDraftError(f"draft file {name!r}: neither a file nor a folder")
            try:
                yield require_file_name(name)
            except InvalidNameError as error:
                raise RefusedDraftError(f"draft {error}") from error


def manifest(folder: Path, names: tuple[str, ...]) -> tuple[FileEntry, ...]:
    """Hash every named file in pieces; memory does not grow with file size."""
    return tuple(_entry(folder, name) for name in names)


def _entry(folder: Path, name: str) -> FileEntry:
    descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return FileEntry(name, sha256, os.fstat(file.fileno()).st_size)


class Scratch:
    """A local folder for what is not a version yet, or no longer.

    A living writer holds a lock beside its draft; the lock goes when the process dies, so a sweep
    can tell a slow writer from a dead one.

    Args:
        folder: Made on first use.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_path(self, hint: str) -> Path:
        """A path in scratch that nobody else uses; nothing lies there yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{hint}-{os.getpid()}-{secrets.token_hex(6)}"

    def removed_path(self) -> Path:
        """Where to rename a version to that is to be deleted."""
        return self.new_path(_REMOVED.rstrip("-"))

    @contextmanager
    def draft(self, hint: str) -> Iterator[Path]:
        """An empty folder, removed afterwards unless it was sealed (moved) meanwhile."""
        folder = self.new_path(hint)
        lock = FileLock(f"{folder}{_LOCK}", thread_local=False)  # may be released elsewhere
        with lock:
            folder.mkdir()
            try:
                yield folder
            finally:
                # What cannot be removed now is swept later; the writer's own error matters more.
                shutil.rmtree(folder, ignore_errors=True)
                Path(lock.lock_file).unlink(missing_ok=True)

    def owns(self, folder: Path) -> bool:
        """Whether ``folder`` is a draft of this scratch area, so that renaming it is a move."""
        return folder.absolute().parent == self.folder.absolute()

    def sweep(self, now: datetime) -> None:
        """Delete removed versions, and what dead writers left more than a day before ``now``."""
        if not self.folder.is_dir():
            return
        for stem in sorted({one.name.removesuffix(_LOCK) for one in self.folder.iterdir()}):
            path, lock = self.folder / stem, self.folder / f"{stem}{_LOCK}"
            if stem.startswith(_REMOVED):
                shutil.rmtree(path, ignore_errors=True)  # another sweep may be at it too
            elif now - max(_newest(path), _newest(lock)) > SCRATCH_AGE:
                _sweep_dead(path, lock)


def _sweep_dead(path: Path, lock: Path) -> None:
    if not lock.exists():
        _delete(path)
        return
    try:
        with FileLock(lock, timeout=0):
            _delete(path)
            lock.unlink(missing_ok=True)
    except Timeout:
        return  # its writer lives


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _newest(path: Path) -> datetime:
    """Newest modification in a tree; the start of time where there is nothing."""
    newest = 0.0
    for one in (path, *path.rglob("*")):
        try:
            newest = max(newest, one.lstat().st_mtime)
        except FileNotFoundError:
            continue  # its writer removed it meanwhile
    return datetime.fromtimestamp(newest, UTC)
