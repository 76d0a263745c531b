"""Pictures of a camera-day's pass: plate, contact sheet of label maps, quality strip.

None of them shows an original frame: the plate is a median, reduced unless the camera says
otherwise, and the contact sheet shows class colours only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.camera import PlatePrivacy
from camera_analysis.canvas import FONT_POINTS, class_colours, figure, save, unit

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: A blurred plate keeps an eighth of the pixels in each direction, within these limits.
_BLURRED_WIDTH = (16, 96)

_COLUMNS = 3

#: Distances of the times written below the quality strip: round ones, from a second to a day.
_TICK_STEPS_S = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14_400, 28_800, 86_400)

#: One colour per reason why a frame cannot be used.
_FAULT_COLOURS = ("#333333", "#c9a400", "#7b3fa0", "#1f6fb4", "#8c564b", "#d1495b", "#999999")


@dataclass(frozen=True, kw_only=True)
class ShownMap:
    """A label map of the contact sheet and when it was taken."""

    time_local: datetime
    labels_hw: npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class QualitySeries:
    """Measures of all sampled frames, in order of time; ``reasons`` has "" for usable ones."""

    seconds: npt.NDArray[np.float64]  # since the epoch, UTC
    luma_mean: npt.NDArray[np.float32]
    sharpness: npt.NDArray[np.float32]
    shift_px: npt.NDArray[np.float32]
    reasons: npt.NDArray[np.uint8]  # index into ``reason_names``
    reason_names: tuple[str, ...]


def save_plate(plate_rgb: npt.NDArray[np.uint8], privacy: PlatePrivacy, path: Path) -> None:
    """Write the background plate at its own size: clear, or reduced and enlarged again."""
    height, width = plate_rgb.shape[:2]
    shown = plate_rgb
    if privacy == "blurred":
        narrow = min(max(width // 8, _BLURRED_WIDTH[0]), _BLURRED_WIDTH[1], width)
        low = max(1, round(height * narrow / width))
        small = cv2.resize(plate_rgb, (narrow, low), interpolation=cv2.INTER_AREA)
        shown = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
    cv2.imwrite(str(path), cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))


def save_preview(
    maps: Sequence[ShownMap], classes: tuple[str, ...], title: str, path: Path
) -> None:
    """Contact sheet of label maps in class colours."""
    from matplotlib.patches import Patch

    rows = max(1, -(-len(maps) // _COLUMNS))
    shape = maps[0].labels_hw.shape if maps else (9, 16)
    map_inches = min(3.0, 1.9 * shape[0] / shape[1])
    sheet = figure(rows * (map_inches + 0.35) + 1.1)
    sheet.suptitle(title, fontsize=FONT_POINTS)
    colours = np.array(class_colours(classes), np.uint8)
    grid = sheet.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
        axes.set(xticks=[], yticks=[])  # not shown, but laid out all the same
    for axes, shown in zip(grid, maps, strict=False):
        axes.imshow(colours[shown.labels_hw], interpolation="nearest")
        axes.set_title(shown.time_local.strftime("%H:%M:%S"), fontsize=FONT_POINTS)
    swatches: list[Artist] = [
        Patch(color=unit(colour), label=name)
        for name, colour in zip(classes, class_colours(classes), strict=True)
    ]
    _legend_below(sheet, swatches)
    save(sheet, path)


def save_quality(series: QualitySeries, zone: ZoneInfo, title: str, path: Path) -> None:
    """Brightness, sharpness and displacement over the day, and where frames were not usable."""
    sheet = figure(6.5)
    sheet.suptitle(title, fontsize=FONT_POINTS)
    panels = (
        ("brightness\n(0-255)", series.luma_mean),
        ("sharpness\n(variance)", series.sharpness),
        ("shift (px)", series.shift_px),
    )
    all_axes = sheet.subplots(len(panels) + 1, 1, sharex=True, height_ratios=[2, 2, 2, 1])
    for axes, (name, values) in zip(all_axes, panels, strict=False):
        axes.plot(series.seconds, values, ".", markersize=2, color="black")
        axes.set_ylabel(name, fontsize=FONT_POINTS)
        axes.set_ylim(0, max(1.0, 1.1 * float(values.max(initial=0.0))))
    _legend_below(sheet, _draw_reasons(all_axes[-1], series))
    ticks = _round_times(series.seconds, zone)
    all_axes[-1].set_xticks(
        [tick.timestamp() for tick in ticks], [tick.strftime("%H:%M:%S") for tick in ticks]
    )
    all_axes[-1].set_xlabel(f"local time ({zone.key})", fontsize=FONT_POINTS)
    save(sheet, path)


def _round_times(seconds: npt.NDArray[np.float64], zone: ZoneInfo) -> list[datetime]:
    """Up to four round local times between the first and the last."""
    if len(seconds) == 0:
        return []
    first, last = (datetime.fromtimestamp(float(second), zone) for second in seconds[[0, -1]])
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    span_s = (last - first).total_seconds()
    step_s = next((step for step in _TICK_STEPS_S if span_s / step < 4), _TICK_STEPS_S[-1])
    start = -(-(first - midnight).total_seconds() // step_s) * step_s
    ticks = [midnight + timedelta(seconds=start + number * step_s) for number in range(4)]
    return [tick for tick in ticks if tick <= last] or [first]


def _draw_reasons(axes: Axes, series: QualitySeries) -> list[Artist]:
    """One coloured tick per frame; returns the legend's entries, which count them."""
    colours = ("#0a7d4b", *_FAULT_COLOURS)
    for number, name in enumerate(series.reason_names):
        chosen = np.flatnonzero(series.reasons == number)
        if len(chosen):
            label = f"{name or 'usable'} ({len(chosen)})"
            colour = colours[number % len(colours)]
            axes.plot(
                series.seconds[chosen],
                np.zeros(len(chosen)),
                "|",
                markersize=16,
                color=colour,
                label=label,
            )
    axes.set_yticks([])
    axes.set_ylim(-1, 1)
    return axes.get_legend_handles_labels()[0]


def _legend_below(sheet: Figure, handles: list[Artist]) -> None:
    """Legend under the whole picture, so that it does not widen one column of it."""
    if handles:
        sheet.legend(
            handles=handles,
            loc="outside lower center",
            ncols=min(len(handles), 3),
            frameon=False,
            fontsize=FONT_POINTS,
        )
