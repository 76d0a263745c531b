from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.occupancy.occupancy_rule import OccupancyRule
from camera_analysis.occupancy.stays import Stay, find_stays, occupied_frames


def stays_of(scores, times=None, **rule):
    scores = np.array(scores, float)
    times = np.arange(len(scores), dtype=float) if times is None else np.array(times, float)
    settings = OccupancyRule(**{"enter": 0.5, "leave": 0.2, "min_s": 0.0} | rule)
    return find_stays(times, scores, settings, step_s=1.0, gap_s=3.0)


def test_a_stay_needs_the_high_threshold_once_and_keeps_the_low_one():
    assert stays_of([0, 0.3, 0.6, 0.3, 0.1, 0.4, 0]) == [Stay(1, 3, 3.0)]


def test_a_short_stay_is_none():
    assert stays_of([0, 0.9, 0, 0.9, 0.9, 0.9], min_s=2.0) == [Stay(3, 5, 3.0)]


def test_a_stay_ends_where_nobody_looked():
    assert stays_of([0.9] * 4, times=[0, 1, 9, 10]) == [Stay(0, 1, 2.0), Stay(2, 3, 2.0)]


def test_one_frame_lasts_one_interval_and_nobody_is_no_stay():
    assert stays_of([0.9]) == [Stay(0, 0, 1.0)]
    assert stays_of([0, 0.4]) == []
    assert stays_of([]) == []


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0.05, 1), st.floats(0.05, 1))
def test_stays_lie_apart_hold_the_high_threshold_and_no_frame_below_the_low_one(scores, a, b):
    leave, enter = sorted((a, b))
    found = stays_of(scores, enter=enter, leave=leave)
    occupied = occupied_frames(found, len(scores))
    scores = np.array(scores)
    assert (scores[occupied] >= leave).all()
    assert occupied[scores >= enter].all()
    assert all(one.last + 1 < other.first for one, other in pairwise(found))


@pytest.mark.parametrize("rule", [{"leave": 0.6}, {"leave": 0.0}, {"min_s": -1}, {"enter": 1.1}])
def test_impossible_rules_are_refused(rule):
    with pytest.raises(ValueError, match="allowed"):
        OccupancyRule(**{"enter": 0.5, "leave": 0.2} | rule)
