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
from dataset_build.label_maps import HUMAN, IGNORE
from segmentation.data import U8, fitted_size, resize_image, resize_mask

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from segmentation.checkpoint import HistoryRow

#: Longer side of a picture within the sheet of worst samples.
TILE_PX = 320
_ROW_IN = 1.9
_TINT = np.array([230, 60, 20], np.float32)  # humans
_GREY = np.array([128, 128, 128], np.float32)  # not labelled
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
    """Shrink image, truth and prediction to a tile."""
    size_hw = fitted_size((mask.shape[0], mask.shape[1]), TILE_PX)
    return JudgedSample(
        caption=caption,
        image_hwc_rgb=resize_image(image, size_hw),
        mask_hw=resize_mask(mask, size_hw),
        predicted_hw=resize_mask(predicted, size_hw),
    )


def draw_worst(samples: Sequence[JudgedSample], path: Path) -> Path | None:
    """One row per sample: image, truth, prediction; humans are tinted red, unlabelled is grey."""
    if not samples or not _can_draw():
        return None
    figure = charts.new_figure(_ROW_IN * len(samples) + 0.6)
    axes = figure.subplots(len(samples), 3, squeeze=False)
    figure.suptitle(
        "Worst samples: red human, grey not labelled",
        fontsize=charts.FONT_PT + 1,
        x=0.01,
        ha="left",
    )
    for row, sample in zip(axes, samples, strict=True):
        pictures = (
            sample.image_hwc_rgb,
            overlay(sample.image_hwc_rgb, sample.mask_hw),
            overlay(sample.image_hwc_rgb, sample.predicted_hw),
        )
        for cell, picture, name in zip(row, pictures, ("", "truth", "prediction"), strict=True):
            cell.imshow(picture)
            cell.set_axis_off()
            cell.set_title(name, fontsize=charts.FONT_PT)
        row[0].set_title(sample.caption, fontsize=charts.FONT_PT, loc="left")
    return charts.save(figure, path)


def overlay(image_hwc_rgb: U8, mask_hw: U8) -> U8:
    """The image with humans tinted and unlabelled pixels greyed; (H, W, 3) uint8."""
    picture = image_hwc_rgb.astype(np.float32)
    for value, colour in ((HUMAN, _TINT), (IGNORE, _GREY)):
        chosen = mask_hw == value
        picture[chosen] = 0.4 * picture[chosen] + 0.6 * colour
    return picture.astype(np.uint8)


def draw_curves(history: Sequence[HistoryRow], path: Path, *, title: str) -> Path | None:
    """Loss and validation IoU against steps."""
    if not history or not _can_draw():
        return None
    figure = charts.new_figure(5.0)
    above, below = figure.subplots(2, 1, sharex=True)
    steps = np.array([row.step for row in history])
    for name, colour in (("loss", 0), ("bce", 1), ("dice", 2)):
        values = np.array([getattr(row, name) for row in history], np.float64)
        _smoothed(above, steps, values, name, charts.colour_of(colour))
    charts.label(above, title=title, x="", y="loss of the batch")
    above.legend(fontsize=charts.FONT_PT)
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


def _can_draw() -> bool:
    if find_spec("matplotlib") is None:
        _log.info("matplotlib is not installed: no picture is drawn")
        return False
    return True
