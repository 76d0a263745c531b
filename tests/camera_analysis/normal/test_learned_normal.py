"""A window of days becomes mode, frequency and entropy; what was never seen stays unknown."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from camera_analysis.label_classes import CLASS_NAMES
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.learned_normal import (
    build_normal,
    class_frequency,
    entropy_bits,
    load_normal,
    modal_map,
)
from tests.camera_analysis.factories_days import fresh


def pixel(*counts):
    return np.array(counts, np.uint32).reshape(-1, 1, 1)


def counted(folder, labels, frames, classes=CLASS_NAMES):
    counts = ClassCounts(*np.shape(labels), classes)
    for _ in range(frames):
        counts.add(np.array(labels, np.uint8), 8)
    counts.save(fresh(folder))
    return folder


def test_the_lowest_id_wins_a_tie_and_the_unseen_is_unknown():
    assert modal_map(pixel(3, 3, 1)).item() == 0
    assert modal_map(pixel(1, 4, 4)).item() == 1
    assert modal_map(pixel(0, 0, 0)).item() == -1


def test_entropy_of_a_fair_coin_is_one_bit():
    assert entropy_bits(pixel(8, 8, 0)).item() == 1.0
    assert entropy_bits(pixel(8, 0, 0)).item() == 0.0
    assert np.isnan(entropy_bits(pixel(0, 0, 0)).item())


def test_frequency_is_the_share_of_observations():
    assert class_frequency(pixel(3, 1, 0), 1).item() == 0.25
    assert np.isnan(class_frequency(pixel(0, 0, 0), 1).item())


@settings(deadline=None)  # a busy machine is no failure
@given(hnp.arrays(np.uint32, (3, 4, 5), elements=st.integers(0, 1000)))
def test_entropy_stays_within_its_bounds(counts):
    entropy = entropy_bits(counts)
    known = counts.any(axis=0)
    assert (entropy[known] >= 0).all() and (entropy[known] <= np.log2(3) + 1e-9).all()
    assert np.isnan(entropy[~known]).all()


def test_days_add_up(tmp_path):
    days = {
        "2026-01-01": counted(tmp_path / "a", [[0, 1]], 30),
        "2026-01-03": counted(tmp_path / "b", [[0, 2]], 10),
    }
    wanted = ["2026-01-01", "2026-01-02", "2026-01-03"]
    out = fresh(tmp_path / "normal")
    summary = build_normal(days, wanted, out, plate=None)
    assert (summary.status, summary.frames) == ("ready", 40)
    assert summary.missing_days == ("2026-01-02",)
    normal = load_normal(out)
    assert normal.counts_khw.tolist() == [[[40, 0]], [[0, 30]], [[0, 10]]]
    row = pd.read_parquet(out / "normal.parquet").iloc[0]
    assert row["mode"].tolist() == [0, 1]
    assert row["human_frequency"].tolist() == [0.0, 0.75]
    assert row["observed"].tolist() == [40, 40]
    assert row["entropy_bits"][1] == pytest.approx(0.8113, abs=1e-4)


def test_pictures_are_as_wide_as_a_phone_needs(tmp_path):
    days = {"2026-01-01": counted(tmp_path / "a", np.eye(20, 40, dtype=np.uint8), 40)}
    summary = build_normal(days, list(days), fresh(tmp_path / "normal"), plate=None)
    assert [path.name for path in summary.pictures] == [
        "mode.png",
        "human_frequency.png",
        "entropy.png",
    ]
    assert all(cv2.imread(str(path)).shape[1] == 900 for path in summary.pictures)


def test_the_same_counts_give_the_same_bytes(tmp_path):
    days = {"2026-01-01": counted(tmp_path / "a", [[0, 1], [2, 0]], 40)}
    for name in ("one", "two"):
        build_normal(days, list(days), fresh(tmp_path / name), plate=None)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_no_history_is_warming_up(tmp_path):
    summary = build_normal({}, ["2026-01-01"], tmp_path, plate=None)
    assert (summary.status, summary.frames, summary.pictures) == ("warming_up", 0, ())
    assert json.loads((tmp_path / "normal.json").read_text())["missing_days"] == ["2026-01-01"]
    assert pd.read_parquet(tmp_path / "normal.parquet").empty
    assert load_normal(tmp_path).counts_khw.shape == (0, 0, 0)


def test_too_few_frames_are_warming_up(tmp_path):
    days = {"2026-01-01": counted(tmp_path / "a", [[0, 1]], 29)}
    assert build_normal(days, list(days), fresh(tmp_path / "n"), plate=None).status == "warming_up"


def test_a_day_without_frames_does_not_stop_the_window(tmp_path):
    days = {
        "2026-01-01": counted(tmp_path / "a", np.zeros((0, 0)), 0),
        "2026-01-02": counted(tmp_path / "b", [[0, 1]], 30),
    }
    summary = build_normal(days, list(days), fresh(tmp_path / "n"), plate=None)
    assert (summary.status, summary.width) == ("ready", 2)


def test_a_change_of_size_is_refused_with_both_sizes_and_the_day(tmp_path):
    days = {
        "2026-01-01": counted(tmp_path / "a", [[0, 1]], 5),
        "2026-01-02": counted(tmp_path / "b", [[0], [1]], 5),
    }
    with pytest.raises(ValueError, match=r"day 2026-01-02 .*2 x 1 and of 1 x 2"):
        build_normal(days, list(days), fresh(tmp_path / "n"), plate=None)


def test_the_judged_day_is_refused_in_its_own_window(tmp_path):
    with pytest.raises(ValueError, match="2026-01-02 is in the window"):
        build_normal({}, ["2026-01-02"], tmp_path, plate=None, judged_day="2026-01-02")


def test_a_day_outside_the_window_is_refused(tmp_path):
    days = {"2026-01-09": counted(tmp_path / "a", [[0, 1]], 5)}
    with pytest.raises(ValueError, match="2026-01-09 are given"):
        build_normal(days, ["2026-01-01"], fresh(tmp_path / "n"), plate=None)


def test_a_segmenter_without_people_learns_that_none_was_seen(tmp_path):
    days = {"2026-01-01": counted(tmp_path / "a", [[0, 1]], 30, ("background", "car"))}
    build_normal(days, list(days), fresh(tmp_path / "n"), plate=None)
    row = pd.read_parquet(tmp_path / "n" / "normal.parquet").iloc[0]
    assert row["human_frequency"].tolist() == [0.0, 0.0]
