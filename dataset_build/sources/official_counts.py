"""A source's samples against the counts that its publishers state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dataset_build.sources.sources import SourceSpec

#: Less than this share of the published samples is a sample of the source, not a broken download.
SAMPLE_SHARE = 0.9
ALL_SPLITS = "total"


@dataclass(frozen=True, kw_only=True)
class CountFinding:
    """One published number, and what was found."""

    passed: bool
    seen: str


def official_count_findings(
    spec: SourceSpec,
    official_splits: Mapping[str, int],
    with_humans_by_split: Mapping[str, int] | None,
) -> tuple[CountFinding, ...]:
    """Compare found samples and human images with the published counts.

    A part of a source is no fault: where less than ``SAMPLE_SHARE`` of all samples are there, or a
    split is absent, that is said and passes. A complete split is also held to its human images.

    Args:
        spec: the source; its ``official_counts`` and ``official_humans``.
        official_splits: official split -> samples that have both an image and a mask.
        with_humans_by_split: official split -> readable samples with at least one human pixel; None
            where no mask was looked into.

    Returns:
        One finding per published number; one that says so where nothing is published.
    """
    if not spec.official_counts:
        return (CountFinding(passed=True, seen="no official counts are published"),)
    found = sum(official_splits.get(split, 0) for split in spec.official_counts)
    official = sum(spec.official_counts.values())
    if found < SAMPLE_SHARE * official:
        return (CountFinding(passed=True, seen=f"a sample: {found:,} of {official:,}"),)
    sizes = [
        _size(split, official_splits.get(split, 0), count)
        for split, count in spec.official_counts.items()
    ]
    whole = {
        split
        for split, count in spec.official_counts.items()
        if official_splits.get(split, 0) == count
    }
    if with_humans_by_split is None:
        return tuple(sizes)
    return (*sizes, *_humans(spec, whole, with_humans_by_split))


def _size(split: str, found: int, official: int) -> CountFinding:
    if not found:
        return CountFinding(passed=True, seen=f"{split}: absent, {official:,} are published")
    return CountFinding(passed=found == official, seen=f"{split}: {found:,} of {official:,}")


def _humans(
    spec: SourceSpec, whole: set[str], with_humans: Mapping[str, int]
) -> list[CountFinding]:
    """Human images of the complete splits."""
    findings = []
    for split, official in spec.official_humans.items():
        parts = set(spec.official_counts) if split == ALL_SPLITS else {split}
        if not parts <= whole:
            continue
        found = sum(with_humans.get(part, 0) for part in parts)
        allowed = spec.humans_tolerance * official
        about = f" (±{spec.humans_tolerance:.0%})" if spec.humans_tolerance else ""
        findings.append(
            CountFinding(
                passed=abs(found - official) <= allowed,
                seen=f"{split}: {found:,} images with humans of {official:,}{about}",
            )
        )
    return findings
