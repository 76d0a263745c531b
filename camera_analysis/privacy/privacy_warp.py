"""Filters that move or mix a person's own pixels: warp, morph, scramble."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.privacy.privacy_blur import blurred
from camera_analysis.privacy.privacy_frame import FilterInput, ImageRgb, boxes_of, paste, regions_of

FloatImage = npt.NDArray[np.float32]

#: Share of the drawn figure in a morph; the rest is the person, blurred.
_FIGURE_SHARE = 0.6
#: Head, torso and legs of the figure that people are morphed into, from top to bottom.
_FIGURE_RGB = ((205, 170, 145), (90, 110, 140), (60, 60, 75))
_FIGURE_ENDS = (0.16, 0.52, 1.0)


def warp(given: FilterInput) -> ImageRgb:
    """Each pixel shows one that lies up to a detail away, in waves two details long."""
    height, width = given.mask_hw.shape
    shift_x, shift_y = waves_of(height, width, given.detail_px, given.seed)
    out = given.frame_rgb.copy()
    for y, x in boxes_of(given.mask_hw):
        rows, columns = np.mgrid[y, x].astype(np.float32)
        moved = cv2.remap(
            given.frame_rgb,
            columns + shift_x[y, x],
            rows + shift_y[y, x],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        paste(np.asarray(moved, np.uint8), given.mask_hw[y, x].view(np.uint8), out[y, x])
    return out


def morph(given: FilterInput) -> ImageRgb:
    """Each person's shape, filled with a mixture of their blurred self and a drawn figure."""
    out = given.frame_rgb.copy()
    for region in regions_of(given.mask_hw):
        person = blurred(given.frame_rgb[region.crop], given.detail_px / 2)
        figure = _figure(person.shape[:2])
        mixed = cv2.addWeighted(figure, _FIGURE_SHARE, person, 1 - _FIGURE_SHARE, 0.0)
        paste(np.asarray(mixed, np.uint8), region.mask_hw, out[region.crop])
    return out


def scramble(given: FilterInput) -> ImageRgb:
    """The person's pixels in another order, which the seed gives.

    This is no encryption: colours stay, and who guesses the seed puts them back. What must be
    undone by some and by nobody else is :mod:`camera_analysis.privacy.scramble`.
    """
    out = given.frame_rgb.copy()
    pixels = given.frame_rgb[given.mask_hw]
    out[given.mask_hw] = pixels[order_of(len(pixels), given.seed)]
    return out


def order_of(pixels: int, seed: int) -> npt.NDArray[np.int64]:
    """(N,) which pixel of a person, row by row, each of them shows when scrambled."""
    return np.asarray(np.random.default_rng(seed).permutation(pixels), np.int64)


@lru_cache(maxsize=4)
def waves_of(height: int, width: int, detail_px: int, seed: int) -> tuple[FloatImage, FloatImage]:
    """Smooth random shifts in x and y, up to a detail far: the same in every frame."""
    random = np.random.default_rng(seed)
    small = (max(2, -(-height // (2 * detail_px))), max(2, -(-width // (2 * detail_px))))
    shifts = random.uniform(-detail_px, detail_px, (2, *small)).astype(np.float32)
    across, down = (
        np.asarray(cv2.resize(shift, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        for shift in shifts
    )
    return across, down


def _figure(shape: tuple[int, ...]) -> ImageRgb:
    """(h, w, 3) bands of head, torso and legs, darker towards both sides, as a round body is."""
    height, width = shape[:2]
    rows = (np.arange(height) + 0.5) / height
    bands = np.array(_FIGURE_RGB, np.float32)[np.searchsorted(_FIGURE_ENDS, rows)]
    across = (np.arange(width) + 0.5) / width * 2 - 1
    shade = 1 - 0.5 * across**2
    return (bands[:, None] * shade[None, :, None]).astype(np.uint8)
