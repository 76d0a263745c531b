from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.video import probe
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.footage.video_write import write_video
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.labelling.motion import MotionConfig
from camera_analysis.labelling.plates import PLATE_SAMPLES, Spread, learn_view
from tests.camera_analysis.factories_scene import noisy, room, with_walker


@given(st.integers(0, 500), st.integers(1, 41))
def test_a_spread_keeps_few_items_at_even_steps(length, capacity):
    spread = Spread(capacity)
    for item in range(length):
        spread.add(item)
    kept = spread.items
    assert len(kept) <= capacity
    assert len(kept) >= min(length, capacity // 2)
    assert len(set(np.diff(kept))) <= 1
    assert not kept or kept[0] == 0


def view_of(path):
    return learn_view(
        FootageFile(path=path, start_utc=datetime(2026, 1, 5, tzinfo=UTC)),
        probe(path),
        None,
        read=ReadConfig(),
        motion=MotionConfig(),
        limits=QualityLimits(),
    )


def test_the_plate_of_a_file_is_the_empty_room(tmp_path):
    frames = [noisy(with_walker(room(), n), n, 1.0) for n in range(80)]
    write_video(tmp_path / "a.mp4", frames, 4, crf=8)
    view = view_of(tmp_path / "a.mp4")
    assert 35 <= view.plate.samples <= PLATE_SAMPLES
    assert np.abs(view.plate.rgb.astype(int) - room()).mean() < 4
    assert view.native_wh == (96, 64)


def test_lights_out_does_not_enter_the_plate(tmp_path):
    dark = [np.full((64, 96, 3), 1, np.uint8)] * 50
    frames = [*dark, *(noisy(room(), n, 1.0) for n in range(30))]
    write_video(tmp_path / "a.mp4", frames, 4, crf=8)
    assert view_of(tmp_path / "a.mp4").plate.rgb.mean() > 80


def test_a_night_of_darkness_still_has_a_plate(tmp_path):
    write_video(tmp_path / "a.mp4", [np.full((64, 96, 3), 1, np.uint8)] * 20, 4)
    assert view_of(tmp_path / "a.mp4").plate.rgb.max() < 20


def test_a_knocked_camera_keeps_the_view_it_had_longest(tmp_path):
    wide = room(height=90, width=130)
    long, short = wide[10:74, 10:106], wide[17:81, 16:112]
    frames = [noisy(view, n, 1.0) for n, view in enumerate([short] * 14 + [long] * 26)]
    write_video(tmp_path / "a.mp4", frames, 4, crf=8)
    assert np.abs(view_of(tmp_path / "a.mp4").plate.rgb.astype(int) - long).mean() < 6
