"""Local time is told from the hours that the index states, whatever the zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camera_analysis.frame_times import read_frame_times
from camera_analysis.labels import FRAMES


def write_index(folder, offset, *, frames=200, step=timedelta(minutes=5)):
    start = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    rows = [
        {
            "frame_id": i,
            "time_utc": start + i * step,
            "local_hour": (start + i * step + offset).hour,
            "usable": i != 3,
            "file": "a.mp4",
            "reason": "",
        }
        for i in range(frames)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=FRAMES), folder / "frames.parquet")


@pytest.mark.parametrize("minutes", [0, 60, -300, 330, 345, 780, -600])
def test_the_offset_is_found(tmp_path, minutes):
    offset = timedelta(minutes=minutes)
    write_index(tmp_path, offset)
    times = read_frame_times(tmp_path)
    assert times.offset == offset
    assert times.interval == timedelta(minutes=5)
    local = times.local(times.utc(1))
    assert local == datetime(2026, 1, 5, 8, 5) + offset


def test_an_unusable_frame_has_no_time(tmp_path):
    write_index(tmp_path, timedelta())
    with pytest.raises(ValueError, match="frame 3 has a label map"):
        read_frame_times(tmp_path).utc(3)


def test_a_day_without_frames_has_a_clock_all_the_same(tmp_path):
    write_index(tmp_path, timedelta(), frames=0)
    assert read_frame_times(tmp_path).interval == timedelta(seconds=1)
