"""Where the picture itself changed between two frames of a fixed camera."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]

#: A change of any colour beyond this is motion or light, not noise of the sensor.
NOISE_LEVELS = 12
#: Pixels this near to a moving one may belong to the mover's outline.
MARGIN_PX = 4


def moved(before_hwc: U8, after_hwc: U8) -> npt.NDArray[np.bool_]:
    """Where the picture changed between two (H, W, 3) frames, or near it: (H, W) bool."""
    red, green, blue = cv2.split(cv2.absdiff(before_hwc, after_hwc))
    change = cv2.max(cv2.max(red, green), blue) > NOISE_LEVELS
    square = np.ones((2 * MARGIN_PX + 1, 2 * MARGIN_PX + 1), np.uint8)
    return np.asarray(cv2.dilate(change.astype(np.uint8), square) > 0, np.bool_)
