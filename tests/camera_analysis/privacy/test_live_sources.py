"""Frames of a file come at their own pace; those of a stream whenever they arrive."""

from __future__ import annotations

import logging
from itertools import islice

import pytest

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.stream_record import RecordConfig
from camera_analysis.privacy.live_sources import LiveClock, file_frames, stream_frames
from tests.camera_analysis.factories_footage import encode, number_of, numbered_frame
from tests.camera_analysis.rtsp_server import Camera, pictures_of, rtsp_served


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.seconds = 100.0
        self.slept = []

    def now(self):
        return self.seconds

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def clip(tmp_path):
    frames = [numbered_frame(number) for number in range(6)]
    return encode(tmp_path / "clip.mp4", frames, [0, 40, 80, 500, 540, 1000])


def file_of(path):
    from datetime import UTC, datetime

    return FootageFile(path=path, start_utc=datetime(2026, 1, 5, tzinfo=UTC))


def clock_of(time):
    return LiveClock(now=time.now, sleep=time.sleep)


def test_file_is_shown_at_the_speed_at_which_it_was_filmed(clip, time):
    frames = list(file_frames(file_of(clip), clock_of(time), max_side_px=1280))
    assert [number_of(one.frame_rgb) for one in frames] == [0, 1, 2, 3, 4, 5]
    assert [round(one.arrived_s - 100, 3) for one in frames] == [0, 0.04, 0.08, 0.5, 0.54, 1.0]


def test_file_begins_anew_where_that_is_asked_for(clip, time):
    frames = file_frames(file_of(clip), clock_of(time), max_side_px=1280, again=True)
    assert [number_of(one.frame_rgb) for one in islice(frames, 8)] == [0, 1, 2, 3, 4, 5, 0, 1]


def test_file_without_frames_is_refused(tmp_path, time):
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match=r"empty\.mp4: no frame can be read"):
        next(file_frames(file_of(tmp_path / "empty.mp4"), clock_of(time), max_side_px=1280))


def test_stream_that_breaks_is_connected_again_and_its_password_is_not_told(clip, time, caplog):
    camera = Camera(
        pictures=pictures_of(clip), user="viewer", password="secret", lengths=[None, None, 0]
    )
    config = RecordConfig(timeout_s=5.0, attempts=2)
    with rtsp_served(camera) as place, caplog.at_level(logging.WARNING):
        address = f"rtsp://viewer:secret@{place}/main"
        frames = list(stream_frames(address, clock_of(time), config, max_side_px=1280))
    numbers = [number_of(one.frame_rgb) for one in frames]
    assert numbers.count(0) == 2, "the camera was reached twice"
    arrived = [one.arrived_s for one in frames]
    assert arrived == sorted(arrived) and len(set(arrived)) == len(arrived)
    assert time.slept == [1.0, 1.0, 2.0][: len(time.slept)]
    assert "secret" not in caplog.text and "127.0.0.1" in caplog.text
