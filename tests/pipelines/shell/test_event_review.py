"""A line of ``events list``: the time is that of the camera's report."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.shell.event_review import ListedEvent
from tests.camera_analysis.factories_events import seen

WINTER = datetime(2026, 1, 5, 7, 0, 40, tzinfo=UTC)
#: In the second of the two hours from 02:00 that Berlin has on this day.
TWICE = datetime(2026, 10, 25, 1, 0, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "day", "zone", "time"),
    [
        (WINTER, "2026-01-05", "UTC", "07:00:40"),
        (WINTER, "2026-01-05", "Europe/Berlin", "08:00:40"),
        (TWICE, "2026-10-25", "Europe/Berlin", "02:00:40 (UTC+01:00)"),
    ],
)
def test_a_listed_event_has_the_camera_s_time(start, day, zone, time):
    listed = ListedEvent(
        event=seen(day=day, start_utc=start, end_utc=start),
        event_id=3,
        score_bits=9.0,
        reason="Somebody is here.",
        said="expected",
        marked_by="ann",
        time_zone=zone,
    )
    line = f"door {day}   3  {time}    9.0 bits  Somebody is here.  [expected, ann]"
    assert listed.line == line
