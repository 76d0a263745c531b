"""A day's samples keep exact times over a change of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from camera_analysis.camera import Camera
from camera_analysis.footage.day_footage import DayReader, DaySample
from camera_analysis.footage.footage_files import find_footage, local_day
from camera_analysis.footage.video_write import write_video
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.labelling.labels import FootageFault
from camera_analysis.labelling.motion import MotionConfig
from tests.camera_analysis.factories_scene import noisy, room, walker_box, with_walker

SHIFTED = {"spring": "2026-03-29", "autumn": "2026-10-25"}


def samples_of(folder, day, names, seconds=600, fps=0.01):
    """Ten minutes of film under each name, a frame each 100 s; (samples, faults) of the day."""
    count = round(seconds * fps)
    for number, name in enumerate(names):
        write_video(folder / name, [noisy(room(), 9 * number + n, 1.0) for n in range(count)], 0.01)
    camera = Camera(id="yard", folder=folder, interval_s=100, time_zone="Europe/Berlin")
    files = [
        file for file in find_footage(camera).files if local_day(camera, file.start_utc) == day
    ]
    reader = DayReader(camera, files, motion=MotionConfig(), limits=QualityLimits())
    items = list(reader.read())
    return (
        [item for item in items if isinstance(item, DaySample)],
        [item for item in items if isinstance(item, FootageFault)],
    )


def hours(samples):
    return sorted({sample.time_utc.hour for sample in samples})


def test_the_doubled_hour_is_two_hours_where_names_state_their_offset(tmp_path):
    day = SHIFTED["autumn"]
    names = [f"{day}T02-30-00+0200.mp4", f"{day}T02-30-00+0100.mp4", f"{day}T03-30-00.mp4"]
    samples, faults = samples_of(tmp_path, day, names)
    assert faults == []
    assert len(samples) == 18
    assert hours(samples) == [0, 1, 2]


def test_the_doubled_hour_without_offsets_is_told_and_not_counted_twice(tmp_path):
    day = SHIFTED["autumn"]
    (tmp_path / "b").mkdir()
    samples, faults = samples_of(tmp_path, day, [f"{day}T02-30-00.mp4", f"b/{day}T02-30-00.mp4"])
    assert hours(samples) == [0]
    assert len(samples) == 6
    assert [fault.reason for fault in faults] == ["overlap"]


def test_a_file_runs_on_through_the_hour_that_does_not_exist(tmp_path):
    day = SHIFTED["spring"]
    samples, faults = samples_of(tmp_path, day, [f"{day}T01-55-00.mp4", f"{day}T03-10-00.mp4"])
    assert faults == []
    times = [sample.time_utc for sample in samples]
    assert times[0] == datetime(2026, 3, 29, 0, 55, tzinfo=UTC)
    assert times[6] == datetime(2026, 3, 29, 1, 10, tzinfo=UTC)
    berlin = Camera(id="yard", folder=tmp_path, time_zone="Europe/Berlin").zone
    assert [time.astimezone(berlin).hour for time in times] == [1, 1, 1, 3, 3, 3] + [3] * 6


@pytest.mark.parametrize("day", SHIFTED.values())
def test_time_never_steps_back_on_a_day_of_change(tmp_path, day):
    names = [f"{day}T{hour:02d}-50-00.mp4" for hour in (1, 2, 3)]
    samples, _ = samples_of(tmp_path, day, names)
    times = [sample.time_utc for sample in samples]
    assert times == sorted(set(times))


def test_who_stands_through_a_whole_file_is_not_in_its_plate(tmp_path):
    day = "2026-03-28"
    for name, scene in (
        (f"{day}T10-00-00.mp4", room()),
        (f"{day}T11-00-00.mp4", with_walker(room(), 9)),
    ):
        frames = [noisy(scene, n, 1.0) for n in range(12)]
        write_video(tmp_path / name, frames, 0.01, crf=8)
    camera = Camera(id="yard", folder=tmp_path, interval_s=100)
    reader = DayReader(
        camera, find_footage(camera).files, motion=MotionConfig(), limits=QualityLimits()
    )
    samples = [item for item in reader.read() if isinstance(item, DaySample)]
    x0, y0, x1, y1 = walker_box(9)
    inside = (slice(y0 + 2, y1 - 2), slice(x0 + 2, x1 - 2))
    stands, plate = samples[-1].frame_rgb[inside], samples[-1].view.plate.rgb[inside].astype(float)
    assert np.abs(plate - room()[inside]).mean() < 8
    assert np.abs(plate - stands).mean() > 30
