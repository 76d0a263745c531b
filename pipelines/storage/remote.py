"""The store on an object store: one put per object, provenance last, pointer last.

Objects appear whole or not at all, so a version exists once its provenance does, and stops to
exist with it. Large files go up in parts that become an object only when complete; parts of a
killed upload stay invisible, and a lifecycle rule of the bucket should abort them.

There is no lock: publishing is one put (the last one wins), but run ``prune`` from one place.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.storage.drafts import SCRATCH_AGE, Scratch, draft_names, manifest
from pipelines.storage.errors import CorruptVersionError, as_unavailable
from pipelines.storage.local import LocalFiles
from pipelines.storage.versions import POINTER, PROVENANCE, Record, is_digest, is_segment

_S3 = ("s3", "s3a")
#: Parts of 50 MB in flight at once: memory stays flat whatever the size of a file.
_PARTS_AT_ONCE = 2
_BATCH = 1000  # objects per deletion request


class RemoteFiles:
    """Versions as objects below a URL. Keys are POSIX paths relative to it.

    Args:
        url: Like ``s3://bucket/prefix``; any fsspec file system whose puts are atomic.
        cache_dir: Local folder for drafts and for copies of the versions that are read.
        options: Credentials, endpoint and the like, for the fsspec file system.
    """

    def __init__(self, url: str, cache_dir: Path, options: Mapping[str, Any]) -> None:
        self._url = url.rstrip("/")
        self._options = dict(options)
        self._cache = LocalFiles(cache_dir)
        self._verified: set[str] = set()
        self.scratch: Scratch = self._cache.scratch

    @cached_property
    def _protocol(self) -> str:
        return self._url.partition("://")[0]

    @cached_property
    def _fs(self) -> Any:  # noqa: ANN401 - fsspec carries no types
        import fsspec

        # A cached listing would hide what other writers publish.
        options: dict[str, Any] = {"use_listings_cache": False}
        if self._protocol in _S3:
            options["max_concurrency"] = _PARTS_AT_ONCE
        return fsspec.filesystem(self._protocol, **(options | self._options))

    @cached_property
    def _top(self) -> str:
        return str(self._fs._strip_protocol(self._url)).rstrip("/")

    def url(self, key: str) -> str:
        """URL of a key."""
        return f"{self._url}/{key}"

    def available(self, doing: str) -> AbstractContextManager[None]:
        """Failures within become ``StoreUnavailableError``."""
        errors: tuple[type[Exception], ...] = ()
        if self._protocol in _S3:
            from botocore.exceptions import BotoCoreError, ClientError

            errors = (BotoCoreError, ClientError)
        return as_unavailable(f"{doing} in {self._url}", *errors)

    def locked(self) -> AbstractContextManager[None]:
        """No lock here; see the module's note."""
        return nullcontext()

    def read(self, key: str) -> bytes | None:
        """Content of a small object; None where there is none."""
        try:
            return bytes(self._fs.cat_file(self._path(key)))
        except FileNotFoundError:
            return None

    def read_many(self, keys: Iterable[str]) -> Mapping[str, bytes | None]:
        """Like ``read``, for many at once."""
        paths = {self._path(key): key for key in keys}
        if not paths:
            return {}
        answers = self._fs.cat(sorted(paths), on_error="return")
        return {key: _content(answers.get(path)) for path, key in paths.items()}

    def put(self, key: str, data: bytes) -> None:
        """Write a small object in one put."""
        self._fs.pipe_file(self._path(key), data)

    def delete(self, key: str) -> None:
        """Delete a small object, if it is there."""
        self._delete([self._path(key)])

    def sizes(self, folder: str) -> dict[str, int]:
        """Relative name -> bytes of every object in a folder, the provenance too."""
        return {name: int(info["size"]) for name, info in self._objects(folder).items()}

    def adopted(self, draft: Path) -> AbstractContextManager[Path]:
        """The draft itself: uploading reads it where it lies."""
        return nullcontext(draft)

    def flush(self, draft: Path, record: Record) -> None:
        """Nothing to flush: an upload is durable when it is answered."""

    def install(self, draft: Path, folder: str, record: Record) -> None:
        """Upload a draft; there is no version until the provenance is put, last.

        Another writer may be sealing, or may just have published, the same content: whatever is
        there is replaced by equal bytes and never deleted.
        """
        for entry in record.files:
            self._fs.put_file(str(draft / entry.name), self._path(f"{folder}/{entry.name}"))
        self.put(f"{folder}/{PROVENANCE}", record.to_json())

    def move(self, source: str, target: str) -> None:
        """Copy a version within the store, its provenance last, then remove it at the source."""
        self.remove(target)
        names = sorted(self._objects(source), key=lambda name: (name == PROVENANCE, name))
        for name in names:
            self._fs.cp_file(self._path(f"{source}/{name}"), self._path(f"{target}/{name}"))
        self.remove(source)

    def remove(self, folder: str) -> None:
        """Delete a version, its provenance first: half removed is absent."""
        self.delete(f"{folder}/{PROVENANCE}")
        self._delete([self._path(f"{folder}/{name}") for name in sorted(self._objects(folder))])

    def fetch(self, folder: str, record: Record) -> Path:
        """Local copy of a version, compared with its manifest; downloaded if there is none.

        Raises:
            CorruptVersionError: What was downloaded differs from the manifest.
        """
        target = Path(self._cache.url(folder))
        if not self._is_cached(folder, record):
            with self.scratch.draft("download") as draft:
                self._download(folder, record, draft)
                with self._cache.locked():
                    if not record.held_by(self._cache.sizes(folder)):
                        self._cache.install(draft, folder, record)
        self._verified.add(folder)
        return target

    def _is_cached(self, folder: str, record: Record) -> bool:
        """Whether the cache holds all of a version; bytes are compared once per store object."""
        if not record.held_by(self._cache.sizes(folder)):
            return False
        if folder in self._verified:
            return True
        target = Path(self._cache.url(folder))
        if manifest(target, record.names) == record.files:
            return True
        shutil.rmtree(target)
        return False

    def _download(self, folder: str, record: Record, draft: Path) -> None:
        for entry in record.files:
            (draft / entry.name).parent.mkdir(parents=True, exist_ok=True)
            try:
                self._fs.get_file(self._path(f"{folder}/{entry.name}"), str(draft / entry.name))
            except FileNotFoundError as error:
                raise CorruptVersionError(
                    f"{self.url(folder)}: {entry.name} is missing; materialize it again"
                ) from error
        for got, expected in zip(manifest(draft, draft_names(draft)), record.files, strict=True):
            if got != expected:
                raise CorruptVersionError(
                    f"{self.url(folder)}: got {got}, expected {expected}; materialize it again"
                )

    def assets(self) -> tuple[str, ...]:
        """Names at the top of the store."""
        names = (name for name, is_folder in self._children("") if is_folder)
        return tuple(sorted(name for name in names if is_segment(name)))

    def landmarks(self, folder: str) -> Iterator[str]:
        """Keys below a folder that tell which versions there are.

        Listed one child at a time, so that memory holds the objects of one camera, not of all.
        """
        for name, is_folder in sorted(self._children(folder)):
            if is_folder:
                found = self._fs.find(self._path(f"{folder}/{name}"))
                yield from (self._key(path) for path in found if path.endswith(".json"))
            else:
                yield f"{folder}/{name}"

    def pointers(self, folder: str) -> Iterator[str]:
        """Keys of the pointers below a folder."""
        return (key for key in self.landmarks(folder) if key.endswith(f"/{POINTER}"))

    def sweep(self, now: datetime) -> None:
        """Free what dead writers left: local scratch, and objects of versions never completed."""
        self.scratch.sweep(now)
        for asset in self.assets():
            for name, _ in self._children(asset):
                below = self._fs.find(self._path(f"{asset}/{name}"), detail=True)
                keys = _orphans({self._key(path): info for path, info in below.items()}, now)
                self._delete([self._path(key) for key in keys])

    def keep_only(self, folders: frozenset[str]) -> None:
        """Drop cached versions that the store no longer has."""
        for asset in self._cache.assets():
            for key in list(self._cache.landmarks(asset)):
                folder = key.removesuffix(f"/{PROVENANCE}")
                if folder not in folders:
                    self._cache.remove(folder)

    def _path(self, key: str) -> str:
        return f"{self._top}/{key}"

    def _key(self, path: str) -> str:
        return path.removeprefix(f"{self._top}/")

    def _objects(self, folder: str) -> dict[str, Any]:
        top = self._path(folder)
        found = self._fs.find(top, detail=True)
        return {path.removeprefix(f"{top}/"): info for path, info in found.items()}

    def _children(self, folder: str) -> list[tuple[str, bool]]:
        """Name and whether it is a folder, of what lies directly in a folder."""
        top = self._path(folder).rstrip("/")
        try:
            found = self._fs.ls(top, detail=True)
        except FileNotFoundError:
            return []
        return [(one["name"].rsplit("/", 1)[-1], one["type"] == "directory") for one in found]

    def _delete(self, paths: list[str]) -> None:
        """Delete objects; such that are gone already are no failure."""
        for start in range(0, len(paths), _BATCH):
            try:
                self._fs.rm(paths[start : start + _BATCH])
            except FileNotFoundError:
                continue


def _content(answer: object) -> bytes | None:
    if answer is None or isinstance(answer, FileNotFoundError):
        return None
    if isinstance(answer, Exception):
        raise answer
    return bytes(memoryview(answer))  # type: ignore[arg-type]


def _orphans(objects: Mapping[str, Any], now: datetime) -> list[str]:
    """Keys of objects in version folders without a provenance, if none of a folder is young."""
    folders: dict[str, list[str]] = {}
    for key in objects:
        segments = key.split("/")
        depth = next((i for i, segment in enumerate(segments) if is_digest(segment)), None)
        if depth is not None:
            folders.setdefault("/".join(segments[: depth + 1]), []).append(key)
    return [
        key
        for folder, keys in folders.items()
        if f"{folder}/{PROVENANCE}" not in objects
        and all(now - _modified(objects[one], now) > SCRATCH_AGE for one in keys)
        for key in keys
    ]


def _modified(info: Mapping[str, Any], now: datetime) -> datetime:
    """When an object was put; now, where the file system does not tell."""
    modified = info.get("LastModified")
    return modified if isinstance(modified, datetime) else now
