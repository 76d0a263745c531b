"""Exact and near duplicates, within a source and across sources.

Two images are exact duplicates when their bytes agree, near duplicates when their 64-bit
perceptual hashes differ in at most ``radius`` bits. A group holds everything that is linked
through any chain of such pairs.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UInt64Array = npt.NDArray[np.uint64]
IntArray = npt.NDArray[np.int64]

#: Of a perceptual hash.
HASH_BITS = 64
#: Candidate pairs compared at once; bounds memory where many hashes share a band (16 MB each).
_PAIRS_AT_ONCE = 1 << 21


@dataclass(frozen=True, kw_only=True)
class NearPairs:
    """Pairs of rows whose hashes are close; ``left < right``, sorted, each pair once.

    Args:
        left: (P,) row numbers.
        right: (P,) row numbers.
        distance: (P,) differing bits.
    """

    left: IntArray
    right: IntArray
    distance: IntArray


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What decides which member of a group stays.

    Args:
        phash: 64-bit perceptual hash, signed view.
        preferred: a reviewer asked to keep this image.
    """

    sample_id: str
    image_sha256: str
    phash: int
    human: bool
    area_px: int
    preferred: bool = False

    def rank(self) -> tuple[bool, bool, int, str]:
        """Sort key, best first: asked for, shows a human, larger, then by name."""
        return (not self.preferred, not self.human, -self.area_px, self.sample_id)


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """One candidate that repeats another.

    Args:
        kept: row number of the candidate that stays instead.
        distance: differing bits of the two hashes; 0 for equal bytes.
        exact: the bytes agree.
    """

    row: int
    kept: int
    distance: int
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


def find_duplicates(candidates: Sequence[Candidate], radius: int) -> DuplicateReport:
    """Group the candidates and choose who stays; independent of the order they come in.

    Members are visited best first (``Candidate.rank``). One whose hash lies within ``radius`` of a
    member that stays is a duplicate of the closest of these; any other stays. So every duplicate is
    close to what replaces it, even in a long chain, and no two that stay are close.

    Raises:
        ValueError: ``radius`` outside 0..63.
    """
    if not 0 <= radius < HASH_BITS:
        raise ValueError(f"radius = {radius} bits; a hash has {HASH_BITS}, use 0..63")
    exact = _exact(candidates)
    repeated = {duplicate.row for duplicate in exact}
    firsts = [row for row in range(len(candidates)) if row not in repeated]
    signed = np.array([candidates[row].phash for row in firsts], np.int64)
    hashes, code_of = np.unique(signed.view(np.uint64), return_inverse=True)
    pairs = near_pairs(hashes, radius)
    near = _near(candidates, firsts, code_of, _neighbours(pairs))
    links = [(duplicate.row, duplicate.kept) for duplicate in exact]
    links += _links(firsts, code_of, pairs)
    duplicates = sorted([*exact, *near], key=lambda duplicate: duplicate.row)
    return DuplicateReport(groups=_groups(candidates, links), duplicates=tuple(duplicates))


