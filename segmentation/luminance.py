"""Luminance histogram equalization: of some crops in training, and before networks that want it."""

from __future__ import annotations

import cv2
import numpy as np

from segmentation.data import U8


def equalize_luminance(image_hwc_rgb: U8) -> U8:
    """A picture with a flat histogram of luma; colours keep their hue.

    Args:
        image_hwc_rgb: (H, W, 3) uint8; stays as it is.

    Returns:
        (H, W, 3) uint8.
    """
    planes = cv2.cvtColor(image_hwc_rgb, cv2.COLOR_RGB2YCrCb)
    planes[..., 0] = cv2.equalizeHist(planes[..., 0])
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YCrCb2RGB), np.uint8)
