"""Near duplicates proved: the hash proposes pairs, a small picture of each confirms them.

A *look* is one hash with one thumbnail; images that share both need no comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_build.duplicates.near_hashes import IntArray, UInt64Array

FloatArray = npt.NDArray[np.float64]
BytesArray = npt.NDArray[np.uint8]

#: A thumbnail whose grey levels vary less than this is flat: what is left is noise.
FLAT_STD = 1.0
#: Two flat thumbnails are alike if their means lie this near, in grey levels.
FLAT_MEAN = 4.0
#: Pairs compared at once: two gathers of 16 MB each for 256 pixels.
_COMPARED_AT_ONCE = 1 << 14


@dataclass(frozen=True, kw_only=True)
class Looks:
    """The distinct looks of some images, sorted by hash.

    Args:
        look_of: (N,) look of each image.
        hashes: (L,) of each look.
        thumbnails: (L, P) grey levels of each look.
    """

    look_of: IntArray
    hashes: UInt64Array
    thumbnails: BytesArray


def stacked(thumbnails: Sequence[bytes]) -> BytesArray:
    """(N, P) grey levels of thumbnails of P pixels each.

    Raises:
        ValueError: thumbnails of different lengths.
    """
    lengths = set(map(len, thumbnails)) or {0}
    if len(lengths) > 1:
        raise ValueError(f"thumbnails of {sorted(lengths)} bytes; scan the sources again")
    return np.frombuffer(b"".join(thumbnails), np.uint8).reshape(len(thumbnails), lengths.pop())


def distinct_looks(hashes: IntArray, thumbnails: BytesArray) -> Looks:
    """Number the distinct looks.

    Args:
        hashes: (N,) 64-bit hashes, signed view.
        thumbnails: (N, P) grey levels.
    """
    unsigned = hashes.view(np.uint64)
    picture_of = _numbered_where_repeated(unsigned, thumbnails)
    order = np.lexsort((picture_of, unsigned))
    sorted_hashes, sorted_pictures = unsigned[order], picture_of[order]
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (sorted_hashes[1:] != sorted_hashes[:-1]) | (
        sorted_pictures[1:] != sorted_pictures[:-1]
    )
    look_of = np.empty(len(order), np.int64)
    look_of[order] = np.cumsum(is_new) - 1
    first = order[is_new]
    return Looks(look_of=look_of, hashes=unsigned[first], thumbnails=thumbnails[first])


def _numbered_where_repeated(hashes: UInt64Array, thumbnails: BytesArray) -> IntArray:
    """(N,) number of each thumbnail among those whose hash occurs again; 0 for all others.

    Few hashes do, and sorting pictures costs ten times what sorting hashes does.
    """
    _, code_of, count = np.unique(hashes, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(count[code_of] > 1)
    numbers = np.zeros(len(hashes), np.int64)
    whole = np.ascontiguousarray(thumbnails[repeated])
    if whole.size:
        keys = whole.view(np.dtype((np.void, whole.shape[1]))).ravel()
        numbers[repeated] = np.unique(keys, return_inverse=True)[1]
    return numbers


def in_pieces(left: IntArray, right: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """As many pairs at a time as ``correlation`` may compare at once."""
    for start in range(0, len(left), _COMPARED_AT_ONCE):
        piece = slice(start, start + _COMPARED_AT_ONCE)
        yield left[piece], right[piece]


def correlation(one: BytesArray, two: BytesArray) -> FloatArray:
    """Zero-mean normalised correlation of pairs of pictures.

    A flat picture has no pattern to compare: two flat ones count 1 if they are about as bright,
    any other pair with a flat one counts 0. Sums are of whole numbers below 2^24, hence exact in
    single precision, and the result does not depend on how many pairs are compared at once.

    Args:
        one: (P, pixels) grey levels, at most 256 pixels.
        two: (P, pixels).

    Returns:
        (P,) in [-1, 1].
    """
    pixels = one.shape[1]
    a, b = one.astype(np.float32), two.astype(np.float32)
    sum_a, sum_b = a.sum(axis=1, dtype=np.float64), b.sum(axis=1, dtype=np.float64)
    product = np.einsum("ij,ij->i", a, b).astype(np.float64)
    square_a = np.einsum("ij,ij->i", a, a).astype(np.float64)
    square_b = np.einsum("ij,ij->i", b, b).astype(np.float64)
    spread_a, spread_b = pixels * square_a - sum_a**2, pixels * square_b - sum_b**2
    least = (pixels * FLAT_STD) ** 2
    flat_a, flat_b = spread_a < least, spread_b < least
    length = np.sqrt(np.maximum(spread_a, least) * np.maximum(spread_b, least))
    pattern = np.clip((pixels * product - sum_a * sum_b) / length, -1.0, 1.0)
    as_bright = np.abs(sum_a - sum_b) <= pixels * FLAT_MEAN
    both_flat = (flat_a & flat_b & as_bright).astype(np.float64)
    agreement: FloatArray = np.where(flat_a | flat_b, both_flat, pattern)
    return agreement


class Links:
    """What is linked with what, through any chain of links; memory does not grow with them.

    Args:
        nodes: how many there are.
    """

    def __init__(self, nodes: int) -> None:
        self.top = np.arange(nodes)
        """(N,) the smallest node that each is linked with."""

    def apart(self, left: IntArray, right: IntArray) -> tuple[IntArray, IntArray]:
        """Those pairs whose ends are not linked yet."""
        apart = self.top[left] != self.top[right]
        return left[apart], right[apart]

    def join(self, left: IntArray, right: IntArray) -> None:
        """Link ``left[i]`` with ``right[i]``: tops join until no pair is apart."""
        while True:
            left, right = self.apart(left, right)
            if not len(left):
                return
            one, two = self.top[left], self.top[right]
            np.minimum.at(self.top, np.maximum(one, two), np.minimum(one, two))
            while (self.top[self.top] != self.top).any():
                self.top = self.top[self.top]
