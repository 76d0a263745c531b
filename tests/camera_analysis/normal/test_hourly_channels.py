"""Channel counts by hour: exact sums and differences, stored and read back bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_analysis.channels.channel_codes import ABSENT, BINS, SPEED, STAY
from camera_analysis.labelling.code_tables import DAY_CHANNELS
from camera_analysis.normal.hourly_channels import HourlyChannels
from tests.camera_analysis.factories_days import fresh
from tests.camera_analysis.labelling.test_day_codes import META

FRAMES = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 23)), max_size=8)


def random_codes(seed):
    rng = np.random.default_rng(seed)
    codes = {c: rng.integers(0, BINS[c], META.grid).astype(np.uint8) for c in DAY_CHANNELS}
    for code in codes.values():
        code[rng.random(META.grid) < 0.6] = ABSENT
    return codes


def counted(frames, meta=META):
    counts = HourlyChannels(meta)
    for seed, hour in frames:
        counts.add(random_codes(seed), hour)
    return counts


@settings(deadline=None, max_examples=40)
@given(FRAMES, FRAMES)
def test_merged_counts_are_the_counts_of_all_frames(one, other):
    a, b = counted(one), counted(other)
    assert a + b == counted(one + other)
    assert a + b == b + a
    assert (a + b) - b == a
    assert (a + b).frames == len(one) + len(other)


@settings(deadline=None, max_examples=15)
@given(FRAMES, FRAMES)
def test_merged_counts_are_stored_as_the_counts_of_all_frames(tmp_path_factory, one, other):
    folder = tmp_path_factory.mktemp("counts")
    for name, counts in {
        "merged": counted(one) + counted(other),
        "built": counted(other + one),
    }.items():
        counts.save(fresh(folder / name))
        assert HourlyChannels.load(folder / name) == counts
    for name in ("channel_counts.parquet", "channel_counts.json"):
        assert (folder / "merged" / name).read_bytes() == (folder / "built" / name).read_bytes()


@settings(deadline=None, max_examples=20)
@given(FRAMES, st.sets(st.integers(0, 23)))
def test_hours_of_the_day_can_be_picked(frames, hours):
    picked = counted([frame for frame in frames if frame[1] in hours])
    assert counted(frames).of_hours(hours) == picked
    assert counted(frames).of_hours(None) == counted(frames)


def test_the_table_says_where_when_what_and_how_often(tmp_path):
    codes = {c: np.full(META.grid, ABSENT, np.uint8) for c in DAY_CHANNELS}
    codes[SPEED][2, 3] = 17
    codes[STAY][2, 3] = 4
    counts = HourlyChannels(META)
    for _ in range(5):
        counts.add(codes, 8)
    counts.save(tmp_path)
    rows = pd.read_parquet(tmp_path / "channel_counts.parquet")
    assert rows.to_numpy().tolist() == [[8, "speed", 17, 2, 3, 5], [8, "stay", 4, 2, 3, 5]]
    told = json.loads((tmp_path / "channel_counts.json").read_text())
    assert (told["frames_by_hour"], told["grid"], told["speed_px"]) == ({"8": 5}, [3, 4], 3.0)


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="more would be taken"):
        counted([(1, 8)]) - counted([(2, 8)])
    with pytest.raises(ValueError, match="more would be taken"):
        counted([(1, 8)]) - counted([(1, 9)])
    with pytest.raises(ValueError, match="local hour 24"):
        counted([(1, 24)])
    larger = counted([], type(META)(**{**vars(META), "speed_px": 6.0}))
    with pytest.raises(ValueError, match="do not add"):
        counted([]) + larger
    counted([(1, 8)]).save(tmp_path)
    path = tmp_path / "channel_counts.json"
    path.write_text(path.read_text().replace('"8": 1', '"8": 0'))
    with pytest.raises(ValueError, match="count the day again"):
        HourlyChannels.load(tmp_path)


def test_a_day_counted_before_there_were_channels_has_none(tmp_path):
    assert HourlyChannels.load(tmp_path) is None
