"""Bar charts that can be read on a phone: 6 inches wide, 12 points and more."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

WIDTH_IN = 6.0
FONT_PT = 12
DOTS_PER_INCH = 150
#: How matplotlib places what is on a figure: no words overlap or are cut. None: as it comes.
LAYOUT: Literal["constrained"] | None = "constrained"
#: For Pillow: higher levels double the time of a large sheet to save a quarter of its bytes.
_PNG = {"compress_level": 1}
#: Distinct for colour-blind readers (Okabe and Ito), one per source, repeated beyond eight.
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#999999",
)

_log = logging.getLogger(__name__)


def can_draw() -> bool:
    """Whether matplotlib is installed; says so in the log where it is not."""
    if find_spec("matplotlib") is None:
        _log.info("matplotlib is not installed: no picture is drawn")
        return False
    return True


def colour_of(index: int) -> str:
    """The colour of the n-th series."""
    return COLOURS[index % len(COLOURS)]


def new_figure(height_in: float, *, width_in: float = WIDTH_IN, by_hand: bool = False) -> Figure:
    """An empty figure, 6 inches wide unless it must hold more, that needs no display.

    Args:
        height_in: inches.
        width_in: inches.
        by_hand: everything on it is given its place; looking for places would draw it twice.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout=None if by_hand else LAYOUT)
    FigureCanvasAgg(figure)
    return figure


def band(part: SubFigure, bottom: float, height: float) -> None:
    """Shade a line of a table from edge to edge; bottom and height are shares of the part's."""
    from matplotlib.patches import Rectangle

    shade = Rectangle((0.0, bottom), 1.0, height, color="#EEF2F6", lw=0, zorder=-1)
    shade.set_transform(part.transSubfigure)
    part.add_artist(shade)


def label(axes: Axes, *, title: str, x: str, y: str = "") -> None:
    """Title and units in readable size; a light grid along the values."""
    axes.set_title(title, fontsize=FONT_PT + 1, loc="left", wrap=True)
    axes.set_xlabel(x, fontsize=FONT_PT)
    axes.set_ylabel(y, fontsize=FONT_PT)
    axes.tick_params(labelsize=FONT_PT)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)


def count_axis(axes: Axes, largest: int) -> None:
    """Whole numbers along x, with room for a figure behind the longest bar."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0, 1.2 * max(largest, 1))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG whose bytes depend on nothing but the picture."""
    figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None}, pil_kwargs=_PNG)
    return path


def stacked_bars(axes: Axes, rows: Sequence[str], series: Mapping[str, Sequence[int]]) -> None:
    """Horizontal bars, one per row, stacked by series; the total stands behind each bar.

    Args:
        axes: where to draw.
        rows: labels, from the bottom up.
        series: name for the legend -> one count per row.
    """
    ends = [0] * len(rows)
    for index, (name, counts) in enumerate(series.items()):
        axes.barh(rows, counts, left=ends, color=colour_of(index), label=name)
        ends = [end + count for end, count in zip(ends, counts, strict=True)]
    for place, end in enumerate(ends):
        axes.annotate(f" {end:,}", (end, place), va="center", fontsize=FONT_PT)
    count_axis(axes, max(ends, default=1))


def legend(axes: Axes, *, inches: float, columns: int = 3) -> None:
    """The names of the series under a plot whose axes are ``inches`` high, if there are any."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(
            loc="upper right",  # to the left there is room below the labels of the rows
            bbox_to_anchor=(1.0, -0.6 / inches),
            ncols=columns,
            fontsize=FONT_PT,
            frameon=False,
            columnspacing=1.0,
            handlelength=1.2,
        )
