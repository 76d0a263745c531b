"""Candidates: usable frames only, bounded in number, with what the segmenter sees."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camera_analysis.camera import Camera
from camera_analysis.footage import frame_candidates
from camera_analysis.footage.frame_candidates import find_candidates, mean_entropy_bits
from camera_analysis.footage.video_write import write_video

FLOOR = np.random.default_rng(0).integers(60, 160, (16, 20, 3)).repeat(4, 0).repeat(4, 1)


class LeftHalf:
    """Sees people in the left half, and is unsure of the rest where the frame is bright there."""

    def probability(self, frames):
        answer = np.zeros(frames.shape[:3], np.float32)
        answer[:, :, :40] = 1.0
        answer[:, :, 40:] = np.where(frames[:, :, 40:, 0] > 200, 0.5, 0.0)
        return answer


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    """Half a minute at 2 fps: a bright square walks to the right; the last ten seconds are dark."""
    return Camera(id="door", folder=film(tmp_path, "2026-01-05T08-00-00.mp4"), interval_s=0.5)


def film(folder: Path, name: str) -> Path:
    frames = []
    for number in range(60):
        frame = FLOOR.astype(np.uint8).copy()
        frame[30:50, number : number + 12] = (230, 60, 40)
        frames.append(frame if number < 40 else np.zeros_like(frame))
    write_video(folder / name, frames, 2)
    return folder


def test_dark_frames_are_counted_and_left_out(camera: Camera):
    found = find_candidates(camera, None)
    assert len(found.usable) == 40
    assert found.unusable == {"dark": 20}


def test_what_is_kept_of_a_frame(camera: Camera):
    found = find_candidates(camera, LeftHalf())
    first, last = found.usable[0], found.usable[-1]
    assert first.file == "2026-01-05T08-00-00.mp4"
    assert (first.pts_s, last.pts_s) == (0.0, 19.5)
    assert last.time_utc.isoformat() == "2026-01-05T08:00:19.500000+00:00"
    assert picture(first.picture).shape == (64, 80, 3)
    human = picture(first.human)
    assert human[:, :40].min() == 255
    assert human[:, 40:].max() == 0
    assert last.looks.unsure_bits > first.looks.unsure_bits  # the square is in the right half now
    assert first.looks.moved_share > 0


def test_without_a_segmenter_nothing_is_drawn_and_nothing_unsure(camera: Camera):
    found = find_candidates(camera, None)
    assert {one.looks.unsure_bits for one in found.usable} == {0.0}
    assert picture(found.usable[0].human).max() == 0


def test_long_footage_is_looked_at_coarsely(camera: Camera, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frame_candidates, "MAX_CANDIDATES", 15)
    found = find_candidates(camera, None)
    assert len(found.usable) + sum(found.unusable.values()) in (15, 16)
    assert found.usable[1].pts_s == 2.0


def test_files_are_spread_over_the_time_of_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for day in (5, 6):
        for hour in (8, 20):
            film(tmp_path, f"2026-01-{day:02}T{hour:02}-00-00.mp4")
    monkeypatch.setattr(frame_candidates, "MAX_FILES", 2)
    found = find_candidates(Camera(id="door", folder=tmp_path, interval_s=5.0), None)
    assert {one.time_utc.hour for one in found.usable} == {8, 20}


def test_only_the_days_asked_for(tmp_path: Path):
    for day in (5, 6, 7):
        film(tmp_path, f"2026-01-{day:02}T08-00-00.mp4")
    camera = Camera(id="door", folder=tmp_path, interval_s=5.0)
    found = find_candidates(camera, None, first_day="2026-01-06", last_day="2026-01-06")
    assert {one.time_utc.day for one in found.usable} == {6}
    with pytest.raises(ValueError, match="no footage on the days"):
        find_candidates(camera, None, first_day="2026-02-01")


def test_entropy_of_certainty_and_of_a_coin():
    assert mean_entropy_bits(np.zeros((2, 2), np.float32)) == pytest.approx(0.0, abs=1e-4)
    assert mean_entropy_bits(np.full((2, 2), 0.5, np.float32)) == pytest.approx(1.0)
    half = np.array([[0.5, 1.0], [0.5, 0.0]], np.float32)
    assert mean_entropy_bits(half) == pytest.approx(0.5, abs=1e-4)


def picture(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))
