"""Exact and near duplicates, within a source and across sources.

Two images are exact duplicates when their bytes agree; near duplicates when their 64-bit
perceptual hashes differ in at most ``radius`` bits and their thumbnails correlate by at least
``min_correlation``. A group holds everything that is linked through any chain of such pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataset_build.look_alikes import (
    FloatArray,
    Links,
    Looks,
    correlation,
    distinct_looks,
    in_pieces,
)
from dataset_build.near_hashes import HASH_BITS, IntArray, NearIndex

#: Places visited together: their hashes are compared each with each, 2 MB.
_VISITED_AT_ONCE = 1 << 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What decides which member of a group stays.

    Args:
        phash: 64-bit perceptual hash, signed view.
        thumbnail: grey levels of the picture made small, all of one length.
        source_rank: of the source's masks; the lower, the better.
        preferred: a reviewer asked to keep this image.
    """

    sample_id: str
    image_sha256: str
    phash: int
    thumbnail: bytes
    human: bool
    area_px: int
    source_rank: int = 0
    preferred: bool = False

    def rank(self) -> tuple[bool, bool, int, int, str]:
        """Sort key, best first: asked for, shows a human, better masks, larger, then by name."""
        return (
            not self.preferred,
            not self.human,
            self.source_rank,
            -self.area_px,
            self.sample_id,
        )


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


