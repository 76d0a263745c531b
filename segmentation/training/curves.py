"""Curves of a training: the parts of the loss and the validation IoU against steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dataset_build import charts
from segmentation.training.checkpoint import HistoryRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = 200  # points of a smoothed curve


def draw_curves(history: Sequence[HistoryRow], path: Path, *, title: str) -> Path | None:
    """Loss and validation IoU against steps."""
    if not history or not charts.can_draw():
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
    # beside the curves: they fill the plot, each in a band of its own
    above.legend(fontsize=charts.FONT_PT, loc="upper left", bbox_to_anchor=(1.0, 1.0))
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
