"""Sizes of people, shapes of images and the mix of sources, as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from dataset_build import charts
from dataset_build.statistics.distributions import ASPECT, BINS, PERSON_HEIGHT, PERSON_SIZE
from dataset_build.statistics.tally import ALL, Address, from_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLES = {
    PERSON_HEIGHT: "Tallest person / height of the frame",
    PERSON_SIZE: "Mean person: < 32², < 96² px, larger",
    ASPECT: "Shape of the images, width / height",
}
_SPLITS = ("train", "val", "test")


def draw(statistics: pa.Table, path: Path) -> Path:
    """Four panels: person heights, person sizes, image shapes, sources per split; what is left.

    Args:
        statistics: rows of ``tally.STATISTICS``.
        path: PNG to write.
    """
    values = from_table(statistics)
    sources = sorted({at.source for at in values if at.table == "sizes"} - {ALL})
    heights = [0.4 + 0.35 * len(BINS[table]) for table in _TITLES] + [1.9]
    figure = charts.new_figure(sum(heights) + 5.0)
    axes = figure.subplots(len(heights), 1, height_ratios=heights)
    for place, table, inches in zip(axes[:-1], _TITLES, heights, strict=False):
        _draw_bins(place, values, table, sources)
        if table == PERSON_HEIGHT:
            charts.legend(place, inches=inches)
    _draw_mix(axes[-1], values, sources)
    return charts.save(figure, path)


def _draw_bins(
    axes: Axes, values: Mapping[Address, float], table: str, sources: Sequence[str]
) -> None:
    bins = list(reversed(BINS[table]))

    def images(source: str, name: str) -> int:
        at = Address(table=table, source=source, split=ALL, stage="after", quantity=name)
        return int(values.get(at, 0))

    series = {source: [images(source, name) for name in bins] for source in sources}
    total = sum(images(ALL, name) for name in bins)
    charts.stacked_bars(axes, [name.replace("-", "–") for name in bins], series)  # noqa: RUF001
    charts.label(axes, title=f"{_TITLES[table]} (n = {total:,})", x="images")


def _draw_mix(axes: Axes, values: Mapping[Address, float], sources: Sequence[str]) -> None:
    """One bar of 100 % per split, before as a whole and after by split."""
    bars = [("before", ALL, "before"), *((s, s, "after") for s in _SPLITS)][::-1]
    ends = [0.0] * len(bars)
    for index, source in enumerate(sources):
        shares = [
            100
            * values.get(
                Address(
                    table="mix", source=source, split=split, stage=stage, quantity="source_share"
                ),
                0.0,
            )
            for _, split, stage in bars
        ]
        names = [name for name, _, _ in bars]
        axes.barh(names, shares, left=ends, color=charts.colour_of(index), label=source)
        ends = [end + share for end, share in zip(ends, shares, strict=True)]
    axes.set_xlim(0, 100)
    charts.label(axes, title="Sources, share of the images", x="%")
