"""An evaluation for readers: a table with intervals, and a reliability plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataset_build import charts
from segmentation.evaluation.bootstrap import RESAMPLES, Interval
from segmentation.evaluation.calibration import BINS
from segmentation.evaluation.person_recall import LARGE_FROM, SMALL_BELOW
from segmentation.evaluation.scores import ScopeScores
from segmentation.metrics import ECE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TABLE_FILE = "metrics.md"
#: Score -> heading of its column.
HEADINGS: Mapping[str, str] = {
    "iou": "IoU",
    "dice": "Dice",
    "pixel_accuracy": "pixel accuracy",
    "boundary_iou": "boundary IoU",
    "recall_small": "small found",
    "recall_middle": "middle found",
    "recall_large": "large found",
    "empty_region_rate": "nobody there: false region",
    "empty_false_px_share": "nobody there: false pixels",
    ECE: "calibration error",
}
_NOTES = (
    f"Per cent; in brackets 95 % intervals over images ({RESAMPLES:,} bootstrap resamples)."
    " Ignored pixels count nowhere. Boundary IoU: Cheng et al. 2021, bands of 2 % of the diagonal."
    f" Found: persons (regions) of whom half the pixels are called human; small is below"
    f" {100 * SMALL_BELOW:.0f} % of the frame's height, large from {100 * LARGE_FROM:.0f} % on."
    " Nobody there: share of the images without people that show a false region of 16 pixels or"
    f" more, and share of their pixels. Calibration error: {BINS} bins."
)


def write_metrics_table(scopes: Sequence[ScopeScores], out: Path) -> Path:
    """Write ``metrics.md``: one row for all images and one per source."""
    lines = [
        f"| images of | n | {' | '.join(HEADINGS.values())} |",
        f"|---|---|{'---|' * len(HEADINGS)}",
    ]
    for scope in scopes:
        cells = [per_cent(scope.scores[name], scope.intervals[name]) for name in HEADINGS]
        lines.append(f"| {scope.scope} | {scope.images:,} | {' | '.join(cells)} |")
    (out / TABLE_FILE).write_text("\n".join([*lines, "", _NOTES]) + "\n", encoding="utf-8")
    return out / TABLE_FILE


def per_cent(score: float | None, interval: Interval | None) -> str:
    """``52.1 (48.0 to 56.3)``; a dash where nothing defines it."""
    if score is None:
        return "–"  # noqa: RUF001
    if interval is None:
        return f"{100 * score:.1f}"
    return f"{100 * score:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def draw_reliability(scope: ScopeScores, path: Path) -> Path | None:
    """What was predicted against what was so, and how many pixels each bin holds."""
    if not charts.can_draw() or not scope.bins("bin_px").any():
        return None
    figure = charts.new_figure(7.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    _diagonal(above, scope)
    error = scope.scores[ECE] or 0.0
    charts.label(
        above,
        title=f"Calibration: error {100 * error:.1f} % over {scope.images:,} images",
        x="",
        y="share of pixels that are human",
    )
    centres = (np.arange(BINS) + 0.5) / BINS
    below.bar(centres, scope.bins("bin_px"), width=0.9 / BINS, color=charts.colour_of(7))
    below.set_yscale("log")
    charts.label(below, title="", x="predicted probability of a human", y="pixels")
    return charts.save(figure, path)


def _diagonal(axes: Axes, scope: ScopeScores) -> None:
    px = scope.bins("bin_px")
    seen = px > 0
    said = scope.bins("bin_probability")[seen] / px[seen]
    so = scope.bins("bin_human_px")[seen] / px[seen]
    axes.plot([0, 1], [0, 1], color=charts.colour_of(7), linestyle="--", label="perfect")
    axes.plot(said, so, marker="o", color=charts.colour_of(0), label="this model")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.legend(fontsize=charts.FONT_PT, loc="upper left")
