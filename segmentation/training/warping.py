"""Rotation, elastic deformation and a fisheye's bend; image and mask move through one map.

All three are written as one map from each pixel of the crop to a point of a larger cut, so that
an image is resampled once however many of them meet; torchvision's transforms would resample it
once each.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dataset_build.sources.label_maps import IGNORE
from segmentation.config import TrainConfig
from segmentation.data import U8

#: Colour of what lies outside the image: the mean of photographs.
PADDING_RGB = (124, 116, 104)
#: Sides of the cut that a warped crop is taken from, relative to the crop's: corners turn inwards.
MARGIN = 1.25

_ROTATION_DEG = 12.0  # to either side; cameras hang askew, people seldom lean further
_ELASTIC_GRID = 5  # knots along a side: a limb bends, a finger does not
_ELASTIC_SHARE = (0.005, 0.02)  # standard deviation of a knot's shift, of the side; no folds
_FISHEYE = (0.1, 0.5)  # how much nearer the middle is drawn than the middle of an edge

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Warp:
    """What happens to one crop; the default is nothing.

    Args:
        degrees: turn, counted anticlockwise as the picture is seen.
        fisheye: 0 is a straight lens; k draws the middle 1 + k times as large.
        knots: (2, n, n) shifts along x and y, in sides of the crop; None bends nothing.
    """

    degrees: float = 0.0
    fisheye: float = 0.0
    knots: F32 | None = None


def draw_warp(config: TrainConfig, rng: np.random.Generator) -> Warp | None:
    """Decide which warps a crop gets; None where it gets none."""
    turned, bent, lens = rng.random(3) < (
        config.rotate_share,
        config.elastic_share,
        config.fisheye_share,
    )
    if not (turned or bent or lens):
        return None
    return Warp(
        degrees=rng.uniform(-_ROTATION_DEG, _ROTATION_DEG) if turned else 0.0,
        fisheye=rng.uniform(*_FISHEYE) if lens else 0.0,
        knots=_draw_knots(rng) if bent else None,
    )


def warped(image_hwc_rgb: U8, mask_hw: U8, warp: Warp, crop_px: int) -> tuple[U8, U8]:
    """The middle of a square cut, warped.

    Args:
        image_hwc_rgb: (S, S, 3) with S at least ``crop_px``; the rest is room for corners.
        mask_hw: (S, S) of NOT_HUMAN, HUMAN and IGNORE.
        warp: what to do.
        crop_px: side of the result.

    Returns:
        Image and mask of that side. Points beyond the cut are padding and IGNORE.
    """
    x, y = source_points(warp, crop_px, mask_hw.shape[0])
    border = cv2.BORDER_CONSTANT
    image = cv2.remap(image_hwc_rgb, x, y, cv2.INTER_LINEAR, None, border, PADDING_RGB)
    mask = cv2.remap(mask_hw, x, y, cv2.INTER_NEAREST, None, border, IGNORE)
    return np.asarray(image, np.uint8), np.asarray(mask, np.uint8)


def source_points(warp: Warp, crop_px: int, cut_px: int) -> tuple[F32, F32]:
    """Where in the cut each pixel of the crop comes from.

    Returns:
        x and y, each (crop_px, crop_px) float32, in pixels of the cut; pixel centres are whole.
    """
    half = crop_px / 2
    line = (np.arange(crop_px, dtype=np.float32) + 0.5 - half) / half  # [-1, 1] across the crop
    x, y = np.meshgrid(line, line)
    if warp.knots is not None:
        size, mode = (crop_px, crop_px), cv2.INTER_CUBIC
        x = x + 2 * cv2.resize(warp.knots[0], size, interpolation=mode)
        y = y + 2 * cv2.resize(warp.knots[1], size, interpolation=mode)
    if warp.fisheye:
        bend = (1 + warp.fisheye * (x * x + y * y)) / (1 + warp.fisheye)
        x, y = x * bend, y * bend
    angle = np.deg2rad(warp.degrees)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x, y = cos * x - sin * y, sin * x + cos * y
    middle = (cut_px - 1) / 2
    return np.asarray(x * half + middle, np.float32), np.asarray(y * half + middle, np.float32)


def _draw_knots(rng: np.random.Generator) -> F32:
    shifts = rng.standard_normal((2, _ELASTIC_GRID, _ELASTIC_GRID)) * rng.uniform(*_ELASTIC_SHARE)
    return np.asarray(shifts, np.float32)