def near_pairs(hashes: UInt64Array, radius: int) -> NearPairs:
    """All pairs of distinct hashes within ``radius`` bits, found without comparing all pairs.

    The 64 bits are cut into ``radius // 2 + 1`` bands. Two hashes within ``radius`` agree in at
    least one band up to a single bit, so it is enough to compare hashes whose bands are equal or
    one bit apart: exact, at a small part of the cost.

    Args:
        hashes: (N,) distinct.
        radius: largest Hamming distance, inclusive.
    """
    empty = np.empty(0, np.int64)
    lefts, rights = [empty], [empty]
    for low, high in _band_edges(radius // 2 + 1):
        for left, right in _candidate_pairs(_band(hashes, low, high), high - low, radius > 0):
            close = np.bitwise_count(hashes[left] ^ hashes[right]) <= radius
            lefts.append(left[close])
            rights.append(right[close])
    left, right = np.concatenate(lefts), np.concatenate(rights)
    codes = np.unique(np.minimum(left, right) * max(len(hashes), 1) + np.maximum(left, right))
    left, right = np.divmod(codes, max(len(hashes), 1))
    distance = np.bitwise_count(hashes[left] ^ hashes[right]).astype(np.int64)
    return NearPairs(left=left, right=right, distance=distance)


def _band_edges(bands: int) -> list[tuple[int, int]]:
    edges = [round(HASH_BITS * i / bands) for i in range(bands + 1)]
    return list(itertools.pairwise(edges))


def _band(hashes: UInt64Array, low: int, high: int) -> UInt64Array:
    mask = (1 << (high - low)) - 1
    return (hashes >> np.uint64(low)) & np.uint64(mask)


def _candidate_pairs(
    keys: UInt64Array, bits: int, one_off: bool
) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs of rows whose keys are equal or, if ``one_off``, differ in one bit."""
    order = np.argsort(keys, kind="stable").astype(np.int64)
    distinct, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    everything = np.arange(len(distinct))
    yield from _cross(order, starts, counts, everything, everything)
    for bit in range(bits if one_off else 0):
        flipped = distinct ^ np.uint64(1 << bit)
        found = np.searchsorted(distinct, flipped)
        found[found == len(distinct)] = 0
        match = (distinct[found] == flipped) & (flipped > distinct)
        yield from _cross(order, starts, counts, everything[match], found[match])


def _cross(
    order: IntArray, starts: IntArray, counts: IntArray, one: IntArray, two: IntArray
) -> Iterator[tuple[IntArray, IntArray]]:
    """Rows of bucket ``one[i]`` against rows of bucket ``two[i]``, in bounded pieces.

    A bucket against itself gives each pair once.
    """
    member_bucket = np.repeat(np.arange(len(one)), counts[one])
    first = np.repeat(starts[one] - np.cumsum(counts[one]) + counts[one], counts[one])
    member = np.arange(len(member_bucket)) + first  # position in `order`
    begin = np.where((one == two)[member_bucket], member + 1, starts[two][member_bucket])
    length = (starts[two] + counts[two])[member_bucket] - begin
    total = np.cumsum(length)
    piece = 0
    while piece < len(member):
        done = total[piece - 1] if piece else 0
        stop = max(int(np.searchsorted(total, done + _PAIRS_AT_ONCE, "right")), piece + 1)
        sizes = length[piece:stop]
        left = np.repeat(member[piece:stop], sizes)
        offset = np.arange(len(left)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        right = np.repeat(begin[piece:stop], sizes) + offset
        yield order[left], order[right]
        piece = stop


def _exact(candidates: Sequence[Candidate]) -> list[Duplicate]:
    by_sha: defaultdict[str, list[int]] = defaultdict(list)
    for row, candidate in enumerate(candidates):
        by_sha[candidate.image_sha256].append(row)
    duplicates = []
    for rows in by_sha.values():
        kept, *others = sorted(rows, key=lambda row: candidates[row].rank())
        duplicates += [Duplicate(row=row, kept=kept, distance=0, exact=True) for row in others]
    return duplicates


def _neighbours(pairs: NearPairs) -> Mapping[int, list[tuple[int, int]]]:
    """Hash number -> (distance, hash number) of the others within the radius."""
    near: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    columns = (pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist())
    for left, right, distance in zip(*columns, strict=True):
        near[left].append((distance, right))
        near[right].append((distance, left))
    return near


def _near(
    candidates: Sequence[Candidate],
    rows: Sequence[int],
    code_of: IntArray,
    near: Mapping[int, list[tuple[int, int]]],
) -> list[Duplicate]:
    kept: dict[int, int] = {}  # hash number -> row that stays for it
    duplicates = []
    for place in sorted(range(len(rows)), key=lambda place: candidates[rows[place]].rank()):
        row, code = rows[place], int(code_of[place])
        around = [(0, code), *near.get(code, ())]
        staying = [
            (bits, candidates[kept[other]].rank(), kept[other])
            for bits, other in around
            if other in kept
        ]
        if staying:
            distance, _, original = min(staying)
            duplicates.append(Duplicate(row=row, kept=original, distance=distance, exact=False))
        else:
            kept[code] = row
    return duplicates


def _links(rows: Sequence[int], code_of: IntArray, pairs: NearPairs) -> list[tuple[int, int]]:
    """Rows that belong together: equal hashes, and hashes within the radius."""
    first_of: dict[int, int] = {}
    links = []
    for row, code in zip(rows, code_of.tolist(), strict=True):
        links.append((row, first_of.setdefault(code, row)))
    for left, right in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True):
        links.append((first_of[left], first_of[right]))
    return links


def _groups(candidates: Sequence[Candidate], links: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    parent = list(range(len(candidates)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for one, two in links:
        parent[root(one)] = root(two)
    smallest: dict[int, str] = {}
    roots = [root(row) for row in range(len(candidates))]
    for candidate, top in zip(candidates, roots, strict=True):
        known = smallest.setdefault(top, candidate.image_sha256)
        smallest[top] = min(known, candidate.image_sha256)
    return tuple(smallest[top] for top in roots)
