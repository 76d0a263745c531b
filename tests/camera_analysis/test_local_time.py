"""Local time as a reader beside the camera has it: also where clocks change at midnight."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from camera_analysis.local_time import LocalClock


@pytest.mark.parametrize(
    ("zone", "day", "offsets"),
    [
        ("Europe/Berlin", "2026-10-25", ("+02:00", "+01:00")),
        ("Australia/Lord_Howe", "2026-04-05", ("+11:00", "+10:30")),
        ("America/Santiago", "2026-09-05", ("-04:00",)),  # the next day begins at one
        ("America/Santiago", "2026-09-06", ("-03:00",)),
        ("America/Santiago", "2026-04-04", ("-03:00", "-04:00")),  # its last hour comes twice
        ("America/Santiago", "2026-04-05", ("-04:00",)),
        ("Atlantic/Azores", "2026-10-25", ("+00:00", "-01:00")),  # its first hour comes twice
    ],
)
def test_a_day_has_two_offsets_only_where_clocks_change_within_it(zone, day, offsets):
    assert LocalClock(zone, day).offsets == offsets


@pytest.mark.parametrize(
    ("zone", "moment", "midnight"),
    [
        ("Atlantic/Azores", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 0),  # the second 00:30
        ("America/Santiago", datetime(2026, 9, 6, 15, tzinfo=UTC), 4),  # 00:00 is skipped
        ("Europe/Berlin", datetime(2026, 1, 5, 15, tzinfo=UTC), -1),
    ],
)
def test_a_day_begins_at_the_first_instant_that_has_its_date(zone, moment, midnight):
    found = LocalClock(zone, "2026-01-05").midnight_before(moment)
    assert found.timestamp() == moment.replace(hour=0, minute=0).timestamp() + midnight * 3600
    local = ZoneInfo(zone)
    assert found.astimezone(local).date() == moment.astimezone(local).date()
