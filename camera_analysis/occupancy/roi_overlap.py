"""How much of a person is in each region, frame by frame, from a label map.

With w the weight of a pixel (:func:`camera_analysis.occupancy.roi_masks.pixel_weights`), P the
pixels of a person, R those of a region of interest, and p the network's mean probability over P:

    expected pixels = sum over persons of p * w(P and R)
    roi_share       = sum over persons of w(P and R) / w(R)
    person_share    = largest w(P and R) / w(P) of any person
    overlap         = largest w(P and R) / min(w(P), w(R)) of any person

``overlap`` is the overlap coefficient (Szymkiewicz 1934, Simpson 1943): 1 where a person is wholly
inside, and 1 where they cover the region, however large either is; a speck that is wholly inside
scores 1 too, so it wants label maps without any. A connected region of the label map counts as one
person here. p is 1 where it was not kept. The shares leave it out: a label already weighs the
network against the plate and against motion, and on the labelled clip of docs/occupancy.md weighing
it once more found no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.regions import Box
from camera_analysis.occupancy.roi_masks import RoiMask, WeightImage

FloatVector = npt.NDArray[np.float64]
BoolVector = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class FrameOverlap:
    """One frame's persons in R regions of interest.

    Attributes:
        expected_px: (R,) expected human pixels, in pixels of the view's centre.
        roi_share: (R,) of the region, in [0, 1].
        person_share: (R,) of the person who is most inside, in [0, 1].
        overlap: (R,) overlap coefficient, in [0, 1].
        bottom_centre: (R,) whether the bottom centre of a person's box is inside.
        person_px: R arrays, weights of the persons who are inside with ``part`` or more.
    """

    expected_px: FloatVector
    roi_share: FloatVector
    person_share: FloatVector
    overlap: FloatVector
    bottom_centre: BoolVector
    person_px: tuple[FloatVector, ...]


@dataclass(frozen=True, kw_only=True)
class LikelyBox:
    """The network's mean probability of a person over what lies together in a box."""

    box: Box
    probability: float


class RoiMeter:
    """Measures label maps of one size against the regions of a camera.

    Args:
        masks: one or more regions.
        weights_hw: (H, W) what each pixel weighs.
        part: overlap from which a person counts among those who are inside.
    """

    def __init__(self, masks: Sequence[RoiMask], weights_hw: WeightImage, part: float) -> None:
        self._masks = masks
        self._part = part
        self._weights = weights_hw.astype(np.float64)
        self._roi_weights = [np.where(mask.inside_hw, self._weights, 0.0) for mask in masks]
        self.roi_px = np.array([weights.sum() for weights in self._roi_weights])
        self._union = np.logical_or.reduce([mask.inside_hw for mask in masks])

    def measure(
        self, people_hw: npt.NDArray[np.bool_], likely: Sequence[LikelyBox] = ()
    ) -> FrameOverlap | None:
        """What one frame shows of each region; None where nobody is in any.

        Args:
            people_hw: (H, W) pixels that show a person.
            likely: how probable persons are in boxes of this frame; 1 for those in none.
        """
        if not (people_hw & self._union).any():
            return None
        left, top, width, height = cv2.boundingRect(people_hw.view(np.uint8))
        crop = np.s_[top : top + height, left : left + width]
        count, parts, stats, _ = cv2.connectedComponentsWithStats(
            np.ascontiguousarray(people_hw[crop]).view(np.uint8), connectivity=8
        )
        stats = stats[1:] + np.array([left, top, 0, 0, 0], np.int32)  # the first is nobody
        probability = _probabilities(stats, likely)
        flat = parts.ravel()
        person_px = np.bincount(flat, self._weights[crop].ravel(), count)[1:]
        inside = np.stack(  # (R, persons)
            [np.bincount(flat, weights[crop].ravel(), count)[1:] for weights in self._roi_weights]
        )
        roi_px = np.maximum(self.roi_px, 1e-12)
        least = np.minimum(np.maximum(person_px, 1e-12)[None], roi_px[:, None])
        overlap = inside / least
        feet = _bottom_centres(stats)
        return FrameOverlap(
            expected_px=(probability * inside).sum(1),
            roi_share=inside.sum(1) / roi_px,
            person_share=(inside / np.maximum(person_px, 1e-12)).max(1),
            overlap=overlap.max(1),
            bottom_centre=np.array([mask.inside_hw[feet].any() for mask in self._masks]),
            person_px=tuple(person_px[row >= self._part] for row in overlap),
        )


def _probabilities(stats: npt.NDArray[np.int32], likely: Sequence[LikelyBox]) -> FloatVector:
    """Of each part that of the smallest box around it."""
    found = np.ones(len(stats))
    by_size = sorted(likely, key=lambda one: -one.box.area)
    for part, (x, y, width, height, _) in enumerate(stats.tolist()):
        for one in by_size:
            box = one.box
            across = box.x0 <= x and x + width <= box.x1
            if across and box.y0 <= y and y + height <= box.y1:
                found[part] = one.probability
    return found


def _bottom_centres(
    stats: npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and columns of the middle of each box's lowest row of pixels."""
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    rows = top + stats[:, cv2.CC_STAT_HEIGHT] - 1
    columns = left + stats[:, cv2.CC_STAT_WIDTH] // 2
    return rows.astype(np.int64), columns.astype(np.int64)
