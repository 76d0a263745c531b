"""A lobby in the layout of upCam: truth by frame, the same bytes for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.benchmark.layouts.clips import judged_frames
from camera_analysis.benchmark.layouts.registry import load_benchmark
from pipelines.synthetic.lobby import LobbyConfig, make_lobby

CONFIG = LobbyConfig(train_files=1, test_files=2, quiet_files=1, seconds=24.0, incidents=1)


@pytest.fixture(scope="module")
def lobby(tmp_path_factory):
    return make_lobby(tmp_path_factory.mktemp("lobby"), seed=3, config=CONFIG)


def test_it_is_read_as_upcam(lobby):
    benchmark = load_benchmark("upcam", lobby)
    assert [clip.length for clip in (*benchmark.train, *benchmark.test)] == [120] * 4
    assert [len(clip.events or ()) for clip in benchmark.test] == [1, 1, 0]


def test_a_bag_that_is_left_is_seen_from_the_first_abnormal_frame(tmp_path):
    config = LobbyConfig(
        train_files=0, test_files=1, seconds=20.0, incidents=1, people_per_minute=(0, 0)
    )
    clip = load_quiet_scene(make_lobby(tmp_path, seed=2, config=config))
    frames, abnormal = zip(*((frame, truth.abnormal) for frame, truth in clip), strict=True)
    first = abnormal.index(True)
    assert 0 < first < len(frames) - 1
    change = np.abs(frames[first].astype(int) - frames[first - 1]).max(axis=2)
    assert np.count_nonzero(change > 40) > 30  # dark pixels of the bag


def load_quiet_scene(folder):
    (folder / "train" / "01").mkdir(parents=True)
    (path,) = folder.glob("eval_00.mp4")
    (folder / "train" / "01" / "000.mp4").write_bytes(path.read_bytes())
    return judged_frames(load_benchmark("upcam", folder).test[0])


def test_the_same_seed_films_the_same_bytes(tmp_path):
    small = LobbyConfig(train_files=1, test_files=0, seconds=2.0)
    one = make_lobby(tmp_path / "a", seed=5, config=small)
    other = make_lobby(tmp_path / "b", seed=5, config=small)
    name = "train/01/000.mp4"
    assert (one / name).read_bytes() == (other / name).read_bytes()


def test_a_contaminated_history_has_its_incidents_in_training_files(tmp_path):
    clean = LobbyConfig(train_files=2, test_files=0, seconds=10.0)
    dirty = LobbyConfig(train_files=2, test_files=0, seconds=10.0, train_incidents=1)
    one = make_lobby(tmp_path / "a", seed=5, config=clean)
    other = make_lobby(tmp_path / "b", seed=5, config=dirty)
    same = [
        (one / f"train/01/{n:03d}.mp4").read_bytes()
        == (other / f"train/01/{n:03d}.mp4").read_bytes()
        for n in range(2)
    ]
    assert same == [False, True]
