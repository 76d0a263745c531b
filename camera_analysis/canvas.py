"""The sheet that pictures are drawn on: size, font, colours, legend, colour bar.

Six inches wide at 12 point, so that a phone shows it readably. Equal content gives equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.label_classes import CLASS_COLOURS_RGB, CLASS_NAMES, STATIC

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

Rgb = tuple[int, int, int]

WIDTH_INCHES = 6.0
DOTS_PER_INCH = 150
#: How matplotlib places what is on a sheet: so that no words overlap or are cut. None: as it comes.
LAYOUT: Literal["constrained"] | None = "constrained"
FONT_POINTS = 12
#: Height of a very wide or very tall map is kept within these, in inches.
MAP_INCHES = (1.5, 8.0)
EVENT_RGB: Rgb = (230, 0, 80)


def class_colours(classes: tuple[str, ...]) -> tuple[tuple[int, int, int], ...]:
    """RGB colour of each class; any number of classes."""
    if classes == CLASS_NAMES:
        return CLASS_COLOURS_RGB
    hues = np.arange(len(classes)) * 67 % 180  # neighbours in id lie far apart in hue
    hsv = np.stack([hues, np.full_like(hues, 200), np.full_like(hues, 220)], axis=-1)
    rgb = cv2.cvtColor(hsv.astype(np.uint8)[None], cv2.COLOR_HSV2RGB)[0].tolist()
    return (CLASS_COLOURS_RGB[STATIC], *((int(r), int(g), int(b)) for r, g, b in rgb[1:]))


def figure(height_inches: float) -> Figure:
    """An empty sheet of the common width; drawn without any display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sheet = Figure(figsize=(WIDTH_INCHES, height_inches), dpi=DOTS_PER_INCH, layout=LAYOUT)
    FigureCanvasAgg(sheet)
    return sheet


def figure_for(image: npt.NDArray[np.uint8], *, extra_inches: float, bar: bool = False) -> Figure:
    """A sheet for one (H, W, 3) map; ``bar`` leaves room for a colour bar at its right."""
    height, width = image.shape[:2]
    map_inches = (WIDTH_INCHES - (1.0 if bar else 0.0)) * height / max(width, 1)
    return figure(min(max(map_inches, MAP_INCHES[0]), MAP_INCHES[1]) + extra_inches)


def map_axes(sheet: Figure, title: str) -> Axes:
    """Axes without ticks, titled."""
    axes = sheet.subplots()
    axes.set_axis_off()
    axes.set_title(title, fontsize=FONT_POINTS)
    return axes


def legend(axes: Axes, entries: Mapping[str, Rgb]) -> None:
    """Named colours below a map."""
    from matplotlib.patches import Patch

    patches = [Patch(color=unit(colour), label=name) for name, colour in entries.items()]
    axes.legend(
        handles=patches,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=min(len(patches), 3),
        frameon=False,
        fontsize=FONT_POINTS,
    )


def colour_bar(sheet: Figure, image: AxesImage, label: str) -> Colorbar:
    """Colour bar with its unit."""
    bar = sheet.colorbar(image, shrink=0.9)
    bar.set_label(label, fontsize=FONT_POINTS)
    bar.ax.tick_params(labelsize=FONT_POINTS)
    return bar


def draw_box(axes: Axes, box_xyxy: tuple[int, int, int, int]) -> None:
    """Outline of a box whose far corner is exclusive."""
    from matplotlib.patches import Rectangle

    x0, y0, x1, y1 = box_xyxy
    corner = (x0 - 0.5, y0 - 0.5)  # pixel centres lie on whole numbers
    axes.add_patch(Rectangle(corner, x1 - x0, y1 - y0, fill=False, ec=unit(EVENT_RGB), lw=2.5))


def unit(colour: Rgb) -> tuple[float, float, float]:
    """RGB of 0-255 in [0, 1], as matplotlib wants it."""
    red, green, blue = colour
    return red / 255, green / 255, blue / 255


def save(sheet: Figure, path: Path) -> None:
    """Write the PNG; the drawing software's version stays out of it."""
    for axes in sheet.axes:
        axes.tick_params(labelsize=FONT_POINTS)
        axes.xaxis.label.set_fontsize(FONT_POINTS)
        axes.yaxis.label.set_fontsize(FONT_POINTS)
        axes.title.set_fontsize(FONT_POINTS)
    sheet.savefig(path, format="png", metadata={"Software": None})
