"""Drawn movers: boxes on straight ways, as regions of frames."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from camera_analysis.label_classes import HUMAN
from camera_analysis.labelling.day_regions import DayRegion, FrameRegions, outline_of
from camera_analysis.labelling.regions import Box
from camera_analysis.tracks.track_tables import Track

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
STEP_S = 0.2


def person(x: float, y: float, *, height: int = 40, width: int = 16, class_id=HUMAN) -> DayRegion:
    """A region whose feet stand at (x, y)."""
    left, top = round(x - width / 2), round(y - height)
    box = Box(left, top, left + width, top + height)
    outline = outline_of(np.ones((4, 4), bool))
    return DayRegion(box=box, area_px=box.area, class_id=class_id, outline=outline)


def film(seconds: float, *ways, start: datetime = START) -> list[FrameRegions]:
    """Frames five times a second; each way gives (x, y) of the feet at a second, or None."""
    frames = []
    for number in range(round(seconds / STEP_S)):
        at = number * STEP_S
        places = [place for way in ways if (place := way(at)) is not None]
        regions = tuple(person(x, y) for x, y in places)
        time = start + timedelta(seconds=round(at, 3))
        frames.append(FrameRegions(time_utc=time, frame_id=None, regions=regions))
    return frames


def line(x0: float, y0: float, x1: float, y1: float, since: float, until: float):
    """A way from one place to another between two seconds; nobody before and after."""

    def way(second):
        if not since - 1e-6 <= second <= until + 1e-6:
            return None
        share = (second - since) / (until - since)
        return x0 + share * (x1 - x0), y0 + share * (y1 - y0)

    return way


def walk(points_xy, *, track_id: int = 1, start_s: float = 0.0, height: float = 40.0) -> Track:
    """A track through points, one each 0.2 s."""
    points = np.asarray(points_xy, float)
    x, y = points.T
    times = (START.timestamp() + start_s + STEP_S * np.arange(len(points))) * 1e6
    return Track(
        track_id=track_id,
        times_us=np.round(times).astype(np.int64),
        boxes_xyxy=np.column_stack([x - 8, y - height, x + 8, y]),
        classes=np.full(len(points), HUMAN, np.int64),
    )
