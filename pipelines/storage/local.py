"""The store on a local or network file system: write aside, fsync, rename."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from pipelines.storage.drafts import Scratch, draft_names
from pipelines.storage.errors import as_unavailable
from pipelines.storage.versions import POINTER, PROVENANCE, REJECTED, Record, is_digest, is_segment

#: Scratch lies within the root: a rename is atomic only within one file system.
_SCRATCH = ".scratch"
_LOCK = ".lock"


class LocalFiles:
    """Versions as folders below a root. Keys are POSIX paths relative to it.

    Args:
        root: Made on the first write; reading never writes.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self.scratch = Scratch(self._root / _SCRATCH)

    def url(self, key: str) -> str:
        """Absolute path of a key."""
        return str(self._root / key)

    def available(self, doing: str) -> AbstractContextManager[None]:
        """Failures within become ``StoreUnavailableError``."""
        return as_unavailable(f"{doing} in {self._root}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time decides what exists and what is current; readers never wait."""
        self._root.mkdir(parents=True, exist_ok=True)
        with FileLock(self._root / _LOCK):
            yield

    def read(self, key: str) -> bytes | None:
        """Content of a small file; None where there is none."""
        try:
            return (self._root / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_many(self, keys: Iterable[str]) -> Mapping[str, bytes | None]:
        """Like ``read``, for many."""
        return {key: self.read(key) for key in keys}

    def put(self, key: str, data: bytes) -> None:
        """Write a small file: afterwards it is wholly new, on failure wholly old."""
        target = self._root / key
        aside = self.scratch.new_path("put")
        try:
            _write_durably(aside, data)
            _make_folders(target.parent)
            aside.replace(target)
            _fsync(target.parent)
        finally:
            aside.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Delete a small file, if it is there."""
        (self._root / key).unlink(missing_ok=True)

    def sizes(self, folder: str) -> dict[str, int]:
        """Relative name -> bytes of every file in a folder, the provenance too."""
        top = self._root / folder
        found = {}
        for path, _, names in os.walk(top):
            for name in names:
                one = Path(path) / name
                found[one.relative_to(top).as_posix()] = one.lstat().st_size
        return found

    @contextmanager
    def adopted(self, draft: Path) -> Iterator[Path]:
        """The draft where a rename can move it: itself in scratch, else a copy there."""
        if self.scratch.owns(draft):
            yield draft
            return
        with self.scratch.draft("copy") as copy:
            for name in draft_names(draft):
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(draft / name, copy / name, follow_symlinks=False)
            yield copy

    def flush(self, draft: Path, record: Record) -> None:
        """Bring an adopted draft's files safely to disk, before it is installed."""
        folders = {draft}
        for entry in record.files:
            _fsync(draft / entry.name)
            folders |= {draft / parent for parent in Path(entry.name).parents}
        for folder in sorted(folders):
            _fsync(folder)

    def install(self, draft: Path, folder: str, record: Record) -> None:
        """Move a flushed draft to its place; until the rename there is no version, then all of it.

        Whatever incomplete thing lies at that place is moved out of the way.
        """
        self.remove(folder)
        target = self._root / folder
        provenance = draft / PROVENANCE
        try:
            _write_durably(provenance, record.to_json())
            _fsync(draft)
            _make_folders(target.parent)
            draft.rename(target)
        except OSError:
            provenance.unlink(missing_ok=True)  # the draft is as it was: it can be sealed again
            raise
        _fsync(target.parent)

    def move(self, source: str, target: str) -> None:
        """Rename a version's folder; one that lies at the target is removed."""
        self.remove(target)
        _make_folders((self._root / target).parent)
        (self._root / source).rename(self._root / target)
        _fsync((self._root / target).parent)
        _fsync((self._root / source).parent)

    def remove(self, folder: str) -> None:
        """Make a version absent in one step; ``sweep`` frees its space."""
        try:
            (self._root / folder).rename(self.scratch.removed_path())
        except FileNotFoundError:
            return
        _fsync((self._root / folder).parent)

    def fetch(self, folder: str, record: Record) -> Path:
        """Local folder with a version's files: where they lie."""
        return self._root / folder

    def assets(self) -> tuple[str, ...]:
        """Names at the top of the store."""
        return tuple(sorted(name for name in _listed(self._root)[0] if is_segment(name)))

    def landmarks(self, folder: str) -> Iterator[str]:
        """Keys below a folder that tell which versions there are; never looks into a version."""
        folders, files = _listed(self._root / folder)
        for name in sorted(folders):
            below = f"{folder}/{name}"
            if not is_digest(name):
                yield from self.landmarks(below)
            elif (self._root / below / PROVENANCE).is_file():
                yield f"{below}/{PROVENANCE}"
        rejected = folder.endswith(f"/{REJECTED}")
        for name in sorted(files):
            if name == POINTER or (rejected and name.endswith(".json")):
                yield f"{folder}/{name}"

    def pointers(self, folder: str) -> Iterator[str]:
        """Keys of the pointers below a folder; a partition with one holds no other partition.

        The pointer is asked for by name, so that no partition's folder needs to be listed.
        """
        key = f"{folder}/{POINTER}"
        if os.path.exists(f"{self._root}/{key}"):  # noqa: PTH110  no Path for each of 100,000
            yield key
            return
        for name in sorted(_listed(self._root / folder)[0]):
            if name != REJECTED and not is_digest(name):
                yield from self.pointers(f"{folder}/{name}")

    def sweep(self, now: datetime) -> None:
        """Free the space of removed versions and of what dead writers left."""
        self.scratch.sweep(now)

    def keep_only(self, folders: frozenset[str]) -> None:
        """Nothing is cached, so nothing to drop."""


def _listed(path: Path) -> tuple[list[str], list[str]]:
    """Names of folders and of other entries, from one listing; those with a dot are left out."""
    folders: list[str] = []
    files: list[str] = []
    if path.is_dir():
        with os.scandir(path) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    (folders if entry.is_dir() else files).append(entry.name)
    return folders, files


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folders(path: Path) -> None:
    """Make a folder and its parents, each entry safely on disk."""
    if path.is_dir():
        return
    _make_folders(path.parent)
    path.mkdir(exist_ok=True)
    _fsync(path.parent)
