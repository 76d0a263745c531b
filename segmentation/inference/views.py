"""One picture looked at several times, smaller and mirrored, and the mean of the answers.

A network knows people of the sizes that it was trained on. Photographs show them larger than
cameras do: looked at small, they are of a size that the network knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from segmentation.data import fitted_size, resize_image
from segmentation.inference.postprocess import refine_each, seen_by_network
from segmentation.inference.postprocess_config import PostprocessConfig

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


class Segmenter(Protocol):
    """Whatever gives the probability of a human at every pixel."""

    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB -> (N, H, W) in [0, 1]."""
        ...


@dataclass(frozen=True, kw_only=True)
class Views:
    """How often, and how, a picture is looked at; the cost is that of all views together.

    Args:
        sides_px: longer side of each view; a picture is never enlarged; 0 is its own size.
        mirrored: each view once more with left and right exchanged: twice the cost.

    Raises:
        ValueError: no view, or a side below 32.
    """

    sides_px: tuple[int, ...] = (0,)
    mirrored: bool = False

    def __post_init__(self) -> None:
        """Refuse views that show nothing."""
        if not self.sides_px or any(side and side < 32 for side in self.sides_px):
            raise ValueError(f"sides_px = {self.sides_px}; expected sides of 32 and more, or 0")

    @property
    def name(self) -> str:
        """In words: ``256 px and 320 px, mirrored``."""
        sides = " and ".join(f"{side} px" if side else "whole" for side in self.sides_px)
        return f"{sides}{', mirrored' if self.mirrored else ''}"


class TrainedSegmenter(Segmenter, Protocol):
    """One that knows how large the images were that it was trained on."""

    @property
    def trained_side_px(self) -> int:
        """Most pixels that their longer side had; 0: not known."""
        ...


def as_trained(segmenter: TrainedSegmenter) -> ManyViews:
    """Photographs are looked at no larger than those were that the network was trained on."""
    return ManyViews(segmenter, Views(sides_px=(segmenter.trained_side_px,)))


@dataclass(frozen=True)
class ManyViews:
    """A segmenter that looks at each picture as ``views`` say."""

    segmenter: Segmenter
    views: Views

    def probability(self, frames: U8) -> F32:
        """Mean over the views, each enlarged to the size of the frames.

        Args:
            frames: (N, H, W, 3) uint8 RGB.

        Returns:
            (N, H, W) float32 in [0, 1].
        """
        found = [self._seen(frames, side) for side in self.views.sides_px]
        return np.asarray(np.mean(found, axis=0), np.float32)

    def _seen(self, frames: U8, side_px: int) -> F32:
        full_hw = (frames.shape[1], frames.shape[2])
        size_hw = fitted_size(full_hw, side_px or None)
        small = np.stack([resize_image(frame, size_hw) for frame in frames])
        answer = self.segmenter.probability(small)
        if self.views.mirrored:
            mirrored = np.ascontiguousarray(small[:, :, ::-1])
            turned_back = self.segmenter.probability(mirrored)[:, :, ::-1]
            answer = np.asarray((answer + turned_back) / 2, np.float32)
        if size_hw == full_hw:
            return answer
        enlarged = [
            cv2.resize(one, full_hw[::-1], interpolation=cv2.INTER_LINEAR) for one in answer
        ]
        return np.asarray(enlarged, np.float32)


@dataclass(frozen=True)
class RefinedViews:
    """The mean over views, and the steps after the network on it.

    Args:
        segmenter: takes no steps itself: they would see each view alone.
        views: how each picture is looked at.
        steps: after the mean, at the picture's own size.
    """

    segmenter: Segmenter
    views: Views
    steps: PostprocessConfig

    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB -> (N, H, W) float32 in [0, 1]."""
        mean = ManyViews(self.segmenter, self.views).probability(
            seen_by_network(frames, self.steps)
        )
        return refine_each(mean, frames, self.steps)
