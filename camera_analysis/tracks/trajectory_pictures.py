"""Tracks, average paths and zones over the anonymized background plate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from camera_analysis.canvas import (
    EVENT_RGB,
    FONT_POINTS,
    Rgb,
    figure_for,
    legend,
    map_axes,
    save,
    unit,
)
from camera_analysis.tracks.average_paths import NO_PATH, Ways
from camera_analysis.tracks.path_zones import Zone
from camera_analysis.tracks.track_tables import FloatArray, Track, evenly_spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RgbImage = npt.NDArray[np.uint8]

#: Colours of the most walked paths, tellable apart by the colour-blind (Okabe and Ito); then grey.
PATH_COLOURS: tuple[Rgb, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (213, 94, 0),
    (204, 121, 167),
)
#: Walks of the days before: told from a grey plate and from an event's red.
_USUAL_RGB: Rgb = (0, 114, 178)
OTHER_RGB: Rgb = (200, 200, 200)
#: Names of zones and counts on a plate: white on a dark ground is read on any view.
_TAG = {"facecolor": "black", "alpha": 0.6, "linewidth": 0, "boxstyle": "round,pad=0.2"}
#: Tracks that are drawn at most: more are a carpet.
MOST_DRAWN = 400


def save_tracks(
    walks: Sequence[Track], ways: Ways, plate_rgb: RgbImage, title: str, path: Path
) -> None:
    """The way of every walk's foot, in the colour of its average path; a dot where it began."""
    figure = figure_for(plate_rgb, extra_inches=1.4)
    drawn = evenly_spread(len(walks), MOST_DRAWN)
    shown = f"{len(drawn)} of {len(walks)}" if len(drawn) < len(walks) else str(len(walks))
    axes = map_axes(figure, f"{title}: {shown} walks")
    axes.imshow(plate_rgb, interpolation="nearest")
    for number in drawn.tolist():
        colour = unit(_colour(int(ways.path_n[number])))
        x, y = walks[number].way_xy.T
        axes.plot(x, y, color=colour, lw=1.2, alpha=0.7)
        axes.plot(x[:1], y[:1], "o", color=colour, ms=3)
    _frame(axes, plate_rgb)
    legend(axes, _entries(ways))
    save(figure, path)


def save_way(
    way_xy: FloatArray, usual_xy: Sequence[FloatArray], plate_rgb: RgbImage, title: str, path: Path
) -> None:
    """An unusual way as an arrow, over the usual ones.

    Args:
        way_xy: (N, 2) feet.
        usual_xy: (M, 2) feet of each usual walk.
        plate_rgb: (H, W, 3) background.
        title: of whom and when.
        path: PNG to write.
    """
    figure = figure_for(plate_rgb, extra_inches=1.0)
    axes = map_axes(figure, title)
    axes.imshow(plate_rgb, interpolation="nearest")
    for number in evenly_spread(len(usual_xy), MOST_DRAWN).tolist():
        axes.plot(*usual_xy[number].T, color=unit(_USUAL_RGB), lw=1.2, alpha=0.6)
    _arrow(axes, way_xy, unit(EVENT_RGB), 3)
    axes.plot(*way_xy[:1].T, "o", color=unit(EVENT_RGB), ms=5)
    _frame(axes, plate_rgb)
    legend(axes, {"this way": EVENT_RGB, "usual walks": _USUAL_RGB})
    save(figure, path)


def save_paths(ways: Ways, plate_rgb: RgbImage, title: str, path: Path) -> None:
    """Average paths as arrows, the wider the more walked."""
    figure = figure_for(plate_rgb, extra_inches=1.4)
    told = "1 average path" if len(ways.paths) == 1 else f"{len(ways.paths)} average paths"
    axes = map_axes(figure, f"{title}: {told} of {len(ways.path_n)} walks")
    axes.imshow(plate_rgb, interpolation="nearest")
    most = max((one.walks for one in ways.paths), default=1)
    for number, one in reversed(list(enumerate(ways.paths))):
        _arrow(axes, one.points_xy, unit(_colour(number)), 2 + 5 * one.walks / most)
    _frame(axes, plate_rgb)
    legend(axes, _entries(ways))
    save(figure, path)


