"""A day's samples keep exact times over a change of the clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from camera_analysis.camera import Camera
from camera_analysis.footage.day_footage import DayReader, DaySample
from camera_analysis.footage.footage_files import find_footage, local_day
from camera_analysis.footage.image_runs import ImageClock
from camera_analysis.footage.video_write import write_video
from camera_analysis.labelling.frame_quality import (
    MovedTo,
    QualityLimits,
    QualityMeter,
    plate_quality,
)
from camera_analysis.labelling.label_pass import process_day
from camera_analysis.labelling.labels import FAULTS_FILE, FootageFault
from camera_analysis.labelling.motion import MotionConfig
from camera_analysis.labelling.plates import to_grey
from camera_analysis.labelling.registration import Edges, Shift, edges_of
from tests.camera_analysis.factories_footage import encode
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


def passed(folder, day, **settings):
    """(Frames, faults) of a day, as the pass over its footage writes them."""
    camera = Camera(id="yard", folder=folder, **{"interval_s": 100, **settings})
    index, labels = folder / "index", folder / "labels"
    index.mkdir()
    labels.mkdir()
    process_day(camera, day, None, index, labels)
    tables = (pq.read_table(index / name) for name in ("frames.parquet", FAULTS_FILE))
    return tuple(table.to_pylist() for table in tables)


def day_of(folder, day, **films):
    """(Usable or not by file, faults) of a day; each film is named by its local hour and minute."""
    for name, frames in films.items():
        hour, minute = name[1:3], name[3:]
        write_video(folder / f"{day}T{hour}-{minute}-00.mp4", frames, 0.01, crf=8)
    rows, faults = passed(folder, day)
    reasons: dict[str, list[str]] = {}
    for row in rows:
        reasons.setdefault(row["file"][11:13], []).append(row["reason"])
    return reasons, faults


def filmed(scene, count=12, seed=0):
    return [noisy(scene, seed + n, 1.0) for n in range(count)]


WHITE = np.full_like(room(), 254)
GREY = np.full_like(room(), 90)


@pytest.mark.parametrize(("blank", "reason"), [(WHITE, "bright"), (GREY, "covered")])
def test_a_file_that_shows_nothing_does_not_spoil_the_next(tmp_path, blank, reason):
    reasons, faults = day_of(
        tmp_path,
        "2026-03-28",
        h0800=filmed(room()),
        h1000=filmed(blank, seed=50),
        h1200=filmed(room(), seed=90),
    )
    assert reasons == {"08": [""] * 12, "10": [reason] * 12, "12": [""] * 12}
    assert faults == []  # nor is a covered camera a moved one


def test_the_reference_of_a_day_is_the_first_file_that_shows_something(tmp_path):
    aside = np.roll(room(), room().shape[1] // 4, axis=1)
    reasons, faults = day_of(
        tmp_path,
        "2026-03-28",
        h0000=filmed(np.zeros_like(room())),
        h0800=filmed(room(), seed=50),
        h1200=filmed(aside, seed=90),
    )
    assert reasons == {"00": ["dark"] * 12, "08": [""] * 12, "12": ["moved"] * 12}
    assert [(fault["file"][11:16], fault["reason"]) for fault in faults] == [
        ("12-00", "camera_moved")
    ]


def test_a_camera_that_is_knocked_within_a_file_is_faulty_from_then_on(tmp_path):
    aside = np.roll(room(), room().shape[1] // 4, axis=1)
    knocked = [*filmed(room(), 4, seed=50), *filmed(aside, 8, seed=90)]
    reasons, (fault,) = day_of(tmp_path, "2026-03-28", h0800=filmed(room()), h1200=knocked)
    assert reasons["12"] == [""] * 4 + ["moved"] * 8
    assert fault["start_utc"] == datetime(2026, 3, 28, 12, 6, 40, tzinfo=UTC)


def test_a_frame_that_is_more_like_the_displaced_view_of_its_file_is_moved():
    """Neither its displacement is sure, nor is it unlike the day's view."""
    edges = edges_of(to_grey(room()))
    noise = np.random.default_rng(4).normal(0, 1, edges.map_hw.shape).astype(np.float32)
    blend = edges.map_hw / edges.map_hw.std() + 2.2 * noise
    frame, other = Edges(map_hw=blend, scale=1.0), Edges(map_hw=noise, scale=1.0)
    shift = Shift(shift_px=30.0, match=0.3, shifted_match=0.9)
    plate = plate_quality(to_grey(room()))
    displaced = replace(plate, moved_to=MovedTo(other, shift))
    grey = to_grey(room())
    alone, beside = (
        QualityMeter(QualityLimits()).measure(grey, frame, 0.0, each) for each in (plate, displaced)
    )
    assert (alone.reason(QualityLimits()), beside.reason(QualityLimits())) == ("", "moved")
    same = QualityMeter(QualityLimits()).measure(grey, edges, 0.0, displaced)
    assert same.reason(QualityLimits()) == ""  # the knock comes later in the file


def test_what_the_day_before_covers_is_not_counted_twice(tmp_path):
    for name, seed in (("2026-03-27T23-50-00.mp4", 1), ("2026-03-28T00-00-00.mp4", 50)):
        write_video(tmp_path / name, filmed(room(), seed=seed), 0.01)
    rows, (fault,) = passed(tmp_path, "2026-03-28")
    assert rows[0]["time_utc"] == datetime(2026, 3, 28, 0, 10, tzinfo=UTC)
    assert (fault["reason"], fault["file"]) == ("overlap", "2026-03-28T00-00-00.mp4")
    assert "2026-03-27T23-50-00.mp4 already covers this time" in fault["detail"]


def test_a_broken_clock_before_midnight_does_not_cover_the_next_day(tmp_path):
    frames = [noisy(room(), n, 1.0) for n in range(12)]
    times = [*range(0, 1_000_000, 100_000), 30 * 86_400_000, 30 * 86_400_000 + 100_000]
    encode(tmp_path / "2026-03-27T23-00-00.mkv", iter(frames), times)
    write_video(tmp_path / "2026-03-28T00-00-00.mp4", filmed(room(), seed=50), 0.01)
    rows, faults = passed(tmp_path, "2026-03-28")
    assert (len(rows), faults) == (12, [])


def test_images_across_midnight_overlap_by_none(tmp_path):
    """An image a minute, give or take seconds; a run ends with its last image."""
    times = ["27T23-57-30", "27T23-58-28", "27T23-59-27", "28T00-00-11", "28T00-01-15"]
    for number, name in enumerate(times):
        rgb = noisy(room(), number, 1.0)
        cv2.imwrite(str(tmp_path / f"2026-03-{name}.png"), rgb[..., ::-1])
    rows, faults = passed(tmp_path, "2026-03-28", interval_s=1, images=ImageClock())
    assert (len(rows), faults) == (2, [])
