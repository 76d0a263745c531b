"""Times of a day's frames are told beside the camera, whatever its zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camera_analysis.footage.frame_times import read_frame_times
from camera_analysis.labelling.labels import FRAMES

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def write_index(folder, *, frames=4, start=START, step=timedelta(minutes=5)):
    rows = [
        {"frame_id": i, "time_utc": start + i * step, "usable": i != 3, "file": "a.mp4"}
        for i in range(frames)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=FRAMES), folder / "frames.parquet")


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("UTC", datetime(2026, 1, 5, 8, 5)),
        ("Pacific/Kiritimati", datetime(2026, 1, 5, 22, 5)),  # UTC+14
        ("Asia/Kolkata", datetime(2026, 1, 5, 13, 35)),  # ten minutes do not tell its half hour
        ("America/New_York", datetime(2026, 1, 5, 3, 5)),
    ],
)
def test_local_time_is_that_of_the_zone(tmp_path, zone, local):
    write_index(tmp_path)
    times = read_frame_times(tmp_path, ZoneInfo(zone))
    assert times.local(times.utc(1)) == local
    assert times.interval == timedelta(minutes=5)


def test_clocks_change_within_a_day(tmp_path):
    write_index(tmp_path, start=datetime(2026, 3, 29, 0, 30, tzinfo=UTC), step=timedelta(hours=1))
    times = read_frame_times(tmp_path, ZoneInfo("Europe/Berlin"))
    hours = [times.local(times.utc(frame_id)).hour for frame_id in (0, 1, 2)]
    assert hours == [1, 3, 4]


def test_an_unusable_frame_has_no_time(tmp_path):
    write_index(tmp_path)
    with pytest.raises(ValueError, match="frame 3 has a label map"):
        read_frame_times(tmp_path, ZoneInfo("UTC")).utc(3)


def test_a_day_without_frames_has_a_clock_all_the_same(tmp_path):
    write_index(tmp_path, frames=0)
    assert read_frame_times(tmp_path, ZoneInfo("UTC")).interval == timedelta(seconds=1)
