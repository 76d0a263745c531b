"""How alike two pictures are where it matters: PSNR and structural similarity on a mask."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

ImageRgb = npt.NDArray[np.uint8]
BoolImage = npt.NDArray[np.bool_]

_SIGMA, _C1, _C2 = 1.5, (0.01 * 255) ** 2, (0.03 * 255) ** 2


def psnr_db(one_rgb: ImageRgb, other_rgb: ImageRgb, mask_hw: BoolImage) -> float:
    """Peak signal-to-noise ratio over the mask's pixels and all channels; 99 where they are equal.

    Raises:
        ValueError: the mask is empty.
    """
    _require_some(mask_hw)
    off = one_rgb[mask_hw].astype(np.float64) - other_rgb[mask_hw]
    error = float((off**2).mean())
    return 99.0 if error == 0 else min(99.0, 10 * float(np.log10(255**2 / error)))


def ssim(one_rgb: ImageRgb, other_rgb: ImageRgb, mask_hw: BoolImage) -> float:
    """Structural similarity of brightness, mean over the mask's pixels; at most 1.

    Gaussian windows of standard deviation 1.5, constants 0.01 and 0.03 (Wang et al., TIP 2004).

    Raises:
        ValueError: the mask is empty.
    """
    _require_some(mask_hw)
    a, b = (
        cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        for picture in (one_rgb, other_rgb)
    )
    mean_a, mean_b = _blurred(a), _blurred(b)
    var_a, var_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    common = _blurred(a * b) - mean_a * mean_b
    brightness = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    structure = (2 * common + _C2) / (var_a + var_b + _C2)
    return float((brightness * structure)[mask_hw].mean())


def _blurred(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, (11, 11), _SIGMA), np.float32)


def _require_some(mask_hw: BoolImage) -> None:
    if not mask_hw.any():
        raise ValueError("no pixel to compare: the mask is empty")
