"""All pairs of 64-bit hashes that differ in a few bits, found without comparing all pairs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
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
    yield from bucket_pairs(order, starts, counts, everything, everything)
    for bit in range(bits if one_off else 0):
        flipped = distinct ^ np.uint64(1 << bit)
        found = np.searchsorted(distinct, flipped)
        found[found == len(distinct)] = 0
        match = (distinct[found] == flipped) & (flipped > distinct)
        yield from bucket_pairs(order, starts, counts, everything[match], found[match])


def bucket_pairs(
    order: IntArray, starts: IntArray, counts: IntArray, one: IntArray, two: IntArray
) -> Iterator[tuple[IntArray, IntArray]]:
    """Members of bucket ``one[i]`` against members of bucket ``two[i]``, in bounded pieces.

    A bucket against itself gives each pair once.

    Args:
        order: (N,) members, bucket after bucket.
        starts: (B,) where in ``order`` each bucket begins.
        counts: (B,) its size.
        one: (P,) buckets.
        two: (P,) buckets, each against its counterpart in ``one``.
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
