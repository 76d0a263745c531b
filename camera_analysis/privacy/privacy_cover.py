"""Filters that put something else in a person's place: nothing of their look is used."""

from __future__ import annotations

import numpy as np

from camera_analysis.privacy.privacy_frame import FilterInput, ImageRgb, boxes_of, paste

#: Grey of a solid mask: seen on light and on dark grounds.
MASK_RGB = (128, 128, 128)


def blank(given: FilterInput) -> ImageRgb:
    """The background plate, as if nobody were there; black where there is none."""
    plate = given.plate_rgb if given.plate_rgb is not None else np.zeros_like(given.frame_rgb)
    out = given.frame_rgb.copy()
    paste(plate, given.mask_hw.view(np.uint8), out)
    return out


def solid_mask(given: FilterInput) -> ImageRgb:
    """One grey for everybody."""
    out = given.frame_rgb.copy()
    for crop in boxes_of(given.mask_hw):
        out[crop][given.mask_hw[crop]] = MASK_RGB
    return out
