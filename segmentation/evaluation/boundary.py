"""Boundary IoU: do the contours of truth and prediction agree?

Cheng, Girshick, Dollár, Berg and Kirillov, "Boundary IoU: Improving Object-Centric Image
Segmentation Evaluation", CVPR 2021, section 4. The IoU of large people hardly notices a wrong
contour, since most of their pixels lie inside; here only the pixels near a contour count.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import cv2
import numpy as np
import numpy.typing as npt

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.data import U8

#: Width of the band inside a contour as a share of the image's diagonal; the paper's for pictures
#: (16 px at 640 x 480).
BAND_OF_DIAGONAL = 0.02


@dataclass(frozen=True, kw_only=True)
class BoundaryCounts:
    """Pixels of the two bands.

    Args:
        hits: in both.
        either: in at least one.
    """

    hits: int
    either: int


def count_boundary(predicted_hw: npt.NDArray[np.bool_], mask_hw: U8) -> BoundaryCounts:
    """Compare the bands along the contours of truth and prediction.

    What is predicted on ignored pixels is cut off first: where the truth ends at an ignored ring,
    the prediction may end anywhere within the ring.

    Args:
        predicted_hw: (H, W) bool, True where a human is predicted.
        mask_hw: (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.
    """
    width_px = band_width_px(mask_hw.shape)
    truth = _band(mask_hw == HUMAN, width_px)
    found = _band(predicted_hw & (mask_hw != IGNORE), width_px)
    return BoundaryCounts(
        hits=int(np.count_nonzero(truth & found)), either=int(np.count_nonzero(truth | found))
    )


def band_width_px(size_hw: tuple[int, ...]) -> int:
    """Width of the band in an image of this height and width; at least one pixel."""
    return max(1, round(BAND_OF_DIAGONAL * hypot(*size_hw)))


def _band(human_hw: npt.NDArray[np.bool_], width_px: int) -> npt.NDArray[np.bool_]:
    """Human pixels within ``width_px`` of a pixel that is not human; outside the image none is."""
    if not human_hw.any():
        return human_hw
    padded = np.pad(human_hw.astype(np.uint8), width_px)
    square = np.ones((2 * width_px + 1, 2 * width_px + 1), np.uint8)
    inside = cv2.erode(padded, square)[width_px:-width_px, width_px:-width_px]
    return np.asarray(human_hw & (inside == 0), np.bool_)
