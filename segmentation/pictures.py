"""Pictures of a training and of an evaluation. Where matplotlib is not installed there are none."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dataset_build import charts
from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.data import U8, resize_image, resize_mask

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from segmentation.checkpoint import HistoryRow

#: Height and width of one picture on the sheet of worst samples.
TILE_HW = (240, 320)
_GAP_PX = 12
_ROW_IN = 1.85  # a row of three tiles, 6 inches wide, and its caption
_HUMAN_RGB = np.array([255, 115, 0], np.float32)  # orange: told apart from grass, sky and skin
_UNLABELLED_RGB = np.array([128, 128, 128], np.float32)
_CAPTION = 62  # characters that fit above a row
_SHOWN = 200  # points of a smoothed curve

_log = logging.getLogger(__name__)


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
    if not samples or not can_draw():
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


def draw_curves(history: Sequence[HistoryRow], path: Path, *, title: str) -> Path | None:
    """Loss and validation IoU against steps."""
    if not history or not can_draw():
        return None
    figure = charts.new_figure(5.0)
    above, below = figure.subplots(2, 1, sharex=True)
    steps = np.array([row.step for row in history])
    parts = ("loss", "pixel_loss", "region_loss", "auxiliary_loss", "detail_loss")
    for number, field in enumerate(parts):
        values = np.array([getattr(row, field) for row in history], np.float64)
        if not values.any():
            continue  # a head that this network does not have
        name = "total" if field == "loss" else field.removesuffix("_loss")
        _smoothed(above, steps, values, name, charts.colour_of(number))
    charts.label(above, title=title, x="", y="loss of the batch")
    above.set_ylim(bottom=0)
    above.legend(fontsize=charts.FONT_PT, ncols=3, loc="lower left")
    _validation(below, history)
    charts.label(below, title="", x="step", y="validation IoU (%)")
    below.set_ylim(0, 100)
    return charts.save(figure, path)


def _validation(axes: Axes, history: Sequence[HistoryRow]) -> None:
    seen = [(row.step, 100 * row.val_iou) for row in history if row.val_iou is not None]
    if not seen:
        axes.text(0.5, 0.5, "not validated", transform=axes.transAxes, fontsize=charts.FONT_PT)
        return
    steps, scores = zip(*seen, strict=True)
    axes.plot(steps, scores, marker="o", color=charts.colour_of(5), label="averaged weights")
    axes.legend(fontsize=charts.FONT_PT)


def _smoothed(
    axes: Axes,
    steps: npt.NDArray[np.int_],
    values: npt.NDArray[np.float64],
    name: str,
    colour: str,
) -> None:
    """Means of equal stretches: 4,000 single steps would be a black band."""
    stretches = np.array_split(np.arange(len(values)), min(len(values), _SHOWN))
    x = [float(steps[part].mean()) for part in stretches]
    y = [float(values[part].mean()) for part in stretches]
    axes.plot(x, y, label=name, color=colour)


def can_draw() -> bool:
    """Whether matplotlib is installed; says so in the log where it is not."""
    if find_spec("matplotlib") is None:
        _log.info("matplotlib is not installed: no picture is drawn")
        return False
    return True
