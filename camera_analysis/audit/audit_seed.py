"""What somebody who knows the seed of a filter puts back: Kerckhoffs's attacker.

The seed says where a person's own pixels went. The attacker also knows the method, its strength and
what was hidden; video coding, which would cost some of it, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from camera_analysis.audit.audit_people import BoolImage, ImageRgb
from camera_analysis.privacy.background_filters import masked_blur
from camera_analysis.privacy.privacy_abstract import tiles_of
from camera_analysis.privacy.privacy_warp import order_of, waves_of

#: Standard deviation in pixels by which gaps between pixels that were put back are filled.
_GAP_PX = 1.0


def put_back(
    method: str, hidden_rgb: ImageRgb, mask_hw: BoolImage, *, detail_px: int, seed: int
) -> ImageRgb:
    """The frame with people restored as far as the seed allows.

    Args:
        method: one of :data:`SEEDED`.
        hidden_rgb: (H, W, 3) uint8, the hidden frame.
        mask_hw: (H, W) True where it was hidden.
        detail_px: the scale of the filter in pixels.
        seed: of the filter.
    """
    return SEEDED[method](hidden_rgb, mask_hw, detail_px, seed)


def _unscrambled(hidden_rgb: ImageRgb, mask_hw: BoolImage, _: int, seed: int) -> ImageRgb:
    pixels = np.empty_like(hidden_rgb[mask_hw])
    pixels[order_of(len(pixels), seed)] = hidden_rgb[mask_hw]
    out = hidden_rgb.copy()
    out[mask_hw] = pixels
    return out


def _unwarped(hidden_rgb: ImageRgb, mask_hw: BoolImage, detail_px: int, seed: int) -> ImageRgb:
    """Each pixel goes where it came from; what nothing came from is filled from around."""
    height, width = mask_hw.shape
    across, down = waves_of(height, width, detail_px, seed)
    rows, columns = np.nonzero(mask_hw)
    from_y = np.clip((rows + down[mask_hw]).round().astype(int), 0, height - 1)
    from_x = np.clip((columns + across[mask_hw]).round().astype(int), 0, width - 1)
    back = np.where(mask_hw[..., None], np.uint8(0), hidden_rgb)
    known = ~mask_hw
    back[from_y, from_x], known[from_y, from_x] = hidden_rgb[rows, columns], True
    filled = masked_blur(back, known, _GAP_PX)
    best = np.where(known[..., None], back, filled)
    return np.where(mask_hw[..., None], best, hidden_rgb)


def _without_grout(hidden_rgb: ImageRgb, mask_hw: BoolImage, detail_px: int, seed: int) -> ImageRgb:
    """Tiles without the lines between them, run into each other."""
    _, grout_hw = tiles_of(*mask_hw.shape, detail_px, seed)
    smooth = masked_blur(hidden_rgb, mask_hw & ~grout_hw, detail_px / 4)
    return np.where(mask_hw[..., None], smooth, hidden_rgb)


#: How each filter whose seed says where a person's pixels went is undone.
SEEDED: Mapping[str, Callable[[ImageRgb, BoolImage, int, int], ImageRgb]] = {
    "mosaic": _without_grout,
    "warp": _unwarped,
    "scramble": _unscrambled,
}
