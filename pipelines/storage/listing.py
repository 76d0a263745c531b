"""From the keys of a store to the versions of each partition."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipelines.storage.versions import POINTER, PROVENANCE, REJECTED, is_digest


@dataclass
class Partition:
    """Versions of one asset partition, as digests."""

    current: bool = False
    sealed: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)


def group_landmarks(keys: Iterable[str]) -> dict[tuple[str, str], Partition]:
    """Read keys like ``<asset>/<partition>/current.json`` into what each partition has.

    Args:
        keys: Relative to the root; such that tell nothing are skipped.

    Returns:
        (asset, partition) -> its versions.
    """
    found: dict[tuple[str, str], Partition] = {}
    for key in keys:
        asset, *segments = key.split("/")
        at = next((i for i, segment in enumerate(segments) if _is_landmark(segment)), 0)
        if at == 0:
            continue
        partition = found.setdefault((asset, "/".join(segments[:at])), Partition())
        _note(partition, segments[at:])
    return {name: one for name, one in found.items() if one != Partition()}


def _is_landmark(segment: str) -> bool:
    return segment in (POINTER, REJECTED) or is_digest(segment)


def _note(partition: Partition, tail: Sequence[str]) -> None:
    """Enter what one key tells, from the segment behind the partition on."""
    match tail:
        case [name] if name == POINTER:
            partition.current = True
        case [digest, name] if name == PROVENANCE and is_digest(digest):
            partition.sealed.add(digest)
        case [_, digest, name] if tail[0] == REJECTED and name == PROVENANCE and is_digest(digest):
            partition.rejected.add(digest)
        case [_, name] if tail[0] == REJECTED and is_digest(name.removesuffix(".json")):
            partition.rejected.add(name.removesuffix(".json"))
