"""What is usual where, of one day and of several, at some hours or all; and its pictures."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from camera_analysis.channels.channel_codes import ABSENT, DIRECTION, SIZE, SPEED, STAY
from camera_analysis.channels.channel_window import sum_channels
from camera_analysis.label_classes import CLASS_NAMES
from camera_analysis.labelling.code_tables import DAY_CHANNELS
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.hourly_channels import HourlyChannels
from camera_analysis.normal.learned_normal import build_normal, load_normal
from camera_analysis.normal.usual_channels import usual_maps
from tests.camera_analysis.factories_days import fresh
from tests.camera_analysis.labelling.test_day_codes import META
from tests.camera_analysis.normal.test_learned_normal import counted


def codes_at(y, x, **values):
    """Codes of one place; nothing anywhere else."""
    codes = {c: np.full(META.grid, ABSENT, np.uint8) for c in DAY_CHANNELS}
    for channel, value in values.items():
        codes[channel][y, x] = value
    return codes


def channels_of(frames, hour=8, meta=META):
    counts = HourlyChannels(meta)
    for codes in frames:
        counts.add(codes, hour)
    return counts


def day(folder, frames, *, hour=8, meta=META):
    """A folder of activity counts with channels."""
    counted(folder, np.zeros((12, 16)), 30)
    channels_of(frames, hour, meta).save(folder)
    return folder


WALK = codes_at(1, 2, **{SPEED: 18, DIRECTION: 4, SIZE: 12, STAY: 2})


def test_medians_are_in_pixels_a_second_and_seconds():
    frames = [WALK] * 6 + [codes_at(1, 2, **{SPEED: 40, DIRECTION: 0})] * 2
    maps = usual_maps(channels_of(frames).total(), META).maps
    assert maps["speed_px_s"][1, 2] == pytest.approx(3 * 2 ** (18.5 / 6))
    assert (maps["direction"][1, 2], maps["direction_share"][1, 2]) == (180, 0.75)
    assert maps["size_px"][1, 2] == pytest.approx(2 * 2 ** (12.5 / 6))
    assert maps["stay_s"][1, 2] == pytest.approx(2 ** (2.5 / 2))
    assert maps["moved"][1, 2] == 8


def test_where_little_was_seen_nothing_is_usual():
    maps = usual_maps(channels_of([WALK] * 4).total(), META).maps
    assert np.isnan(maps["speed_px_s"]).all()
    assert np.isnan(maps["direction"]).all()


def test_days_add_up_and_days_without_channels_are_named(tmp_path):
    days = {
        "2026-01-01": counted(tmp_path / "old", np.zeros((12, 16)), 30),
        "2026-01-02": day(tmp_path / "a", [WALK] * 3),
        "2026-01-03": day(tmp_path / "b", [WALK] * 4),
    }
    window = sum_channels(days, sorted(days))
    assert (window.days, window.other_days) == (("2026-01-02", "2026-01-03"), ("2026-01-01",))
    assert window.total == channels_of([WALK] * 7)


def test_days_whose_codes_mean_something_else_are_left_out(tmp_path):
    other = type(META)(**{**vars(META), "speed_px": 6.0})
    days = {
        "2026-01-02": day(tmp_path / "a", [WALK] * 3, meta=other),
        "2026-01-03": day(tmp_path / "b", [WALK] * 4),
    }
    window = sum_channels(days, sorted(days))
    assert (window.days, window.other_days) == (("2026-01-03",), ("2026-01-02",))


def test_the_normal_shows_what_is_usual_where(tmp_path):
    days = {"2026-01-02": day(tmp_path / "a", [WALK] * 9)}
    summary = build_normal(days, list(days), out := fresh(tmp_path / "n"), plate=None)
    assert [path.name for path in summary.pictures[3:]] == [
        "usual_speed.png", "usual_direction.png", "usual_size.png", "usual_stay.png",
    ]  # fmt: skip
    assert all(cv2.imread(str(path)).shape[1] == 900 for path in summary.pictures)
    (row,) = pd.read_parquet(out / "usual.parquet").to_dict("records")
    assert (row["y"], row["x"], row["moved"], row["direction"]) == (1, 2, 9, 180)
    assert json.loads((out / "normal.json").read_text())["channel_days"] == ["2026-01-02"]
    assert HourlyChannels.load(out) == channels_of([WALK] * 9)


def test_some_hours_of_the_day_can_be_asked_for(tmp_path):
    folder = fresh(tmp_path / "a")
    morning, evening = channels_of([WALK] * 6, 8), channels_of([WALK] * 3, 20)
    counts = ClassCounts(12, 16, CLASS_NAMES)
    for hour, class_id, frames in ((8, 1, 40), (20, 2, 10)):
        for _ in range(frames):
            counts.add(np.full((12, 16), class_id, np.uint8), hour)
    counts.save(folder)
    (morning + evening).save(folder)
    days = {"2026-01-02": folder}
    build_normal(days, list(days), out := fresh(tmp_path / "n"), plate=None, hours=[8, 9])
    normal = load_normal(out)
    assert normal.counts_khw[:, 0, 0].tolist() == [0, 40, 0]
    assert HourlyChannels.load(out) == morning


def test_the_same_counts_give_the_same_bytes(tmp_path):
    days = {"2026-01-02": day(tmp_path / "a", [WALK] * 9)}
    for name in ("one", "two"):
        build_normal(days, list(days), fresh(tmp_path / name), plate=None)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
