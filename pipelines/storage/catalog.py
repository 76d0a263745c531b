"""What the store says it has: pointers, provenance files, findings. Reads only."""

from collections.abc import Iterable, Mapping, Sequence

from pipelines.storage.errors import CorruptVersionError, MissingVersionError
from pipelines.storage.files import Files
from pipelines.storage.listing import Partition, group_landmarks
from pipelines.storage.versions import (
    POINTER,
    PROVENANCE,
    Record,
    Rejection,
    Version,
    load_json,
    require_name,
)


class Catalog:
    """Reads the small files of a store.

    Args:
        files: Where they lie.
    """

    def __init__(self, files: Files) -> None:
        self._files = files

    def current(self, asset: str, partition: str) -> Version | None:
        """The version that the pointer names; None without a pointer.

        Raises:
            CorruptVersionError: The pointer does not parse.
        """
        require_name(asset, "asset")
        require_name(partition, "partition")
        return next(iter(self.currents([(asset, partition)])), None)

    def currents(self, names: Iterable[tuple[str, str]]) -> tuple[Version, ...]:
        """Current versions of many partitions, given as (asset, partition)."""
        keys = {f"{asset}/{partition}/{POINTER}": (asset, partition) for asset, partition in names}
        return tuple(
            _pointed_at(data, *keys[key], where=self._files.url(key))
            for key, data in self._files.read_many(keys).items()
            if data is not None
        )

    def record(self, version: Version) -> tuple[str, Record]:
        """The folder of a version, sealed or rejected, and its record.

        Raises:
            MissingVersionError: It lies in neither place.
            CorruptVersionError: Its provenance does not parse.
        """
        for folder in (version.folder, version.rejected_folder):
            key = f"{folder}/{PROVENANCE}"
            data = self._files.read(key)
            if data is not None:
                return folder, Record.from_json(data, version, self._files.url(key))
        raise MissingVersionError(
            f"{self._files.url(version.folder)}: no such version; it was pruned or never sealed, "
            f"materialize {version.asset} again"
        )

    def records(self, versions: Sequence[Version]) -> dict[Version, Record]:
        """Records of many versions; such that are not in the store are left out."""
        found: dict[Version, Record] = {}
        for place in ("folder", "rejected_folder"):
            missing = [version for version in versions if version not in found]
            keys = {f"{getattr(version, place)}/{PROVENANCE}": version for version in missing}
            for key, data in self._files.read_many(keys).items():
                if data is not None:
                    found[keys[key]] = Record.from_json(data, keys[key], self._files.url(key))
        return found

    def inputs(self, versions: Sequence[Version]) -> Mapping[Version, Sequence[Version]]:
        """What many versions were made from."""
        return {v: record.provenance.inputs for v, record in self.records(versions).items()}

    def made_at(self, versions: Sequence[Version]) -> dict[Version, str]:
        """When many versions were sealed last, as ISO 8601 in UTC."""
        return {v: record.provenance.created_at for v, record in self.records(versions).items()}

    def rejections(self, versions: Sequence[Version]) -> dict[Version, Rejection]:
        """Why many versions were rejected."""
        keys = {version.findings_key: version for version in versions}
        found = {}
        for key, data in self._files.read_many(keys).items():
            if data is not None:
                raw = load_json(data, self._files.url(key))
                findings = tuple(str(one) for one in raw["findings"])
                found[keys[key]] = Rejection(keys[key], findings, str(raw["rejected_at"]))
        return found

    def rejected_at(self, versions: Sequence[Version]) -> dict[Version, str]:
        """When many versions were rejected, as ISO 8601 in UTC."""
        return {version: one.rejected_at for version, one in self.rejections(versions).items()}

    def partition(self, asset: str, partition: str) -> Partition:
        """Which versions one partition has.

        Raises:
            InvalidNameError: Asset or partition.
        """
        require_name(asset, "asset")
        require_name(partition, "partition")
        found = group_landmarks(self._files.landmarks(f"{asset}/{partition}"))
        return found.get((asset, partition), Partition())

    def partitions(self, assets: Iterable[str]) -> dict[tuple[str, str], Partition]:
        """Which versions every partition of some assets has."""
        keys = (key for asset in assets for key in self._files.landmarks(asset))
        return group_landmarks(keys)

    def pointed_at(self, asset: str) -> tuple[str, ...]:
        """Partitions of an asset that have a current version, sorted."""
        start, end = len(asset) + 1, -len(POINTER) - 1
        return tuple(sorted(key[start:end] for key in self._files.pointers(asset)))

    def require_whole(self, version: Version, folder: str) -> None:
        """Refuse a version whose files are not all there.

        Raises:
            MissingVersionError: There is no version in that folder.
            CorruptVersionError: A file is missing or has another size.
        """
        key = f"{folder}/{PROVENANCE}"
        data = self._files.read(key)
        if data is None:
            raise MissingVersionError(
                f"{self._files.url(folder)}: not sealed; it was pruned or rejected, "
                f"materialize {version.asset} again"
            )
        if not self.is_whole(folder, Record.from_json(data, version, self._files.url(key))):
            raise CorruptVersionError(
                f"{self._files.url(folder)}: files are missing or have another size than its "
                f"provenance says; materialize {version.asset} again"
            )

    def is_whole(self, folder: str, record: Record) -> bool:
        """Whether a folder holds every file of a record, at its size."""
        return record.held_by(self._files.sizes(folder))


def _pointed_at(data: bytes, asset: str, partition: str, *, where: str) -> Version:
    digest = load_json(data, where).get("digest")
    try:
        return Version(asset, partition, str(digest))
    except ValueError as error:
        raise CorruptVersionError(f"{where}: {error}; materialize {asset} again") from error
