"""The versioned store: write, audit, publish.

``seal`` writes an immutable version that nobody reads yet, an audit looks at it, and ``publish``
makes it current, or ``reject`` keeps it aside. Whoever is killed at whatever instant, a reader
sees the old version or the new one, whole::

    <root>/<asset>/<partition>/current.json           names the current version
    <root>/<asset>/<partition>/<digest>/...           a version: its files and provenance.json
    <root>/<asset>/<partition>/rejected/<digest>/...  one that failed its audit
    <root>/<asset>/<partition>/rejected/<digest>.json why

A root is a local folder or a URL such as ``s3://bucket/prefix``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.storage.catalog import Catalog
from pipelines.storage.drafts import draft_names, manifest
from pipelines.storage.errors import (
    CorruptVersionError,
    InvalidNameError,
    MissingVersionError,
    RefusedDraftError,
    StoreError,
    StoreUnavailableError,
    disk_full_as_unavailable,
)
from pipelines.storage.files import open_files
from pipelines.storage.local import LocalFiles
from pipelines.storage.retention import forget_rejected, prune, surplus
from pipelines.storage.versions import (
    JSON,
    PROVENANCE,
    UNPARTITIONED,
    Provenance,
    Record,
    Rejection,
    Version,
    digest_of,
    dump_json,
    require_name,
    utc_now,
)

__all__ = [
    "UNPARTITIONED",
    "CorruptVersionError",
    "InvalidNameError",
    "MissingVersionError",
    "Provenance",
    "RefusedDraftError",
    "Rejection",
    "Store",
    "StoreError",
    "StoreUnavailableError",
    "Version",
]


class Store:
    """Versions of assets below one root.

    Every method raises ``StoreUnavailableError`` when the disk is full or the endpoint does not
    answer; what was current stays so, and the same call may be tried again.

    Args:
        root: Local folder, or URL of an fsspec file system.
        clock: Gives the time, with its zone.
        cache_dir: For a remote root, where drafts and copies of versions lie; by default below
            the user's ``~/.cache``.
        storage_options: For a remote root, credentials, endpoint and the like.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        clock: Callable[[], datetime] = utc_now,
        cache_dir: Path | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.root = str(root)
        self._clock = clock
        self._files = open_files(self.root, cache_dir, storage_options or {})
        self._catalog = Catalog(self._files)

    # Write, audit, publish.

    def draft(self, asset: str, partition: str = UNPARTITIONED) -> AbstractContextManager[Path]:
        """An empty local folder to write a version in; removed afterwards.

        Raises:
            InvalidNameError: Asset or partition.
        """
        require_name(asset, "asset")
        require_name(partition, "partition")
        return self._draft(f"{asset}/{partition}", asset)

    def seal(
        self,
        scratch: Path,
        asset: str,
        partition: str = UNPARTITIONED,
        *,
        code_version: str,
        inputs: Sequence[Version],
        config: Mapping[str, JSON],
    ) -> Version:
        """Write a draft as an immutable version that is not current yet.

        The same content is the same version: sealing it again only renews its provenance. A
        folder that ``draft`` gave is moved, any other is copied.

        Args:
            scratch: Folder with the files.
            asset: Whose version it is.
            partition: ``<camera>/<day>`` for a camera-day.
            code_version: Of the code that wrote the files.
            inputs: Versions that were read.
            config: What shaped the result.

        Raises:
            RefusedDraftError: The draft holds what a version must not.
            InvalidNameError: Asset or partition.
            ValueError: The configuration is not JSON, or the clock knows no time zone.
        """
        require_name(asset, "asset")
        require_name(partition, "partition")
        provenance = Provenance(code_version, tuple(inputs), dict(config), self._stamp())
        with self._files.available(f"sealing {asset}/{partition}"):
            names = draft_names(scratch)
            with self._files.adopted(scratch) as draft:
                files = manifest(draft, names)
                record = Record(Version(asset, partition, digest_of(files)), provenance, files)
                self._files.flush(draft, record)
                with self._files.locked():
                    self._install(draft, record)
        return record.version

    def publish(self, version: Version) -> None:
        """Make a sealed version current, atomically. Of two publishers the last one wins.

        Raises:
            MissingVersionError: It is not sealed, or was pruned or rejected since.
            CorruptVersionError: Files of it are missing.
        """
        pointer = dump_json({"digest": version.digest, "published_at": self._stamp()})
        with self._files.available(f"publishing {version.folder}"), self._files.locked():
            self._catalog.require_whole(version, version.folder)
            self._files.put(version.pointer_key, pointer)

    def reject(self, version: Version, findings: Sequence[str]) -> None:
        """Keep a version that failed its audit aside, with the reasons; it is never current.

        Content that an earlier audit passed and that is current stays so; its findings are kept.

        Raises:
            MissingVersionError: There is no such version.
        """
        content = dump_json({"findings": list(findings), "rejected_at": self._stamp()})
        with self._files.available(f"rejecting {version.folder}"), self._files.locked():
            self._catalog.record(version)
            self._files.put(version.findings_key, content)
            sealed = self._files.read(f"{version.folder}/{PROVENANCE}") is not None
            if sealed and self._catalog.current(version.asset, version.partition) != version:
                self._files.move(version.folder, version.rejected_folder)

    # Read.

    def current(self, asset: str, partition: str = UNPARTITIONED) -> Version | None:
        """The current version, or None where nothing was published yet."""
        with self._files.available(f"reading {asset}/{partition}"):
            return self._catalog.current(asset, partition)

    def require(self, asset: str, partition: str = UNPARTITIONED) -> Version:
        """The current version.

        Raises:
            MissingVersionError: Nothing was published yet; says what to materialize.
        """
        version = self.current(asset, partition)
        if version is None:
            raise MissingVersionError(
                f"{asset}, partition {partition}: no current version in {self.root}; "
                f"materialize {asset} first"
            )
        return version

    def path(self, version: Version) -> Path:
        """Local folder with the files of a version; do not change them.

        Raises:
            MissingVersionError: It is not in the store.
            CorruptVersionError: It is not whole, or differs from its manifest.
        """
        with self._files.available(f"reading {version.folder}"):
            folder, record = self._catalog.record(version)
            if isinstance(self._files, LocalFiles):
                self._catalog.require_whole(version, folder)
            return self._files.fetch(folder, record)

    def url(self, version: Version) -> str:
        """Where a sealed version lies: an absolute path, or a URL."""
        return self._files.url(version.folder)

    def provenance(self, version: Version) -> Provenance:
        """How a version was made.

        Raises:
            MissingVersionError: It is not in the store.
        """
        with self._files.available(f"reading {version.folder}"):
            return self._catalog.record(version)[1].provenance

    def verify(self, version: Version) -> None:
        """Read every byte of a version and compare it with the manifest.

        Raises:
            CorruptVersionError: Names the first file that differs.
        """
        folder = self.path(version)
        with self._files.available(f"verifying {version.folder}"):
            _, record = self._catalog.record(version)
            for got, sealed in zip(manifest(folder, record.names), record.files, strict=True):
                if got != sealed:
                    raise CorruptVersionError(f"{folder}: got {got}, sealed was {sealed}")

    def history(self, asset: str, partition: str = UNPARTITIONED) -> tuple[Version, ...]:
        """Sealed versions, the newest first; rejected ones are in ``rejections``."""
        with self._files.available(f"listing {asset}/{partition}"):
            found = self._catalog.partition(asset, partition)
            versions = [Version(asset, partition, digest) for digest in found.sealed]
            return surplus(self._catalog.made_at(versions), 0, frozenset())

    def rejections(self, asset: str, partition: str = UNPARTITIONED) -> tuple[Rejection, ...]:
        """Versions that failed their audit, with the findings, the newest first."""
        with self._files.available(f"listing {asset}/{partition}"):
            found = self._catalog.partition(asset, partition)
            versions = [Version(asset, partition, digest) for digest in found.rejected]
            rejections = self._catalog.rejections(versions)
            newest = surplus(self._catalog.rejected_at(versions), 0, frozenset())
            return tuple(rejections[version] for version in newest)

    def partitions(self, asset: str) -> tuple[str, ...]:
        """Partitions with a current version, sorted."""
        require_name(asset, "asset")
        with self._files.available(f"listing {asset}"):
            return self._catalog.pointed_at(asset)

    def currents(self, asset: str) -> dict[str, Version]:
        """Current version of every partition that has one, by partition; read in one go."""
        names = self.partitions(asset)
        with self._files.available(f"reading {asset}"):
            found = self._catalog.currents((asset, name) for name in names)
        return {version.partition: version for version in found}

    def records(self, versions: Sequence[Version]) -> dict[Version, Record]:
        """How many versions were made, and their manifests, read in one go.

        Versions that are not in the store are left out.
        """
        with self._files.available(f"reading {len(versions)} versions"):
            return self._catalog.records(versions)

    # Keep bounded.

    def prune(self, keep: int) -> tuple[Version, ...]:
        """Remove old versions, and what killed writers left more than a day ago.

        Args:
            keep: How many of the newest versions of each partition stay, and as many of its
                rejected ones. Current versions, and all that they came from, stay anyway.

        Returns:
            What was removed.

        Raises:
            ValueError: ``keep`` is negative.
            CorruptVersionError: A provenance does not parse, so that nobody knows what it refers
                to; nothing was removed.
        """
        if keep < 0:
            raise ValueError(f"keep is {keep}; expected 0 or more versions per partition")
        with self._files.available("pruning"):
            with self._files.locked():
                removed = prune(self._files, self._catalog, keep)
            self._files.sweep(self._now())
        return removed

    def forget_rejected(self, asset: str, unwanted: Callable[[str], bool]) -> tuple[Version, ...]:
        """Remove rejected versions that hold an unwanted file; their findings stay.

        Copies of a remote root that lie on this machine go with the next ``prune``.

        Args:
            asset: Whose versions.
            unwanted: Says of a file's name in its version whether it must not be kept.

        Returns:
            What was removed.
        """
        require_name(asset, "asset")
        with self._files.available(f"forgetting rejected {asset}"), self._files.locked():
            return forget_rejected(self._files, self._catalog, asset, unwanted)

    @contextmanager
    def _draft(self, name: str, hint: str) -> Iterator[Path]:
        with ExitStack() as held:
            with self._files.available(f"opening a draft of {name}"):
                folder = held.enter_context(self._files.scratch.draft(hint))
            with disk_full_as_unavailable(f"writing a draft of {name} at {folder}"):
                yield folder

    def _install(self, draft: Path, record: Record) -> None:
        """Put a version in place, or only renew the provenance of one that is there already."""
        folder = record.version.folder
        key = f"{folder}/{PROVENANCE}"
        there = self._files.read(key)
        if there is None or not self._catalog.is_whole(folder, record):
            self._files.install(draft, folder, record)
        elif there != record.to_json():
            self._files.put(key, record.to_json())

    def _now(self) -> datetime:
        now = self._clock()
        if now.tzinfo is None:
            raise ValueError(f"the store's clock gave {now} without a time zone; give it one")
        return now.astimezone(UTC)

    def _stamp(self) -> str:
        return self._now().isoformat(timespec="microseconds")
