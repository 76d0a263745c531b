"""A comparison for readers: a table, and a plot of accuracy, speed and size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dataset_build import charts
from segmentation.evaluation.bootstrap import RESAMPLES, Interval
from segmentation.evaluation.evaluation_views import HEADINGS, per_cent
from segmentation.metrics import LESS_IS_BETTER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TABLE_FILE = "comparison.md"
NOT_MEASURED = "not measured"
_SHOWN = ("iou", "boundary_iou", "dice", "recall_small", "recall_middle", "empty_false_px_share")
#: Areas of dots in square points: of the largest network, and of the smallest that is seen.
_LARGEST_PT2, _LEAST_PT2 = 500.0, 12.0
_ROW_IN = 0.6

Row = Mapping[str, Any]


def write_comparison_table(
    rows: Sequence[Row], out: Path, *, metric: str, left_out: Mapping[str, str]
) -> Path:
    """Write ``comparison.md``: the best first, and below it what is missing and why."""
    names = [HEADINGS[name] for name in _SHOWN]
    lines = [
        f"| model | {' | '.join(names)} | behind the best | parameters | images/s | ms at p50 |",
        f"|---|{'---|' * (len(names) + 4)}",
    ]
    for row in rows:
        cells = [per_cent(row[name], _interval(row, name)) for name in _SHOWN]
        cells += [_behind(row), f"{row['parameters']:,}"]
        cells += [_number(row["images_per_s"]), _number(row["latency_p50_ms"])]
        lines.append(f"| {row['model']} | {' | '.join(cells)} |")
    text = "\n".join([*lines, "", *_notes(rows, metric, left_out)])
    (out / TABLE_FILE).write_text(text + "\n", encoding="utf-8")
    return out / TABLE_FILE


def _notes(rows: Sequence[Row], metric: str, left_out: Mapping[str, str]) -> list[str]:
    notes = [
        f"Per cent of the same {rows[0]['images']:,} test images; in brackets 95 % intervals"
        f" ({RESAMPLES:,} bootstrap resamples of images). Behind the best: difference of"
        f" {metric} in points, paired image by image; an interval that holds 0 means that neither"
        " is surely better."
    ]
    ways = sorted({str(row["speed_of"]) for row in rows} - {""})
    if ways:
        notes.append(f"Speed on this machine, run as cameras run it: {'; '.join(ways)}.")
    slow = [str(row["model"]) for row in rows if row["images_per_s"] is None]
    if slow:
        notes.append(f"Speed not measured (materialize `model_speed`): {', '.join(slow)}.")
    notes += [f"Left out: {name}: {why}." for name, why in left_out.items()]
    return [line for note in notes for line in (note, "")][:-1]


def draw_comparison(rows: Sequence[Row], path: Path, *, metric: str) -> Path | None:
    """Scores with intervals, best on top; beside them speed, where it was measured."""
    shown = [row for row in rows if row[metric] is not None][::-1]
    if not shown or not charts.can_draw():
        return None
    measured = [row for row in shown if row["images_per_s"] is not None]
    inches = [1.2 + _ROW_IN * len(shown), 4.2] if measured else [1.2 + _ROW_IN * len(shown)]
    figure = charts.new_figure(sum(inches))
    axes = figure.subplots(len(inches), 1, squeeze=False, height_ratios=inches)[:, 0]
    ranks = {str(row["model"]): rank for rank, row in enumerate(shown[::-1], start=1)}
    _scores(axes[0], shown, metric, ranks)
    if measured:
        _speeds(axes[1], measured, metric, ranks)
    return charts.save(figure, path)


def _scores(axes: Axes, rows: Sequence[Row], metric: str, ranks: Mapping[str, int]) -> None:
    """One line per model, numbered from the best."""
    heading = HEADINGS.get(metric, metric)
    for place, row in enumerate(rows):
        axes.errorbar(
            100 * row[metric],
            place,
            xerr=_reach(row, metric),
            fmt="o",
            capsize=4,
            color=charts.colour_of(0),
        )
        axes.annotate(
            f"{_behind(row)} against the best" if row["behind_best"] is not None else "the best",
            (0.99, place),
            xycoords=("axes fraction", "data"),
            xytext=(0, 7),
            textcoords="offset points",
            ha="right",
            fontsize=charts.FONT_PT - 2,
        )
    names = [f"{ranks[row['model']]}  {row['model']}\n{_millions(row)}" for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    title = f"{heading} on {rows[0]['images']:,} test images, 95 % intervals"
    better = "less is better" if metric in LESS_IS_BETTER else "more is better"
    charts.label(axes, title=title, x=f"{heading} (%), {better}")


def _speeds(axes: Axes, rows: Sequence[Row], metric: str, ranks: Mapping[str, int]) -> None:
    """Score against speed; the area of a dot is the number of parameters."""
    largest = max(row["parameters"] for row in rows)
    for row in rows:
        rank = ranks[row["model"]]
        colour = charts.colour_of(rank - 1)
        size = max(_LEAST_PT2, _LARGEST_PT2 * row["parameters"] / largest)
        at = row["images_per_s"], 100 * row[metric]
        axes.errorbar(*at, yerr=_reach(row, metric), fmt="none", capsize=3, color=colour)
        axes.scatter(*at, s=size, color=colour, alpha=0.7)
        axes.annotate(
            str(rank),
            at,
            xytext=(size**0.5 / 2 + 2, 0),
            textcoords="offset points",
            va="center",
            fontsize=charts.FONT_PT,
        )
    _log_axis(axes, [float(row["images_per_s"]) for row in rows])
    charts.label(
        axes,
        title="Speed and size: a dot's area is its parameters, numbers as above",
        x=f"images/s ({', '.join(sorted({str(row['speed_of']) for row in rows}))})",
        y=f"{HEADINGS.get(metric, metric)} (%)",
    )


def _log_axis(axes: Axes, values: Sequence[float]) -> None:
    """Powers and simple multiples of ten in plain figures, with room at both ends."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_xscale("log")
    axes.set_xlim(min(values) / 2, max(values) * 2)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _reach(row: Row, metric: str) -> npt.NDArray[np.float64] | None:
    """(2, 1) points below and above the score; None without an interval."""
    interval = _interval(row, metric)
    if interval is None:
        return None
    below, above = row[metric] - interval.low, interval.high - row[metric]
    return np.maximum(100 * np.array([[below], [above]], np.float64), 0.0)


def _interval(row: Row, name: str) -> Interval | None:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return None if low is None or high is None else Interval(low=low, high=high)


def _behind(row: Row) -> str:
    """``-2.1 (-3.0 to -1.2)``: points, paired image by image."""
    if row["behind_best"] is None:
        return "–"  # noqa: RUF001
    shown = f"{100 * row['behind_best']:+.1f}"
    if row["behind_best_low"] is None:
        return shown
    return f"{shown} ({100 * row['behind_best_low']:+.1f} to {100 * row['behind_best_high']:+.1f})"


def _number(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.1f}"


def _millions(row: Row) -> str:
    return f"{row['parameters'] / 1e6:.1f} M"
