"""Exponential smoothing of probabilities over the frames of one fixed camera.

    s_t = w s_(t-1) + (1 - w) p_t

Where something moves, the past is about another thing: by default only pixels around which the
picture stood still are smoothed, and the others start anew.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from segmentation.inference.frame_motion import moved

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

#: Mean change of luma between two frames of one view, in levels of 255, that no mover makes: a
#: cut, a camera that was turned, a light that was switched.
CUT_LEVELS = 30.0


class TemporalSmoother:
    """The state of one camera: the smoothed map and the frame that it belongs to.

    It forgets at a cut and at a frame of another size. Gaps in time are for the caller to know: a
    new smoother after each.

    Args:
        weight: w, share of the past in [0, 1).
        still_only: smooth only where the picture stood still.
    """

    def __init__(self, weight: float, *, still_only: bool) -> None:
        self._weight, self._still_only = weight, still_only
        self._past: tuple[F32, U8] | None = None

    def smooth(self, probability_hw: F32, frame_hwc_rgb: U8) -> F32:
        """The next map, smoothed.

        Args:
            probability_hw: (H, W) in [0, 1]; stays as it is.
            frame_hwc_rgb: (H, W, 3) uint8, the frame that it was found on.

        Returns:
            (H, W) float32 in [0, 1].
        """
        out = probability_hw
        if self._past is not None and _is_same_view(self._past[1], frame_hwc_rgb):
            before, frame_before = self._past
            smoothed = self._weight * before + (1.0 - self._weight) * probability_hw
            if self._still_only:
                smoothed = np.where(moved(frame_before, frame_hwc_rgb), probability_hw, smoothed)
            out = np.asarray(smoothed, np.float32)
        self._past = (out, frame_hwc_rgb)
        return out


def _is_same_view(before_hwc: U8, after_hwc: U8) -> bool:
    if before_hwc.shape != after_hwc.shape:
        return False
    grey = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before_hwc, after_hwc))
    return float(cv2.absdiff(*grey).mean()) < CUT_LEVELS