def save_zones(
    zones: Sequence[Zone],
    names: Sequence[str],
    walks: npt.NDArray[np.int64],
    plate_rgb: RgbImage,
    title: str,
    path: Path,
) -> None:
    """Zones on the plate, and below it how many walks went from which to which.

    Args:
        zones: where walks begin and end.
        names: (n,) of the rows and columns.
        walks: (n, n) from each row to each column.
        plate_rgb: (H, W, 3) background.
        title: of whom and when.
        path: PNG to write.
    """
    from matplotlib.patches import Circle

    figure = figure_for(plate_rgb, extra_inches=1.6 + 0.42 * (len(names) + 1))
    above, below = figure.subplots(2, 1, height_ratios=(3, max(1.0, 0.45 * len(names))))
    told = "1 zone" if len(zones) == 1 else f"{len(zones)} zones"
    above.set_axis_off()
    above.set_title(f"{title}: {told} where walks begin or end")
    above.imshow(plate_rgb, interpolation="nearest")
    for zone in zones:
        ring = Circle(zone.centre_xy, zone.radius_px, fill=False, ec="white", lw=2)
        above.add_patch(ring)
        words = f"{zone.name}  in {zone.entries}, out {zone.exits}"
        _tag(above, zone.centre_xy, words, plate_rgb.shape[1])
    _frame(above, plate_rgb)
    below.imshow(walks, cmap="Blues", vmin=0, vmax=max(1, int(walks.max(initial=0))))
    below.set_aspect("auto")
    ticks = list(range(len(names)))
    below.set_xticks(ticks, list(names))
    below.set_yticks(ticks, list(names))
    below.set_xlabel("to zone (walks)")
    below.set_ylabel("from zone")
    for (row, column), count in np.ndenumerate(walks):
        dark = count > 0.6 * walks.max(initial=0)
        colour = "white" if dark else "black"
        below.text(
            column, row, str(count), ha="center", va="center", color=colour, fontsize=FONT_POINTS
        )
    save(figure, path)


def _arrow(
    axes: Axes, way_xy: FloatArray, colour: tuple[float, float, float], width: float
) -> None:
    x, y = way_xy.T
    axes.plot(x, y, color="black", lw=width + 1.5, alpha=0.6, solid_capstyle="round")
    axes.plot(x, y, color=colour, lw=width, solid_capstyle="round")
    head = {"arrowstyle": "-|>", "color": colour, "lw": width, "mutation_scale": 14 + 2 * width}
    axes.annotate("", way_xy[-1], way_xy[-2], arrowprops=head)


def _tag(axes: Axes, at_xy: tuple[float, float], words: str, width: int) -> None:
    """Words beside a place, within the picture."""
    side = "left" if at_xy[0] < 0.33 * width else "right" if at_xy[0] > 0.67 * width else "center"
    axes.text(*at_xy, words, ha=side, va="center", color="white", fontsize=FONT_POINTS, bbox=_TAG)


def _colour(number: int) -> Rgb:
    return PATH_COLOURS[number] if 0 <= number < len(PATH_COLOURS) else OTHER_RGB


def _entries(ways: Ways) -> dict[str, Rgb]:
    """The legend: how many walks each colour stands for."""
    entries = {
        f"path {number + 1}: {one.walks}": PATH_COLOURS[number]
        for number, one in enumerate(ways.paths[: len(PATH_COLOURS)])
    }
    more = sum(one.walks for one in ways.paths[len(PATH_COLOURS) :])
    if rest := more + int((ways.path_n == NO_PATH).sum()):
        entries[f"other ways: {rest}"] = OTHER_RGB
    return entries or {"no walks": OTHER_RGB}


def _frame(axes: Axes, plate_rgb: RgbImage) -> None:
    """The view's own borders, whatever was drawn."""
    height, width = plate_rgb.shape[:2]
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
