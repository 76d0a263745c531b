"""The dataset's statistics as Markdown tables and as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from dataset_build import charts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Key = tuple[str, ...]
#: The order in which splits are read.
_SPLITS = ("train", "val", "test", "none", "all")


def to_markdown(statistics: pa.Table) -> str:
    """Sizes and human pixels before and after, and removed images by reason.

    Args:
        statistics: rows of ``tally.STATISTICS``.
    """
    values = _values(statistics)
    sections = []
    for stage, title in (
        ("before", "Before: what the sources hold, by their official split"),
        ("after", "After: the dataset, by our split"),
    ):
        lines = [
            f"**{title}**",
            "",
            "| source | split | images | with humans | without | unreadable | human pixels |",
            "|---|---|--:|--:|--:|--:|--:|",
        ]
        lines += [
            _size_row(values, source, split, stage) for source, split in _places(values, stage)
        ]
        sections.append("\n".join(lines))
    return "\n\n".join([*sections, _removed_table(values)]) + "\n"


def _size_row(values: Mapping[Key, float], source: str, split: str, stage: str) -> str:
    def count(quantity: str) -> str:
        return f"{values.get(('sizes', source, split, stage, quantity), 0.0):.0f}"

    share = values.get(("pixels", source, split, stage, "human_pixel_share"))
    counts = [count(name) for name in ("images", "with_human", "without_human", "unreadable")]
    pixels = "–" if share is None else f"{share:.1%}"  # noqa: RUF001
    return f"| {source} | {split} | {' | '.join(counts)} | {pixels} |"


def _removed_table(values: Mapping[Key, float]) -> str:
    removed = {
        key: value for key, value in values.items() if key[0] == "removed" and key[2] == "all"
    }
    sources = sorted({key[1] for key in removed} - {"all"})
    reasons = sorted(
        {(key[3], key[4]) for key in removed},
        key=lambda reason: (-removed["removed", "all", "all", *reason], reason),
    )
    lines = [
        "**Removed**",
        "",
        f"| stage | reason | {' | '.join([*sources, 'all'])} |",
        f"|---|---|{'--:|' * (len(sources) + 1)}",
    ]
    for stage, reason in reasons:
        counts = [
            f"{removed.get(('removed', source, 'all', stage, reason), 0.0):.0f}"
            for source in (*sources, "all")
        ]
        lines.append(f"| {stage} | {reason} | {' | '.join(counts)} |")
    return "\n".join(lines)


def draw(statistics: pa.Table, path: Path) -> Path:
    """Three panels: images by source before and after, human pixels by split, removals."""
    values = _values(statistics)
    sources = sorted({key[1] for key in values if key[0] == "sizes"} - {"all"}, reverse=True)
    reasons = sorted({key[4] for key in values if key[0] == "removed"})
    heights = [
        0.4 + 0.8 * max(len(sources), 1),
        0.4 + 0.9 * max(len(sources), 1),
        0.4 + 0.35 * max(len(reasons), 1),
    ]
    figure = charts.new_figure(sum(heights) + 4.5)
    sizes, pixels, removed = figure.subplots(3, 1, height_ratios=heights)
    _draw_sizes(sizes, values, sources, heights[0])
    _draw_pixels(pixels, values, sources, heights[1])
    _draw_removed(removed, values, reasons, heights[2])
    return charts.save(figure, path)


def _draw_sizes(
    axes: Axes, values: Mapping[Key, float], sources: Sequence[str], inches: float
) -> None:
    bars = [(source, stage) for source in sources for stage in ("after", "before")]
    series = {
        name: [int(values.get(("sizes", source, "all", stage, key), 0)) for source, stage in bars]
        for name, key in (
            ("with humans", "with_human"),
            ("without", "without_human"),
            ("unreadable", "unreadable"),
        )
    }
    charts.stacked_bars(axes, [f"{source} {stage}" for source, stage in bars], series)
    total = [int(values.get(("sizes", "all", "all", s, "images"), 0)) for s in ("before", "after")]
    charts.label(axes, title=f"Images before and after: {total[0]:,} → {total[1]:,}", x="images")
    charts.legend(axes, inches=inches)


def _draw_pixels(
    axes: Axes, values: Mapping[Key, float], sources: Sequence[str], inches: float
) -> None:
    """Grouped bars; a source without images in a split has no bar there."""
    series = [("before", "all", "before"), *((s, s, "after") for s in ("train", "val", "test"))]
    height = 0.8 / len(series)
    largest = 1.0
    for index, (name, split, stage) in enumerate(series):
        shares = [
            100 * values.get(("pixels", source, split, stage, "human_pixel_share"), 0.0)
            for source in sources
        ]
        places = [row + (1.5 - index) * height for row in range(len(sources))]
        axes.barh(places, shares, height, color=charts.colour_of(index), label=name)
        largest = max(largest, *shares) if shares else largest
    axes.set_yticks(range(len(sources)), sources)
    axes.set_xlim(0, 1.1 * largest)
    charts.label(axes, title="Human pixels, share of labelled pixels", x="%")
    charts.legend(axes, inches=inches, columns=len(series))


def _draw_removed(
    axes: Axes, values: Mapping[Key, float], reasons: Sequence[str], inches: float
) -> None:
    keys = [key for key in values if key[0] == "removed" and key[2] == "all"]
    sources = sorted({key[1] for key in keys} - {"all"})

    def images(source: str, reason: str) -> int:
        return int(sum(values[key] for key in keys if (key[1], key[4]) == (source, reason)))

    ordered = sorted(reasons, key=lambda reason: (images("all", reason), reason))
    series = {source: [images(source, reason) for reason in ordered] for source in sources}
    total = sum(images("all", reason) for reason in reasons)
    charts.stacked_bars(axes, ordered, series)
    charts.label(axes, title=f"Removed images by reason, n = {total}", x="images")
    charts.legend(axes, inches=inches)


def _values(statistics: pa.Table) -> dict[Key, float]:
    names = ("table", "source", "split", "stage", "quantity")
    columns = (statistics[name].to_pylist() for name in names)
    return dict(zip(zip(*columns, strict=True), statistics["value"].to_pylist(), strict=True))


def _places(values: Mapping[Key, float], stage: str) -> list[tuple[str, str]]:
    """Sources by name and their splits in reading order; the sums last."""
    places = {(key[1], key[2]) for key in values if (key[0], key[3]) == ("sizes", stage)}
    return sorted(places, key=lambda place: (place[0] == "all", place[0], _SPLITS.index(place[1])))
