"""All pairs of 64-bit hashes that differ in a few bits, found without comparing all pairs.

The 64 bits are cut into ``radius // 2 + 1`` bands. Two hashes within ``radius`` agree in at least
one band up to a single bit, so it is enough to compare hashes whose bands are equal or one bit
apart: exact, at a small part of the cost. Pairs come in pieces and are never held all at once:
among the frames of one fixed camera everything is near everything.
"""

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
#: Candidate pairs compared at once; bounds memory where many hashes share a band (4 MB an array).
_PAIRS_AT_ONCE = 1 << 19
#: Rows whose buckets are looked up at once: 2 MB an array with 65 buckets each, the most.
_ROWS_AT_ONCE = 1 << 12


@dataclass(frozen=True, kw_only=True)
class _Band:
    """Hashes in buckets, by some of their bits; bucket B, after the last, is always empty.

    Args:
        mask: of the bits.
        bucket_of: (N,) bucket of each hash.
        starts: (B + 1,) where each bucket begins if all hashes lie in theirs, one after another.
        around: (B, F) each bucket, then those whose bits differ from its bits in one place.
    """

    mask: np.uint64
    bucket_of: IntArray
    starts: IntArray
    around: IntArray


class NearIndex:
    """Finds hashes within a radius, among those put in or among all.

    Args:
        hashes: (N,) in any order, equal ones too; known from the beginning, put in one by one.
        radius: largest Hamming distance, inclusive.
    """

    def __init__(self, hashes: UInt64Array, radius: int) -> None:
        self.hashes = hashes
        self.radius = radius
        self._bands = [
            _band(hashes, low, high, one_off=radius > 0)
            for low, high in _band_edges(radius // 2 + 1)
        ]
        self._members = [np.empty(len(hashes), np.int64) for _ in self._bands]
        self._hashes_of_members = [np.empty(len(hashes), np.uint64) for _ in self._bands]
        self._filled = [np.zeros(len(band.starts), np.int64) for band in self._bands]

    @property
    def bands(self) -> int:
        """How many searches find every pair."""
        return len(self._bands)

    def add(self, rows: IntArray) -> None:
        """Put hashes in, each once at most.

        Args:
            rows: (R,) row numbers of ``hashes``.
        """
        for number, band in enumerate(self._bands):
            filled = self._filled[number]
            order = np.argsort(band.bucket_of[rows], kind="stable")
            bucket, count = np.unique(band.bucket_of[rows], return_counts=True)
            first = np.cumsum(count) - count
            begin = np.repeat(band.starts[bucket] + filled[bucket] - first, count)
            slots = begin + np.arange(len(rows))
            self._members[number][slots] = rows[order]
            self._hashes_of_members[number][slots] = self.hashes[rows[order]]
            filled[bucket] += count

    def compared(self, rows: IntArray) -> IntArray:
        """(R,) how many hashes ``near`` compares each row with, over all bands."""
        return sum(
            (
                filled[band.around[band.bucket_of[rows]]].sum(axis=1)
                for band, filled in zip(self._bands, self._filled, strict=True)
            ),
            start=np.zeros(len(rows), np.int64),
        )

    def near(self, rows: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
        """Hashes against those put in; each pair once, in bounded pieces.

        Args:
            rows: (R,) row numbers of ``hashes``, at most some thousand.

        Yields:
            Places in ``rows``, and the row numbers that are near the hashes there.
        """
        hashes = self.hashes[rows]
        for number, band in enumerate(self._bands):
            cells = band.around[band.bucket_of[rows]]
            for place, slot in _ranges(band.starts[cells], self._filled[number][cells]):
                differ = hashes[place] ^ self._hashes_of_members[number][slot]
                close = np.flatnonzero(np.bitwise_count(differ) <= self.radius)
                close = close[self._found_first(number, differ[close])]
                yield place[close], self._members[number][slot[close]]

    def across(
        self, number: int, rows: IntArray, labels: IntArray
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """What one band proposes: pairs of a row with any hash of a lower label.

        Whether they are near is left to ``first_found``.

        Args:
            number: of the band.
            rows: (R,) row numbers.
            labels: (N,) from 0; hashes of the same label are not proposed, and cost nothing.
        """
        order = self._by_label(number, labels)
        for few, begin, length in self._lower(number, rows, labels, order):
            for place, slot in _ranges(begin, length):
                yield few[place], order[slot]

    def proposed_across(self, rows: IntArray, labels: IntArray) -> IntArray:
        """(R,) how many pairs ``across`` proposes for each row, over all bands."""
        counts = np.zeros(len(self.hashes), np.int64)
        for number in range(self.bands):
            order = self._by_label(number, labels)
            for few, _, length in self._lower(number, rows, labels, order):
                counts[few] += length.sum(axis=1)
        return counts[rows]

    def _by_label(self, number: int, labels: IntArray) -> IntArray:
        """(N,) row numbers by bucket, and by label within each."""
        return np.lexsort((labels, self._bands[number].bucket_of)).astype(np.int64)

    def _lower(
        self, number: int, rows: IntArray, labels: IntArray, order: IntArray
    ) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
        """Where in ``order`` the hashes of lower labels around each row lie, some rows at a time.

        Yields:
            (F,) rows; (F, buckets around) first place in each; (F, buckets around) how many.
        """
        band = self._bands[number]
        labels_from = int(labels.max(initial=0)) + 1
        codes = (band.bucket_of * labels_from + labels)[order]
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            few = rows[start : start + _ROWS_AT_ONCE]
            cells = band.around[band.bucket_of[few]]
            end = np.searchsorted(codes, cells * labels_from + labels[few][:, None])
            begin = band.starts[cells]
            yield few, begin, end - begin

    def first_found(self, number: int, left: IntArray, right: IntArray) -> npt.NDArray[np.bool_]:
        """(P,) whether the hashes are near and no band before this one proposes the pair."""
        differ = self.hashes[left] ^ self.hashes[right]
        close: npt.NDArray[np.bool_] = np.bitwise_count(differ) <= self.radius
        close[close] = self._found_first(number, differ[close])
        return close

    def _found_first(self, number: int, differ: UInt64Array) -> npt.NDArray[np.bool_]:
        """(P,) whether no band before this one proposes pairs of near hashes that differ so."""
        first = np.ones(len(differ), np.bool_)
        for band in self._bands[:number]:
            first &= np.bitwise_count(differ & band.mask) > min(self.radius, 1)
        return first


def _band_edges(bands: int) -> list[tuple[int, int]]:
    edges = [round(HASH_BITS * i / bands) for i in range(bands + 1)]
    return list(itertools.pairwise(edges))


def _band(hashes: UInt64Array, low: int, high: int, *, one_off: bool) -> _Band:
    bits = np.uint64(((1 << (high - low)) - 1) << low)
    distinct, bucket_of, counts = np.unique(hashes & bits, return_inverse=True, return_counts=True)
    buckets = len(distinct)
    flips = range(low, high) if one_off else range(0)
    around = np.empty((buckets, 1 + len(flips)), np.int64)
    around[:, 0] = np.arange(buckets)
    for column, bit in enumerate(flips, start=1):
        flipped = distinct ^ np.uint64(1 << bit)
        found = np.searchsorted(distinct, flipped)
        found[found == buckets] = 0
        around[:, column] = np.where(distinct[found] == flipped, found, buckets)
    return _Band(
        mask=bits,
        bucket_of=bucket_of.astype(np.int64),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        around=around,
    )


def _ranges(begin: IntArray, length: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """All numbers of many ranges, each with the row of its range, in bounded pieces.

    Args:
        begin: (R, F) first number of each range.
        length: (R, F) how many.
    """
    some = np.flatnonzero(length)
    first, sizes = begin.ravel()[some], length.ravel()[some]
    row = some // length.shape[1]
    total = np.cumsum(sizes)
    piece = 0
    while piece < len(some):
        done = total[piece - 1] if piece else 0
        stop = max(int(np.searchsorted(total, done + _PAIRS_AT_ONCE, "right")), piece + 1)
        few = sizes[piece:stop]
        offset = np.repeat(first[piece:stop] - (total[piece:stop] - few - done), few)
        yield np.repeat(row[piece:stop], few), offset + np.arange(len(offset))
        piece = stop
