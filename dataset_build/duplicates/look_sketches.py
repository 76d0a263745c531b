"""Looks that cannot be alike, found by one matrix product: an upper bound of every correlation.

Each thumbnail is a vector of length 1, turned so that its first numbers hold as much as they can;
the length of what follows is its last number. By Cauchy and Schwarz the product of two such
sketches is at least the correlation of the thumbnails. A pair costs a few nanoseconds, a hundredth
of the correlation itself: that is what a film needs of which every hash is near every other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_build.duplicates.look_alikes import FLAT_STD, BytesArray
from dataset_build.duplicates.near_hashes import IntArray

Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

#: Principal axes that a sketch holds; white noise of 256 pixels is told apart with as many.
AXES = 64
#: Products are of single precision: a bound this little below the limit may be rounded down.
ROUNDING = 1e-4
#: Thumbnails turned at once: 4 MB for 256 pixels.
_TURNED_AT_ONCE = 1 << 12
#: Sketches that one product compares with, and that make one block: products of 16 and 1 MB.
_COMPARED_WITH = 1 << 13
_BLOCK = 1 << 9


class Sketches:
    """One sketch of each look.

    Args:
        thumbnails: (L, P) grey levels.
        least: correlation from which on two thumbnails agree.
    """

    def __init__(self, thumbnails: BytesArray, least: float) -> None:
        self.vectors = _sketches(thumbnails)
        """(L, at most ``AXES`` + 2) axes, length of the rest, 1 if flat; each of length 1."""
        self._least = least - ROUNDING

    def may_agree(self, left: IntArray, right: IntArray) -> BoolArray:
        """(A, B) false where the thumbnails of ``left[a]`` and ``right[b]`` surely disagree."""
        may: BoolArray = self.vectors[left] @ self.vectors[right].T >= self._least
        return may

    def pairs(self, left: IntArray, right: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
        """Of all pairs those that may agree, in bounded pieces.

        Args:
            left: (A,) looks, at most some hundred.
            right: (B,) looks.

        Yields:
            Places in ``left``, places in ``right``.
        """
        for start in range(0, len(right), _COMPARED_WITH):
            few = right[start : start + _COMPARED_WITH]
            hits = np.flatnonzero(self.may_agree(left, few))
            yield hits // len(few), start + hits % len(few)

    def blocks(self, order: IntArray) -> list[Block]:
        """Cut looks into blocks, each with the ball around its sketches.

        Args:
            order: (R,) looks, those that resemble each other best one after another.
        """
        return [self._block(order[s : s + _BLOCK]) for s in range(0, len(order), _BLOCK)]

    def _block(self, looks: IntArray) -> Block:
        vectors = self.vectors[looks]
        centre: Float32Array = vectors.mean(axis=0)
        radius = float(np.sqrt(((vectors - centre) ** 2).sum(axis=1).max()))
        return Block(looks=looks, centre=centre, radius=radius)

    def blocks_may_agree(self, one: Block, two: Block) -> bool:
        """False where the balls are so far apart that no pair of their looks agrees.

        Vectors of length 1 whose product is c lie sqrt(2 - 2 c) apart.
        """
        apart = float(np.sqrt(((one.centre - two.centre) ** 2).sum()))
        reach = float(np.sqrt(max(2.0 - 2.0 * self._least, 0.0)))
        return apart <= reach + one.radius + two.radius + ROUNDING


@dataclass(frozen=True, kw_only=True)
class Block:
    """Looks that are compared together, and a ball that holds their sketches."""

    looks: IntArray
    centre: Float32Array
    radius: float


def _sketches(thumbnails: BytesArray) -> Float32Array:
    looks, pixels = thumbnails.shape
    second_moment = np.zeros((pixels, pixels))
    for start in range(0, looks, _TURNED_AT_ONCE):
        unit, _ = _unit_vectors(thumbnails[start : start + _TURNED_AT_ONCE])
        second_moment += unit.T @ unit
    axes = np.linalg.eigh(second_moment).eigenvectors[:, ::-1].astype(np.float32)
    kept = min(AXES, pixels)
    found = np.empty((looks, kept + 2), np.float32)
    for start in range(0, looks, _TURNED_AT_ONCE):
        piece = slice(start, start + _TURNED_AT_ONCE)
        unit, flat = _unit_vectors(thumbnails[piece])
        turned = unit @ axes
        found[piece, :kept] = turned[:, :kept]
        found[piece, kept] = np.linalg.norm(turned[:, kept:], axis=1)
        found[piece, kept + 1] = flat
    return found


def _unit_vectors(thumbnails: BytesArray) -> tuple[Float32Array, BoolArray]:
    """Zero-mean vectors of length 1, all zeros for a flat thumbnail; and which are flat."""
    pixels = thumbnails.shape[1]
    grey = thumbnails.astype(np.float32)
    total = grey.sum(axis=1, dtype=np.float64)
    square = np.einsum("ij,ij->i", grey, grey).astype(np.float64)
    flat: BoolArray = pixels * square - total**2 < (pixels * FLAT_STD) ** 2
    centred = grey - (total / max(pixels, 1)).astype(np.float32)[:, None]
    length = np.linalg.norm(centred, axis=1)
    centred /= np.where(flat, np.inf, length)[:, None].astype(np.float32)
    return centred, flat
