"""Exact and near duplicates, within a source and across sources.

Two images are exact duplicates when their bytes agree; near duplicates when their 64-bit
perceptual hashes differ in at most ``radius`` bits and their thumbnails correlate by at least
``min_correlation``. A group holds everything that is linked through any chain of such pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_build.duplicates.look_alikes import BytesArray, distinct_looks
from dataset_build.duplicates.near_hashes import HASH_BITS, IntArray
from dataset_build.duplicates.near_visit import Visit

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """N images that may repeat each other, and what decides which of a group stays; in columns.

    Args:
        phash: (N,) 64-bit perceptual hashes, signed view.
        thumbnails: (N, P) grey levels of the pictures made small.
        human: (N,) whether the mask shows one.
        area_px: (N,) of the pictures.
        source_rank: (N,) of the sources' masks; the lower, the better.
        preferred: (N,) a reviewer asked to keep this image.
    """

    sample_ids: Sequence[str]
    image_sha256: Sequence[str]
    phash: IntArray
    thumbnails: BytesArray
    human: BoolArray
    area_px: IntArray
    source_rank: IntArray
    preferred: BoolArray

    def __len__(self) -> int:
        return len(self.sample_ids)

    def best_first(self) -> IntArray:
        """(N,) row numbers: asked for, shows a human, better masks, larger, then by name."""
        by_name = np.array(sorted(range(len(self)), key=self.sample_ids.__getitem__), np.int64)
        last_decides = (-self.area_px, self.source_rank, ~self.human, ~self.preferred)
        return by_name[np.lexsort([key[by_name] for key in last_decides])]


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """One candidate that repeats another.

    Args:
        kept: row number of the candidate that stays instead.
        distance: differing bits of the two hashes; 0 for equal bytes.
        correlation: of the two thumbnails; 1 for equal bytes.
        exact: the bytes agree.
    """

    row: int
    kept: int
    distance: int
    correlation: float
    exact: bool


@dataclass(frozen=True, kw_only=True)
class DuplicateReport:
    """Groups of all candidates, and those that repeat another.

    Args:
        groups: group id per candidate: the smallest image sha256 in its group.
        duplicates: sorted by row.
    """

    groups: tuple[str, ...]
    duplicates: tuple[Duplicate, ...]


def find_duplicates(candidates: Candidates, radius: int, min_correlation: float) -> DuplicateReport:
    """Group the candidates and choose who stays; independent of the order they come in.

    Members are visited best first. One that is a near duplicate of a member that stays goes, in
    favour of the nearest of these; any other stays. So every duplicate is like what replaces it,
    even in a long chain, and no two that stay are near duplicates.

    Raises:
        ValueError: ``radius`` outside 0..63.
    """
    if not 0 <= radius < HASH_BITS:
        raise ValueError(f"radius = {radius} bits; a hash has {HASH_BITS}, use 0..63")
    best_first = candidates.best_first()
    shas = np.array([sha.encode() for sha in candidates.image_sha256], np.bytes_)
    names, sha_of = np.unique(shas, return_inverse=True)
    first_of = _first_of_each(sha_of, best_first, len(names))
    exact = _exact(sha_of, first_of)
    firsts = best_first[first_of[sha_of[best_first]] == best_first]  # best first, one per sha
    looks = distinct_looks(candidates.phash[firsts], candidates.thumbnails[firsts])
    visit = Visit(looks, radius, min_correlation)
    visit.choose()
    visit.link_the_rest()
    near = _near(visit, firsts)
    look_of_sha = np.empty(len(names), np.int64)
    look_of_sha[sha_of[firsts]] = looks.look_of
    groups = _groups(look_of_sha, visit.links.top)
    return DuplicateReport(
        groups=tuple(sha.decode() for sha in names[groups[sha_of]].tolist()),
        duplicates=tuple(sorted([*exact, *near], key=lambda duplicate: duplicate.row)),
    )


def _first_of_each(code_of: IntArray, best_first: IntArray, codes: int) -> IntArray:
    """(codes,) the best row of each code."""
    first_of = np.empty(codes, np.int64)
    first_of[code_of[best_first[::-1]]] = best_first[::-1]  # the best is written last
    return first_of


def _exact(sha_of: IntArray, first_of: IntArray) -> list[Duplicate]:
    kept = first_of[sha_of]
    rows = np.flatnonzero(kept != np.arange(len(sha_of)))
    return [
        Duplicate(row=row, kept=int(kept[row]), distance=0, correlation=1.0, exact=True)
        for row in rows.tolist()
    ]


def _near(visit: Visit, rows: IntArray) -> list[Duplicate]:
    """The places that do not stay; ``rows`` holds the row number of each place."""
    nearest = visit.nearest
    gone = np.flatnonzero(nearest.kept >= 0)
    columns = (
        rows[gone],
        rows[nearest.kept[gone]],
        nearest.distance[gone],
        nearest.correlation[gone],
    )
    return [
        Duplicate(row=row, kept=kept, distance=distance, correlation=agreement, exact=False)
        for row, kept, distance, agreement in zip(*(c.tolist() for c in columns), strict=True)
    ]


def _groups(look_of_sha: IntArray, top: IntArray) -> IntArray:
    """(S,) smallest sha number that each sha is linked with; ``top`` (L,) stands for a group."""
    of_group = np.full(len(top), len(look_of_sha), np.int64)
    np.minimum.at(of_group, top[look_of_sha], np.arange(len(look_of_sha)))
    return of_group[top][look_of_sha]