def find_duplicates(
    candidates: Sequence[Candidate], radius: int, min_correlation: float
) -> DuplicateReport:
    """Group the candidates and choose who stays; independent of the order they come in.

    Members are visited best first (``Candidate.rank``). One that is a near duplicate of a member
    that stays goes, in favour of the nearest of these; any other stays. So every duplicate is
    like what replaces it, even in a long chain, and no two that stay are near duplicates.

    Raises:
        ValueError: ``radius`` outside 0..63, or thumbnails of different lengths.
    """
    if not 0 <= radius < HASH_BITS:
        raise ValueError(f"radius = {radius} bits; a hash has {HASH_BITS}, use 0..63")
    best_first = np.array(
        sorted(range(len(candidates)), key=lambda row: candidates[row].rank()), np.int64
    )
    shas = np.array([candidate.image_sha256 for candidate in candidates], np.str_)
    names, sha_of = np.unique(shas, return_inverse=True)
    first_of = _first_of_each(sha_of, best_first, len(names))
    exact = _exact(sha_of, first_of)
    firsts = best_first[first_of[sha_of[best_first]] == best_first]  # best first, one per sha
    looks = distinct_looks(
        [candidates[row].phash for row in firsts], [candidates[row].thumbnail for row in firsts]
    )
    visit = _Visit(looks, radius, min_correlation)
    visit.choose()
    visit.link_the_rest()
    near = visit.nearest.duplicates(firsts)
    look_of_sha = np.empty(len(names), np.int64)
    look_of_sha[sha_of[firsts]] = looks.look_of
    groups = _groups(look_of_sha, visit.links.top)
    return DuplicateReport(
        groups=tuple(names[groups[sha_of]].tolist()),
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


class _Nearest:
    """For each place, best first: the nearest that stays among what was offered so far."""

    def __init__(self, places: int) -> None:
        self.kept = np.full(places, -1, np.int64)  # -1: nothing was offered, this one stays
        self.distance = np.full(places, HASH_BITS + 1, np.int64)
        self.correlation = np.zeros(places)

    def offer(
        self, places: IntArray, kept: IntArray, distance: IntArray, agreement: FloatArray
    ) -> None:
        """Take what is nearer, by hash, then by rank, than what was offered before.

        Args:
            places: (P,) places, several times each or not at all.
            kept: (P,) a place that stays, for each.
            distance: (P,) differing bits.
            agreement: (P,) correlation of the thumbnails.
        """
        order = np.lexsort((kept, distance, places))
        asked, first = np.unique(places[order], return_index=True)
        best = order[first]
        far, before = self.distance[asked], self.kept[asked]
        nearer = (distance[best] < far) | ((distance[best] == far) & (kept[best] < before))
        asked, best = asked[nearer], best[nearer]
        self.kept[asked] = kept[best]
        self.distance[asked] = distance[best]
        self.correlation[asked] = agreement[best]

    def duplicates(self, rows: IntArray) -> list[Duplicate]:
        """The places that do not stay; ``rows`` holds the row number of each place."""
        gone = np.flatnonzero(self.kept >= 0)
        columns = (rows[gone], rows[self.kept[gone]], self.distance[gone], self.correlation[gone])
        return [
            Duplicate(row=row, kept=kept, distance=distance, correlation=agreement, exact=False)
            for row, kept, distance, agreement in zip(*(c.tolist() for c in columns), strict=True)
        ]


class _Visit:
    """One visit to all places, best first, that fills ``nearest`` and ``links``.

    Args:
        looks: of the places.
        radius: largest Hamming distance of near hashes.
        min_correlation: smallest correlation of thumbnails that agree.
    """

    def __init__(self, looks: Looks, radius: int, min_correlation: float) -> None:
        self.looks, self.radius, self.min_correlation = looks, radius, min_correlation
        self.nearest = _Nearest(len(looks.look_of))
        self.links = Links(len(looks.hashes))
        self._index = NearIndex(looks.hashes, radius)  # of the looks that stay
        self._place_of = np.full(len(looks.hashes), -1, np.int64)  # of each look that stays

    def choose(self) -> None:
        """Choose who stays; links each look with all that stay and are like it.

        Only what stays is compared with, and that is little where much is alike: no two that
        stay are.
        """
        for start in range(0, len(self.looks.look_of), _VISITED_AT_ONCE):
            seen = self.looks.look_of[start : start + _VISITED_AT_ONCE]
            for near in self._index.near(seen):
                for place, member in in_pieces(*near):
                    self._compare(start + place, self._place_of[member])
            self._choose_among(start, seen)
            stay = seen[self._staying(start, len(seen))]
            self._place_of[stay] = start + self._staying(start, len(seen))
            self._index.add(stay)

    def _staying(self, start: int, places: int) -> IntArray:
        return np.flatnonzero(self.nearest.kept[start : start + places] < 0)

    def _choose_among(self, start: int, seen: IntArray) -> None:
        """The places from ``start`` among each other: each that still stays against those after."""
        hashes = self.looks.hashes[seen]
        near = np.bitwise_count(hashes[:, None] ^ hashes) <= self.radius
        for one in np.flatnonzero(np.count_nonzero(near, axis=1) > 1):  # not to itself alone
            if self.nearest.kept[start + one] < 0:
                others = start + one + 1 + np.flatnonzero(near[one, one + 1 :])
                self._compare(others, np.full(len(others), start + one))

    def _compare(self, places: IntArray, kept: IntArray) -> None:
        """Places against places that stay, with near hashes: offers and links those alike.

        Args:
            places: (P,), at most as many as are compared at once.
            kept: (P,) for each.
        """
        left, right = self.looks.look_of[places], self.looks.look_of[kept]
        agreement = correlation(self.looks.thumbnails[left], self.looks.thumbnails[right])
        alike = np.flatnonzero(agreement >= self.min_correlation)
        left, right = left[alike], right[alike]
        distance = np.bitwise_count(self.looks.hashes[left] ^ self.looks.hashes[right])
        self.nearest.offer(places[alike], kept[alike], distance.astype(np.int64), agreement[alike])
        self.links.join(left, right)

    def link_the_rest(self) -> None:
        """Link alike looks that do not stay with each other, and with what came after them.

        Labels put looks that are linked with nothing first: they stay, no two of them are alike,
        and the search asks only what has a lower label than the look that asks.
        """
        looks = len(self.looks.hashes)
        for band in range(self._index.bands):
            linked = np.bincount(self.links.top, minlength=looks)[self.links.top] > 1
            labels = self.links.top + looks * linked
            for proposed in self._index.across(band, np.flatnonzero(linked), labels):
                left, right = self.links.apart(*proposed)
                found = self._index.first_found(band, left, right)
                for piece in in_pieces(left[found], right[found]):
                    one, two = self.links.apart(*piece)
                    agreement = correlation(self.looks.thumbnails[one], self.looks.thumbnails[two])
                    alike = agreement >= self.min_correlation
                    self.links.join(one[alike], two[alike])


def _groups(look_of_sha: IntArray, top: IntArray) -> IntArray:
    """(S,) smallest sha number that each sha is linked with; ``top`` (L,) stands for a group."""
    of_group = np.full(len(top), len(look_of_sha), np.int64)
    np.minimum.at(of_group, top[look_of_sha], np.arange(len(look_of_sha)))
    return of_group[top][look_of_sha]
