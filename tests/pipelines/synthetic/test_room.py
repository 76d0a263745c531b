"""A room in the layout of upCam: sizes by the seed, truth by frame, lives that fill their files."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from camera_analysis.benchmark.layouts.registry import load_benchmark
from pipelines.synthetic.room import KINDS, SIZES_WH, RoomConfig, make_room

CONFIG = RoomConfig(train_files=1, test_files=2, quiet_files=1, seconds=60.0, incidents=3)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return make_room(tmp_path_factory.mktemp("room"), seed=3, config=CONFIG)


def test_it_is_read_as_upcam_with_every_kind_of_incident(room):
    benchmark = load_benchmark("upcam", room)
    assert [clip.length for clip in (*benchmark.train, *benchmark.test)] == [300] * 4
    assert [len(clip.events or ()) for clip in benchmark.test] == [3, 3, 0]
    told = "".join(path.read_text() for path in room.glob("eval_*.events.md"))
    assert all(kind in told for kind in KINDS)


def test_labels_are_one_within_the_events_and_zero_outside(room):
    for clip in load_benchmark("upcam", room).test:
        labels = np.loadtxt(room / f"{clip.name}.labels.csv")
        within = np.zeros(300)
        for first, last in clip.events or ():
            within[first : last + 1] = 1
        np.testing.assert_array_equal(labels, within)


def test_a_seed_has_a_size_and_always_the_same_bytes(room, tmp_path):
    small = RoomConfig(train_files=1, test_files=0, quiet_files=0, seconds=2.0)
    one = make_room(tmp_path / "a", seed=4, config=small) / "train/01/000.mp4"
    other = make_room(tmp_path / "b", seed=4, config=small) / "train/01/000.mp4"
    assert one.read_bytes() == other.read_bytes()
    sizes = []
    for path in (next(room.glob("train/*/*.mp4")), one):
        _, frame = cv2.VideoCapture(str(path)).read()
        sizes.append((frame.shape[1], frame.shape[0]))
    assert sizes == [SIZES_WH[0], SIZES_WH[1]]


def test_a_room_that_is_lived_in_is_the_same_room_by_other_tones(room, tmp_path):
    config = replace(CONFIG, test_files=0, quiet_files=0, lived_in_strength=1.0)
    lived = make_room(tmp_path, seed=3, config=config)
    frames = [
        cv2.VideoCapture(str(next(folder.glob("train/*/*.mp4")))).read()[1].astype(int)
        for folder in (room, lived)
    ]
    assert 0.5 < np.abs(frames[0] - frames[1]).mean() < 15
