"""Drawn events, seconds after eight on a morning."""

from __future__ import annotations

from datetime import timedelta

from camera_analysis.events.event_marks import EventMark, SeenEvent
from tests.camera_analysis.factories_days import HEIGHT, MORNING, WIDTH


def seen(at_s=0.0, length_s=5.0, box=(70, 30, 78, 46), *, day="2026-01-05", **values):
    """An event of the drawn camera, by default where nobody walks."""
    start = MORNING + timedelta(seconds=at_s)
    told = {
        "camera": "door",
        "day": day,
        "start_utc": start,
        "end_utc": start + timedelta(seconds=length_s),
        "height": HEIGHT,
        "width": WIDTH,
        "class_name": "human",
    }
    told |= dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))
    return SeenEvent(**(told | values))


def marked(event, mark, *, hours=1.0, by="ann", tags=()):
    """What somebody said of it, some hours after eight."""
    moment = MORNING + timedelta(hours=hours)
    return EventMark(event=event, mark=mark, tags=tags, marked_by=by, marked_at=moment)
