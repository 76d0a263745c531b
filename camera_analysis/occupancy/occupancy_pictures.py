"""Pictures of occupancy: the regions on the plate, raw and rectified; stays; hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.canvas import FONT_POINTS, Rgb, figure, save, unit
from camera_analysis.charts import time_ticks
from camera_analysis.lenses.lens import Lens, lens_at, rectify_frame
from camera_analysis.occupancy.occupancy_files import DayOccupancy, hour_rows
from camera_analysis.occupancy.roi_masks import BoolImage, Grid, RoiMask

RgbImage = npt.NDArray[np.uint8]

#: Distinguishable for the colour-blind (Okabe and Ito 2008), without black; then anew.
COLOURS: tuple[Rgb, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
#: Share of a region's colour on the plate.
_FILL = 0.35


def colour_of(number: int) -> Rgb:
    """Colour of a region by its place in the list."""
    return COLOURS[number % len(COLOURS)]


def save_regions(
    plate_rgb: RgbImage, masks: Sequence[RoiMask], lens: Lens, grid: Grid, title: str, path: Path
) -> None:
    """The view as filmed and, of a calibrated lens, rectified beside it, with the regions.

    Args:
        plate_rgb: (H, W, 3) of the label maps' size.
        masks: regions on the label map.
        lens: of the camera.
        grid: of the label maps.
        title: who and when.
        path: PNG to write.
    """
    from matplotlib.patches import Patch

    views = {"as filmed": (plate_rgb, [mask.inside_hw for mask in masks])}
    if lens.calibrated:
        here = lens_at(
            replace(lens_at(lens, grid.native_wh), size_wh=grid.native_wh), grid.label_wh
        )
        straight = [rectify_frame(mask.inside_hw.astype(np.uint8), here) > 0 for mask in masks]
        views["rectified"] = (rectify_frame(plate_rgb, here), straight)
    height, width = plate_rgb.shape[:2]
    map_inches = min(6.0 / len(views) * height / width, 6.0)
    rows = -(-len(masks) // 3)
    sheet = figure(map_inches + 0.9 + 0.3 * rows)
    sheet.suptitle(f"{title}: regions of interest", fontsize=FONT_POINTS)
    for axes, (name, (picture, inside)) in zip(
        sheet.subplots(1, len(views), squeeze=False)[0], views.items(), strict=True
    ):
        axes.imshow(_painted(picture, inside), interpolation="nearest")
        axes.set_axis_off()
        if len(views) > 1:
            axes.set_title(name, fontsize=FONT_POINTS)
    patches = [
        Patch(color=unit(colour_of(number)), label=mask.name) for number, mask in enumerate(masks)
    ]
    sheet.legend(
        handles=patches,
        loc="outside lower center",
        ncols=min(len(patches), 3),
        frameon=False,
        fontsize=FONT_POINTS,
    )
    save(sheet, path)


def _painted(picture: RgbImage, inside: Sequence[BoolImage]) -> RgbImage:
    painted = picture.copy()
    for number, mask_hw in enumerate(inside):
        colour = np.array(colour_of(number))
        painted[mask_hw] = ((1 - _FILL) * painted[mask_hw] + _FILL * colour).astype(np.uint8)
        outline, _ = cv2.findContours(
            mask_hw.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(painted, outline, -1, colour_of(number), 2)
    return painted


def save_stays(day: DayOccupancy, zone: ZoneInfo, title: str, path: Path) -> None:
    """When each region was occupied, over local time."""
    sheet = figure(1.6 + 0.45 * max(len(day.rois), 1))
    axes = sheet.subplots()
    count = sum(len(roi.stays) for roi in day.rois)
    axes.set_title(f"{title}: when regions were occupied, stays: {count}")
    for number, roi in enumerate(day.rois):
        for stay in roi.stays:
            start = float(day.times_s[stay.first])
            colour = unit(colour_of(number))
            # The outline keeps a stay of seconds visible in a day of hours.
            axes.barh(number, stay.dwell_s, 0.7, start, color=colour, edgecolor=colour, lw=1.5)
    axes.set_yticks(range(len(day.rois)), [roi.name for roi in day.rois])
    axes.set_ylim(len(day.rois) - 0.5, -0.5)
    if day.frames:
        first, last = float(day.times_s[0]), float(day.times_s[-1] + day.step_s)
        axes.set_xlim(first, last)
        instants = [datetime.fromtimestamp(second, UTC) for second in (first, last)]
        ticks = time_ticks(instants[0], instants[1], zone)
        axes.set_xticks([time.timestamp() for time in ticks.times], ticks.labels)
    axes.set_xlabel("local time")
    save(sheet, path)


def save_hours(day: DayOccupancy, title: str, path: Path) -> None:
    """Share of each local hour's frames in which a region was occupied."""
    sheet = figure(3.4)
    axes = sheet.subplots()
    width = 0.8 / max(len(day.rois), 1)
    for number, roi in enumerate(day.rois):
        rows = hour_rows(day, roi)
        hours = np.array([row["local_hour"] for row in rows]) + (number + 0.5) * width - 0.4
        percent = [100 * row["frames_occupied"] / row["frames"] for row in rows]
        axes.bar(hours, percent, width, color=unit(colour_of(number)), label=roi.name)
    axes.set_xlim(-0.5, 23.5)
    axes.set_xticks(range(0, 24, 3))
    axes.set_xlabel("local hour")
    axes.set_ylabel("% of frames occupied")
    axes.set_ylim(bottom=0.0)
    axes.set_title(f"{title}: occupied by hour, {day.frames:,} frames")
    sheet.legend(
        loc="outside lower center",
        ncols=min(max(len(day.rois), 1), 3),
        frameon=False,
        fontsize=FONT_POINTS,
    )
    save(sheet, path)
