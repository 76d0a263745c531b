"""The guided filter: a map is smoothed, but not across the edges of the picture beside it.

He, Sun and Tang, "Guided Image Filtering", TPAMI 2013 (ECCV 2010), equations 5, 6 and 8: in every
window the map is fitted by a line a * guide + b, and each pixel takes the mean over the windows
that hold it. Every mean is a box filter, so the cost does not depend on the radius.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]


def guided_filter(map_hw: F32, guide_hw: F32, *, radius_px: int, epsilon: float) -> F32:
    """Smooth a map along the edges of a guide.

    Args:
        map_hw: (H, W).
        guide_hw: (H, W) luma in [0, 1].
        radius_px: windows are 2 r + 1 wide; at the border they are cut off.
        epsilon: variance of the guide below which a window counts as flat.

    Returns:
        (H, W); may exceed the range of the map a little beside strong edges.
    """
    side = 2 * radius_px + 1

    def total(values: F32) -> F32:
        summed = cv2.boxFilter(
            values, cv2.CV_32F, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT
        )
        return np.asarray(summed, np.float32)

    px = total(np.ones_like(map_hw))
    mean_guide, mean_map = total(guide_hw) / px, total(map_hw) / px
    covariance = total(guide_hw * map_hw) / px - mean_guide * mean_map
    variance = total(guide_hw * guide_hw) / px - mean_guide * mean_guide
    slope = covariance / (variance + epsilon)
    offset = mean_map - slope * mean_guide
    return np.asarray((total(slope) * guide_hw + total(offset)) / px, np.float32)
