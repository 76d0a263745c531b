"""Crops, warps and flips; image and mask move together.

Every function takes the generator that decides: the same generator state gives the same crop.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.config import TrainConfig
from segmentation.data import U8, Sample, resize_image, resize_mask
from segmentation.training.warping import MARGIN, PADDING_RGB, Warp, draw_warp, warped

#: A crop shows at least this share of itself along the image's shorter side; the rest is padding.
MIN_COVER = 0.85
#: Pixels are never enlarged more than this: there is nothing to see in them.
MAX_ENLARGEMENT = 2.0
#: Width against height changes by at most this factor.
ASPECT = 1.15


@dataclass(frozen=True)
class Crop:
    """A square of an image and of its mask, seen through the same window.

    Args:
        image_hwc_rgb: (crop_px, crop_px, 3) uint8.
        mask_hw: (crop_px, crop_px) uint8; IGNORE outside the image.
    """

    image_hwc_rgb: U8
    mask_hw: U8


@dataclass(frozen=True)
class Window:
    """A rectangle of an image, in its pixels; it may reach beyond the borders."""

    x0: int
    y0: int
    width: int
    height: int


def random_crop(
    sample: Sample, person_share: float, config: TrainConfig, rng: np.random.Generator
) -> Crop:
    """Scale, place, warp and flip a window.

    Args:
        sample: an image with its mask.
        person_share: height of its tallest person as a fraction of the image's; 0 for nobody.
        config: crop size, person heights, shares of crops placed on a person and warped.
        rng: decides.
    """
    scale = draw_scale(sample.mask_hw.shape[0], sample.mask_hw.shape[1], person_share, config, rng)
    window = _place(sample.mask_hw, scale, config, rng)
    warp = draw_warp(config, rng)
    if warp is None:
        crop = cut(sample, window, config.crop_px)
    else:
        crop = cut_warped(sample, window, warp, config.crop_px)
    if rng.random() < 0.5:  # left and right are alike
        crop = Crop(
            np.ascontiguousarray(crop.image_hwc_rgb[:, ::-1]),
            np.ascontiguousarray(crop.mask_hw[:, ::-1]),
        )
    return crop


def draw_scale(
    height: int, width: int, person_share: float, config: TrainConfig, rng: np.random.Generator
) -> float:
    """Crop pixels per image pixel, so that the tallest person gets a height of the stated range.

    Log-uniform, because half as tall is as far as twice as tall. Bounded so that the crop is
    neither mostly padding nor a blur.
    """
    smallest = min(MIN_COVER * config.crop_px / min(height, width), MAX_ENLARGEMENT)
    if person_share > 0:
        wanted_px = log_uniform(config.min_person_px, config.max_person_px, rng)
        scale = wanted_px / (person_share * height)
    else:
        scale = log_uniform(smallest, max(smallest, 1.25), rng)
    return float(np.clip(scale, smallest, MAX_ENLARGEMENT))


def log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    """A number between the two, each doubling as likely as any other."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _place(mask_hw: U8, scale: float, config: TrainConfig, rng: np.random.Generator) -> Window:
    stretch = log_uniform(1 / ASPECT, ASPECT, rng) ** 0.5
    width = max(1, round(config.crop_px / scale * stretch))
    height = max(1, round(config.crop_px / scale / stretch))
    centred = rng.random() < config.person_centred_share
    people = np.flatnonzero(mask_hw == HUMAN) if centred else np.empty(0, np.int64)
    if people.size:
        y, x = divmod(int(people[rng.integers(people.size)]), mask_hw.shape[1])
        x0 = _within(round(x - width * rng.uniform(0.2, 0.8)), mask_hw.shape[1] - width)
        y0 = _within(round(y - height * rng.uniform(0.2, 0.8)), mask_hw.shape[0] - height)
    else:
        x0, y0 = _any_start(mask_hw.shape[1], width, rng), _any_start(mask_hw.shape[0], height, rng)
    return Window(x0=x0, y0=y0, width=width, height=height)


def _within(start: int, spare: int) -> int:
    """The nearest start at which the window leaves out no more of the image than it must."""
    return min(max(start, min(0, spare)), max(0, spare))


def _any_start(image_px: int, window_px: int, rng: np.random.Generator) -> int:
    """Where a window may begin along one axis without leaving out more than it must."""
    spare = image_px - window_px
    return int(rng.integers(min(0, spare), max(0, spare) + 1))


def cut(sample: Sample, window: Window, crop_px: int) -> Crop:
    """What a window shows, resized to a square; padding is IGNORE."""
    height, width = sample.mask_hw.shape
    left, top = max(0, -window.x0), max(0, -window.y0)
    right = max(0, window.x0 + window.width - width)
    bottom = max(0, window.y0 + window.height - height)
    rows = slice(max(0, window.y0), max(0, window.y0 + window.height))
    columns = slice(max(0, window.x0), max(0, window.x0 + window.width))
    borders = (top, bottom, left, right, cv2.BORDER_CONSTANT)
    image = cv2.copyMakeBorder(sample.image_hwc_rgb[rows, columns], *borders, value=PADDING_RGB)
    mask = cv2.copyMakeBorder(sample.mask_hw[rows, columns], *borders, value=IGNORE)
    size = (crop_px, crop_px)
    return Crop(
        resize_image(np.asarray(image, np.uint8), size),
        resize_mask(np.asarray(mask, np.uint8), size),
    )


def cut_warped(sample: Sample, window: Window, warp: Warp, crop_px: int) -> Crop:
    """What a window shows, warped; it sees beyond its edges, padding beyond the image's."""
    cut_px = 2 * round(MARGIN * crop_px / 2)
    width = round(window.width * cut_px / crop_px)
    height = round(window.height * cut_px / crop_px)
    grown = Window(
        x0=window.x0 - (width - window.width) // 2,
        y0=window.y0 - (height - window.height) // 2,
        width=width,
        height=height,
    )
    large = cut(sample, grown, cut_px)
    return Crop(*warped(large.image_hwc_rgb, large.mask_hw, warp, crop_px))
