"""Judged samples as pictures: image, mask and prediction side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_build import charts
from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.data import U8, resize_image, resize_mask

#: Height and width of one picture on the sheet of worst samples.
TILE_HW = (240, 320)
_GAP_PX = 12
_ROW_IN = 1.85  # a row of three tiles, 6 inches wide, and its caption
_HUMAN_RGB = np.array([255, 115, 0], np.float32)  # orange: told apart from grass, sky and skin
_UNLABELLED_RGB = np.array([128, 128, 128], np.float32)
_CAPTION = 62  # characters that fit above a row


@dataclass(frozen=True, kw_only=True)
class JudgedSample:
    """A sample with what was predicted, small enough to keep a few of.

    Args:
        caption: what to know about it, in one line.
        image_hwc_rgb: (h, w, 3) uint8.
        mask_hw: (h, w) uint8 of NOT_HUMAN, HUMAN and IGNORE.
        predicted_hw: (h, w) uint8, HUMAN where a human is predicted.
    """

    caption: str
    image_hwc_rgb: U8
    mask_hw: U8
    predicted_hw: U8


def judged_sample(caption: str, image: U8, mask: U8, predicted: U8) -> JudgedSample:
    """Bring image, truth and prediction to the size of a tile; the aspect stays."""
    scale = min(tile / side for tile, side in zip(TILE_HW, mask.shape, strict=True))
    height, width = (max(1, round(side * scale)) for side in mask.shape)
    return JudgedSample(
        caption=caption,
        image_hwc_rgb=resize_image(image, (height, width)),
        mask_hw=resize_mask(mask, (height, width)),
        predicted_hw=resize_mask(predicted, (height, width)),
    )


def draw_worst(samples: Sequence[JudgedSample], path: Path) -> Path | None:
    """One row per sample: image, truth, prediction; humans are orange, unlabelled is grey."""
    if not samples or not charts.can_draw():
        return None
    figure = charts.new_figure(_ROW_IN * len(samples) + 0.8)
    axes = figure.subplots(len(samples), 1, squeeze=False)[:, 0]
    figure.suptitle(
        "Worst samples: image, truth, prediction\n(orange: human, grey: not labelled)",
        fontsize=charts.FONT_PT + 1,
    )
    for cell, sample in zip(axes, samples, strict=True):
        cell.imshow(_row(sample))
        cell.set_axis_off()
        caption = _shortened(sample.caption)  # names a file, whose dollar signs are no formula
        cell.set_title(caption, fontsize=charts.FONT_PT, loc="left", parse_math=False)
    return charts.save(figure, path)


def _row(sample: JudgedSample) -> U8:
    """Image, truth and prediction side by side, each in the middle of its tile."""
    height, width = TILE_HW
    sheet = np.full((height, 3 * width + 2 * _GAP_PX, 3), 255, np.uint8)
    pictures = (
        sample.image_hwc_rgb,
        overlay(sample.image_hwc_rgb, sample.mask_hw),
        overlay(sample.image_hwc_rgb, sample.predicted_hw),
    )
    for place, picture in enumerate(pictures):
        y0 = (height - picture.shape[0]) // 2
        x0 = place * (width + _GAP_PX) + (width - picture.shape[1]) // 2
        sheet[y0 : y0 + picture.shape[0], x0 : x0 + picture.shape[1]] = picture
    return sheet


def _shortened(caption: str) -> str:
    """The end of a caption that is too long: sample ids differ there."""
    return caption if len(caption) <= _CAPTION else "…" + caption[1 - _CAPTION :]


def overlay(image_hwc_rgb: U8, mask_hw: U8) -> U8:
    """The image with humans tinted and unlabelled pixels greyed; (H, W, 3) uint8."""
    picture = image_hwc_rgb.astype(np.float32)
    for value, colour in ((HUMAN, _HUMAN_RGB), (IGNORE, _UNLABELLED_RGB)):
        chosen = mask_hw == value
        picture[chosen] = 0.4 * picture[chosen] + 0.6 * colour
    return picture.astype(np.uint8)
