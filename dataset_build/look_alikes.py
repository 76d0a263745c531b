"""Near duplicates proved: the hash proposes pairs, a small picture of each confirms them.

A *look* is one hash with one thumbnail; images that share both need no comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_build.near_hashes import IntArray, UInt64Array, bucket_pairs, near_pairs

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


@dataclass(frozen=True, kw_only=True)
class LookPairs:
    """Pairs of looks that are near duplicates; each pair once.

    Args:
        left: (P,) looks.
        right: (P,) looks.
        distance: (P,) differing bits of the hashes.
        correlation: (P,) of the thumbnails, in [-1, 1].
    """

    left: IntArray
    right: IntArray
    distance: IntArray
    correlation: FloatArray


def distinct_looks(hashes: Sequence[int], thumbnails: Sequence[bytes]) -> Looks:
    """Number the distinct looks.

    Args:
        hashes: 64-bit hashes, signed view.
        thumbnails: as many, all of one length.

    Raises:
        ValueError: thumbnails of different lengths.
    """
    lengths = {len(thumbnail) for thumbnail in thumbnails} or {0}
    if len(lengths) > 1:
        raise ValueError(f"thumbnails of {sorted(lengths)} bytes; scan the sources again")
    pixels = lengths.pop()
    unsigned = np.array(hashes, np.int64).view(np.uint64)
    keys = np.empty((len(unsigned), 8 + pixels), np.uint8)
    keys[:, :8] = unsigned.astype(">u8").view(np.uint8).reshape(-1, 8)  # big end first: sorts alike
    keys[:, 8:] = np.frombuffer(b"".join(thumbnails), np.uint8).reshape(len(unsigned), pixels)
    whole = keys.view(np.dtype((np.void, 8 + pixels))).ravel()
    _, first, look_of = np.unique(whole, return_index=True, return_inverse=True)
    return Looks(
        look_of=look_of.astype(np.int64), hashes=unsigned[first], thumbnails=keys[first, 8:]
    )


def alike_pairs(looks: Looks, *, radius: int, min_correlation: float) -> LookPairs:
    """All pairs of looks whose hashes are near and whose thumbnails agree; exact.

    Args:
        looks: the distinct looks.
        radius: largest Hamming distance of the hashes, inclusive.
        min_correlation: smallest correlation of the thumbnails, inclusive.
    """
    lefts, rights, agreed = [], [], []
    for left, right in _proposed(looks.hashes, radius):
        for start in range(0, len(left), _COMPARED_AT_ONCE):
            piece = slice(start, start + _COMPARED_AT_ONCE)
            one, two = left[piece], right[piece]
            found = correlation(looks.thumbnails[one], looks.thumbnails[two])
            enough = found >= min_correlation
            lefts.append(one[enough])
            rights.append(two[enough])
            agreed.append(found[enough])
    none = np.empty(0, np.int64)
    left, right = np.concatenate([none, *lefts]), np.concatenate([none, *rights])
    return LookPairs(
        left=left,
        right=right,
        distance=np.bitwise_count(looks.hashes[left] ^ looks.hashes[right]).astype(np.int64),
        correlation=np.concatenate([np.empty(0), *agreed]),
    )


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


def _proposed(hashes: UInt64Array, radius: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs of looks with equal or near hashes, in bounded pieces; ``hashes`` are sorted."""
    distinct, starts, counts = np.unique(hashes, return_index=True, return_counts=True)
    near = near_pairs(distinct, radius)
    several = np.flatnonzero(counts > 1)
    yield from bucket_pairs(
        np.arange(len(hashes)),
        starts,
        counts,
        np.concatenate([several, near.left]),
        np.concatenate([several, near.right]),
    )
