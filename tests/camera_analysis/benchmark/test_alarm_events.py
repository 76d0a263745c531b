"""Alarms and events on drawn score curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.benchmark.alarm_events import (
    AlarmCount,
    alarm_threshold_for,
    count_alarms,
    held_scores,
    runs,
)


def flags(drawing: str) -> np.ndarray:
    return np.array([mark == "x" for mark in drawing])


def test_runs_are_joined_over_short_gaps():
    drawn = flags(".xx..x....x")
    assert runs(drawn) == [(1, 2), (5, 5), (10, 10)]
    assert runs(drawn, join=3) == [(1, 5), (10, 10)]
    assert runs(flags("...")) == []


def test_a_score_holds_what_it_does_not_fall_below():
    scores = np.array([0, 9, 0, 5, 6, 7, 2, 3, 0.0])
    assert held_scores(scores, 1.0, hold_s=3).tolist() == [0, 0, 0, 5, 5, 5, 2, 2, 0]
    assert held_scores(scores, 3.0, hold_s=1).tolist() == [0, 0, 0, 5, 5, 5, 2, 2, 0]
    assert held_scores(scores, 1.0, hold_s=1).tolist() == scores.tolist()


def test_a_clip_shorter_than_an_alarm_is_one_run():
    assert held_scores(np.array([3.0, 2.0, 4.0]), 1.0, hold_s=60).tolist() == [2.0, 2.0, 2.0]
    assert held_scores(np.zeros(0), 1.0).size == 0


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 9), st.integers(0, 5))
def test_what_reaches_a_threshold_held_is_in_a_long_run_of_what_reaches_it(values, frames, at):
    scores = np.array(values, float)
    long = np.zeros(scores.size, bool)
    for first, last in runs(scores >= at):
        if last - first + 1 >= min(frames, scores.size):
            long[first : last + 1] = True
    assert ((held_scores(scores, 1.0, hold_s=frames) >= at) == long).all()


def test_an_alarm_that_touches_an_event_is_not_false():
    abnormal = flags("....xxxx......")
    scores = flags("..xxx.....x...").astype(float)
    count = count_alarms(scores, abnormal, 1.0, 0.5, join_s=1)
    assert (count.false_alarms, count.events, count.events_found) == (1, 1, 1)
    assert count.false_per_hour == pytest.approx(1 / (10 / 3600))


def test_an_alarm_finds_what_lies_between_the_runs_that_it_joins():
    """It is no false one by that; so somebody who looks sees what is there."""
    scores = flags("..xx......xx..").astype(float)
    count = count_alarms(scores, flags("......xx......"), 1.0, 0.5)
    assert (count.false_alarms, count.events_found) == (0, 1)


def test_listed_events_count_each():
    abnormal = flags("xxxxxx")
    scores = np.array([1.0, 0, 0, 0, 0, 0])
    count = count_alarms(scores, abnormal, 1.0, 0.5, events=[(0, 2), (3, 5)])
    assert (count.events, count.events_found) == (2, 1)
    assert count.false_per_hour is None


def test_counts_of_clips_add():
    one = AlarmCount(false_alarms=1, normal_hours=0.5, events=2, events_found=1)
    assert (one + one).false_per_hour == 2.0


def test_the_threshold_spends_the_budget_and_no_more():
    scores = np.zeros(3600)
    scores[[100, 1000, 2000]] = [3.0, 2.0, 1.0]  # an hour with three peaks
    assert alarm_threshold_for([(scores, 1.0)], 1.0) == 3.0
    assert alarm_threshold_for([(scores, 1.0)], 2.0) == 2.0
    assert alarm_threshold_for([(scores, 1.0)], 0.0) > 3.0


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(0, 4))
def test_the_threshold_never_gives_more_alarms_than_allowed(values, allowed):
    scores = np.array(values, float)
    per_hour = allowed / (scores.size / 3600) + 1e-6
    threshold = alarm_threshold_for([(scores, 1.0)], per_hour, join_s=1)
    count = count_alarms(scores, np.zeros(scores.size, bool), 1.0, threshold, join_s=1)
    assert count.false_alarms <= allowed
