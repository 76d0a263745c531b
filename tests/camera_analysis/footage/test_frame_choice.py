"""Frames to label: one of each part of the day, the doubtful ones, none like another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.footage.frame_choice import DRAWN_EVERY, Looks, choose_frames

START = datetime(2026, 1, 5, 6, tzinfo=UTC)


def seen(minute: float, *, unsure: float = 0.0, moved: float = 0.0, look: float = 0.0) -> Looks:
    return Looks(
        time_local=START + timedelta(minutes=minute),
        unsure_bits=unsure,
        moved_share=moved,
        look=np.array([look], np.float32),
    )


def test_each_part_of_the_day_gives_one():
    candidates = [seen(60 * hour) for hour in range(8)]
    assert choose_frames(candidates, 4, seed=0) == sorted(choose_frames(candidates, 4, seed=0))
    assert [at // 2 for at in choose_frames(candidates, 4, seed=0)] == [0, 1, 2, 3]


def test_the_hours_of_several_days_count_as_one_day():
    """Mornings and evenings of two days: two choices are one morning and one evening."""
    candidates = [seen(60 * hour + 1440 * day) for day in (0, 1) for hour in (0, 12)]
    hours = {candidates[at].time_local.hour for at in choose_frames(candidates, 2, seed=0)}
    assert hours == {6, 18}


def test_the_one_the_segmenter_is_unsure_of():
    candidates = [seen(0), seen(1, unsure=0.4), seen(2, unsure=0.1)]
    assert choose_frames(candidates, 1, seed=0) == [1]


def test_without_a_segmenter_the_one_in_which_most_moves():
    candidates = [seen(0, moved=0.01), seen(1), seen(2, moved=0.2)]
    assert choose_frames(candidates, 1, seed=0) == [2]


def test_not_twice_the_same_look():
    """Of the second half, the frame that is unlike the one chosen from the first half."""
    candidates = [seen(0, look=1.0), seen(1, look=1.0), seen(2, look=1.0), seen(3, look=0.0)]
    assert choose_frames(candidates, 2, seed=0)[1] == 3


def test_one_in_four_is_drawn_whatever_the_segmenter_says():
    """It is sure of all frames of the last quarter but one; others come up there as well."""
    candidates = [seen(n, unsure=float(n == 39)) for n in range(40)]
    fourth = {choose_frames(candidates, DRAWN_EVERY, seed=seed)[-1] for seed in range(20)}
    assert len(fourth) > 5
    assert fourth <= set(range(30, 40))


def test_the_same_seed_chooses_the_same():
    candidates = [seen(n, look=float(n % 7)) for n in range(50)]
    assert choose_frames(candidates, 8, seed=3) == choose_frames(candidates, 8, seed=3)
    assert choose_frames(candidates, 8, seed=3) != choose_frames(candidates, 8, seed=4)


def test_fewer_candidates_than_asked_for_are_all_taken():
    assert choose_frames([seen(0), seen(1)], 8, seed=0) == [0, 1]
    assert choose_frames([], 8, seed=0) == []


def test_no_frames_cannot_be_asked_for():
    with pytest.raises(ValueError, match="count is 0"):
        choose_frames([seen(0)], 0, seed=0)


@given(
    values=st.lists(
        st.tuples(st.integers(0, 5000), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
        max_size=40,
    ),
    count=st.integers(1, 20),
    seed=st.integers(0, 9),
)
def test_all_different_as_many_as_asked_and_in_order(values, count, seed):
    candidates = [seen(t, unsure=u, moved=m, look=k) for t, u, m, k in values]
    chosen = choose_frames(candidates, count, seed=seed)
    assert len(chosen) == len(set(chosen)) == min(count, len(candidates))
    times = [candidates[at].time_local for at in chosen]
    assert times == sorted(times)
