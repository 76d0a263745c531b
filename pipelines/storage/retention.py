"""Which versions may go: neither current ones, nor what they came from, nor the newest few."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from pipelines.storage.catalog import Catalog
from pipelines.storage.files import Files
from pipelines.storage.versions import Version


def referred(
    roots: Iterable[Version],
    inputs_of: Callable[[Sequence[Version]], Mapping[Version, Sequence[Version]]],
) -> frozenset[Version]:
    """The roots and everything they were made from, however far back.

    Args:
        roots: Where to start.
        inputs_of: The inputs of many versions at once; lacks those that are not in the store.
    """
    seen: set[Version] = set()
    wave = set(roots)
    while wave:
        seen |= wave
        order = sorted(wave, key=lambda v: v.folder)
        wave = {one for inputs in inputs_of(order).values() for one in inputs} - seen
    return frozenset(seen)


def surplus(
    made_at: Mapping[Version, str], keep: int, protected: frozenset[Version]
) -> tuple[Version, ...]:
    """All but the ``keep`` newest versions of one partition, without the protected ones.

    Args:
        made_at: Version -> ISO time; on a tie the higher digest counts as newer.
        keep: How many of the newest stay.
        protected: What stays whatever its age.
    """
    newest_first = sorted(made_at, key=lambda v: (made_at[v], v.digest), reverse=True)
    return tuple(version for version in newest_first[keep:] if version not in protected)


def prune(files: Files, catalog: Catalog, keep: int) -> tuple[Version, ...]:
    """Remove what is surplus in every partition; everything is decided before anything goes.

    Args:
        files: Where versions lie.
        catalog: Reads them.
        keep: How many of the newest sealed, and of the newest rejected, stay per partition.

    Returns:
        Versions that are no longer in the store, sorted by folder.
    """
    found = catalog.partitions(files.assets())
    currents = catalog.currents(name for name, one in found.items() if one.current)
    protected = referred(currents, catalog.inputs)
    places: dict[str, Version] = {}
    doomed: list[str] = []
    for (asset, partition), one in found.items():
        sealed = [Version(asset, partition, digest) for digest in sorted(one.sealed)]
        failed = [Version(asset, partition, digest) for digest in sorted(one.rejected)]
        places |= {v.folder: v for v in sealed} | {v.rejected_folder: v for v in failed}
        if len(sealed) > keep:
            doomed += [v.folder for v in surplus(catalog.made_at(sealed), keep, protected)]
        if len(failed) > keep:
            failed_at = dict.fromkeys(failed, "") | catalog.rejected_at(failed)
            doomed += [v.rejected_folder for v in surplus(failed_at, keep, protected)]
    removed = [folder for folder in doomed if _remove(files, catalog, places[folder], folder)]
    left = {folder: version for folder, version in places.items() if folder not in removed}
    files.keep_only(frozenset(left))
    gone = {places[folder] for folder in removed} - set(left.values())
    return tuple(sorted(gone, key=lambda version: version.folder))


def forget_rejected(
    files: Files, catalog: Catalog, asset: str, unwanted: Callable[[str], bool]
) -> tuple[Version, ...]:
    """Remove rejected versions that hold an unwanted file; why they were rejected stays.

    Args:
        files: Where versions lie.
        catalog: Reads them.
        asset: Whose versions.
        unwanted: Says of a file's name in its version whether it must not be kept.

    Returns:
        What was removed, sorted by folder.
    """
    failed = [
        Version(asset, partition, digest)
        for (_, partition), one in catalog.partitions([asset]).items()
        for digest in one.rejected
    ]
    failed.sort(key=lambda version: version.folder)
    doomed = [v for v in failed if any(map(unwanted, files.sizes(v.rejected_folder)))]
    for version in doomed:
        files.remove(version.rejected_folder)
    return tuple(doomed)


def _remove(files: Files, catalog: Catalog, version: Version, folder: str) -> bool:
    """Remove one version unless it became current since this was decided."""
    if catalog.current(version.asset, version.partition) == version:
        return False
    files.remove(folder)
    if folder == version.rejected_folder:
        files.delete(version.findings_key)
    return True
