"""Filters that draw a person anew from their look: mosaic, cartoon, edges, false colours.

They leave more of a person than a cover does: how much, the audit of a method measures.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.privacy.privacy_blur import blurred
from camera_analysis.privacy.privacy_frame import FilterInput, ImageRgb, IntImage, boxes_of, paste

#: Grey levels between two colours of a cartoon.
_CARTOON_STEP = 64
#: Steps of brightness that go on with an edge, and that begin one.
_EDGE_LEVELS = (10, 30)
#: Dark line between the tiles of a mosaic.
_GROUT_RGB = (40, 40, 40)


def mosaic(given: FilterInput) -> ImageRgb:
    """Irregular tiles about as wide as the detail, in their mean colours, with lines between."""
    tiles_hw, grout_hw = tiles_of(*given.mask_hw.shape, given.detail_px, given.seed)
    out = given.frame_rgb.copy()
    for crop in boxes_of(given.mask_hw):
        picture = _tile_means(given.frame_rgb[crop], tiles_hw[crop])
        picture[grout_hw[crop]] = _GROUT_RGB
        paste(picture, given.mask_hw[crop].view(np.uint8), out[crop])
    return out


def cartoon(given: FilterInput) -> ImageRgb:
    """Few flat colours with dark outlines; patches narrower than the detail are merged."""
    out = given.frame_rgb.copy()
    for crop in boxes_of(given.mask_hw):
        person = given.frame_rgb[crop]
        smooth = _flattened(person, given.detail_px)
        colours = (smooth // _CARTOON_STEP) * _CARTOON_STEP + _CARTOON_STEP // 2
        colours[_outlines(smooth, 2) > 0] = 0
        paste(colours, given.mask_hw[crop].view(np.uint8), out[crop])
    return out


def edges(given: FilterInput) -> ImageRgb:
    """White outlines on black, of what is wider than half of the detail."""
    out = given.frame_rgb.copy()
    for crop in boxes_of(given.mask_hw):
        smooth = blurred(given.frame_rgb[crop], given.detail_px / 4)
        lines = _outlines(smooth, max(2, given.detail_px // 8))
        picture = np.repeat(lines[:, :, None], 3, axis=2)
        paste(picture, given.mask_hw[crop].view(np.uint8), out[crop])
    return out


def false_colours(given: FilterInput) -> ImageRgb:
    """Brightness as colours of a rainbow, blurred by an eighth of the detail before.

    After Ciftci, Akyuz and Ebrahimi, "A reliable and reversible image privacy protection based on
    false colors", IEEE Transactions on Multimedia 20, 2018; here without their way back.
    """
    out = given.frame_rgb.copy()
    for crop in boxes_of(given.mask_hw):
        grey = cv2.cvtColor(blurred(given.frame_rgb[crop], given.detail_px / 8), cv2.COLOR_RGB2GRAY)
        rainbow = cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
        paste(np.asarray(rainbow, np.uint8), given.mask_hw[crop].view(np.uint8), out[crop])
    return out


@lru_cache(maxsize=4)
def tiles_of(
    height: int, width: int, side: int, seed: int
) -> tuple[IntImage, npt.NDArray[np.bool_]]:
    """(H, W) tile of each pixel, and where the lines between them are: the same in every frame.

    Tiles are what is nearest to one point in each square of a grid.
    """
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height:side, 0:width:side]
    rows = np.minimum(rows + random.integers(0, side, rows.shape), height - 1)
    columns = np.minimum(columns + random.integers(0, side, columns.shape), width - 1)
    apart = np.ones((height, width), np.uint8)
    apart[rows, columns] = 0
    _, tiles = cv2.distanceTransformWithLabels(
        apart, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    grout = np.zeros((height, width), bool)
    grout[:, 1:] |= tiles[:, 1:] != tiles[:, :-1]
    grout[1:] |= tiles[1:] != tiles[:-1]
    return np.asarray(tiles, np.int32), grout & (side >= 6)


def _tile_means(picture: ImageRgb, tiles_hw: IntImage) -> ImageRgb:
    """The picture with each tile in the mean colour of what of it lies in the picture."""
    numbers = tiles_hw.ravel() - int(tiles_hw.min())
    pixels = np.maximum(np.bincount(numbers), 1)
    means = [
        np.bincount(numbers, weights=picture[:, :, channel].ravel()) / pixels
        for channel in range(3)
    ]
    colours = np.stack(means, axis=1).round().astype(np.uint8)
    return np.asarray(colours[numbers].reshape(picture.shape))


def _flattened(person: ImageRgb, detail_px: int) -> ImageRgb:
    """Patches narrower than the detail take the colour around them: a median, reduced."""
    shrink = max(1.0, detail_px / 5)
    height, width = person.shape[:2]
    small_wh = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = cv2.medianBlur(cv2.resize(person, small_wh, interpolation=cv2.INTER_AREA), 5)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _outlines(picture: ImageRgb, wide_px: int) -> npt.NDArray[np.uint8]:
    """(h, w) uint8, 255 on edges of brightness, drawn so many pixels wide."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    lines = cv2.Canny(grey, *_EDGE_LEVELS)
    return np.asarray(cv2.dilate(lines, np.ones((wide_px, wide_px), np.uint8)), np.uint8)
