from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.footage.video_plan import (
    NO_PTS,
    PacketIndex,
    exact_seconds,
    plan_decoding,
)


def index_of(pts, keys):
    return PacketIndex(
        pts_n=np.array(pts, np.int64),
        key_n=np.array([time in keys for time in pts]),
        shown_n=np.ones(len(pts), bool),
    )


def fed(plan):
    return np.flatnonzero(plan.feed_n).tolist()


def test_only_the_groups_with_a_sample_are_decoded_and_only_up_to_it():
    plan = plan_decoding(index_of(range(12), {0, 4, 8}), Fraction(5))
    assert np.flatnonzero(plan.wanted_n).tolist() == [0, 5, 10]
    assert fed(plan) == [0, 4, 5, 8, 9, 10]
    assert np.flatnonzero(plan.restart_n).tolist() == [0, 4, 8]


def test_a_frame_shown_before_its_key_frame_needs_the_group_before():
    # In the order of decoding: key 0, 1 and 2, then key 5 with 3 and 4, which are shown before it.
    plan = plan_decoding(index_of([0, 2, 1, 5, 3, 4, 6], {0, 5}), Fraction(4))
    assert np.flatnonzero(plan.wanted_n).tolist() == [0, 5]
    assert fed(plan) == [0, 1, 2, 3, 4, 5]


def test_frames_that_refer_to_a_skipped_group_are_left_out():
    plan = plan_decoding(index_of([0, 2, 1, 5, 3, 4, 6, 7], {0, 5}), Fraction(6))
    assert fed(plan) == [0, 3, 6]


def test_no_decoding_starts_at_a_key_frame_that_is_not_whole_at_once():
    index = index_of(range(12), {0, 4, 8})
    gradual_n = index.key_n & (index.pts_n == 4)
    plan = plan_decoding(replace(index, gradual_n=gradual_n), Fraction(5))
    assert np.flatnonzero(plan.wanted_n).tolist() == [0, 5, 10]
    assert fed(plan) == [0, 1, 2, 3, 4, 5, 8, 9, 10]
    assert np.flatnonzero(plan.restart_n).tolist() == [0, 8]


def test_times_that_step_back_are_marked():
    plan = plan_decoding(index_of([0, 1, 2, 3, 1, 2, 3, 4], {0, 4}), Fraction(1))
    assert np.flatnonzero(plan.backwards_n).tolist() == [4, 5, 6] or plan.backwards_n.sum() == 0


def test_missing_times_are_noticed():
    index = index_of([0, NO_PTS, 2], {0})
    assert not index.has_all_times
    assert index.largest_step == 0
    assert index_of([0, 2, 9], {0}).largest_step == 7


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=60),
    st.fractions(min_value=Fraction(1, 3), max_value=90, max_denominator=7),
    st.sets(st.integers(0, 60)),
)
def test_a_key_frame_stands_for_every_target_until_the_next_or_the_end(steps, interval, keys):
    times = np.cumsum([0, *steps]).tolist()
    key_times = [0, *(times[number] for number in sorted(keys) if 0 < number < len(times))]
    plan = plan_decoding(index_of(times, set(key_times)), interval, only_key_frames=True)
    wanted, target = set(), Fraction(0)
    while target <= times[-1]:
        wanted.add(times.index(max(time for time in key_times if time <= target)))
        target += interval
    assert set(np.flatnonzero(plan.wanted_n).tolist()) == wanted


@pytest.mark.parametrize("meant", [Fraction(1, 30), Fraction(1001, 30_000), Fraction(1001, 60_000)])
def test_an_interval_is_the_fraction_that_is_meant(meant):
    assert exact_seconds(float(meant)) == meant


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=60),
    st.fractions(min_value=Fraction(1, 3), max_value=90, max_denominator=7),
)
def test_the_floor_rule_holds_for_any_times_and_interval(steps, interval):
    times = np.cumsum([0, *steps]).tolist()
    plan = plan_decoding(index_of(times, {0}), interval)
    wanted, target = set(), Fraction(0)
    while target <= times[-1]:
        wanted.add(max(number for number, time in enumerate(times) if time <= target))
        target += interval
    assert set(np.flatnonzero(plan.wanted_n).tolist()) == wanted
