"""What a departure by class has to add up to: visible ranks, short histories, incidents in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.events.class_scale import (
    ClassScale,
    HeldOutFold,
    class_rule,
    least_strength,
)

SMALLEST = 8.0
STRENGTHS = st.lists(st.floats(SMALLEST, 1e4), max_size=40).map(np.array)


def least(strengths, allowed):
    return least_strength(np.array(strengths, np.float64), allowed, SMALLEST)


def test_with_one_alarm_allowed_an_event_exceeds_the_strongest_of_the_history():
    assert least([12.0, 30.0, 18.0], 1.0) == 30.0


def test_with_two_allowed_it_exceeds_the_second_and_with_as_many_as_were_nothing():
    assert least([12.0, 30.0, 18.0], 2.0) == 18.0
    assert least([12.0, 30.0, 18.0], 1.5) == 24.0
    assert least([12.0, 30.0, 18.0], 9.0) == 0.0


def test_a_history_shorter_than_an_alarm_asks_for_as_many_times_more():
    assert least([12.0, 30.0], 0.5) == 60.0
    assert least([], 0.25) == 4 * SMALLEST  # as if one of the smallest had been seen


def test_an_incident_in_the_history_does_not_hide_its_like():
    assert least([12.0, 9.0, 16.0, 14.0, 600.0], 1.0) == 16.0
    assert least([600.0], 1.0) == 0.0
    assert least([12.0, 9.0, 16.0, 14.0, 30.0], 1.0) == 30.0  # a normal day may show this


@given(strengths=STRENGTHS, allowed=st.floats(0.1, 20.0), more=st.floats(1.0, 3.0))
def test_more_false_alarms_ask_for_no_more_strength(strengths, allowed, more):
    assert least(strengths, allowed * more) <= least(strengths, allowed) * (1 + 1e-9)


@given(strengths=STRENGTHS, allowed=st.floats(0.1, 20.0), seed=st.integers(0, 9))
def test_the_order_of_days_and_the_unit_do_not_matter(strengths, allowed, seed):
    shuffled = np.random.default_rng(seed).permutation(strengths) * 4
    expected = 4 * least(strengths, allowed)
    assert least_strength(shuffled, allowed, 4 * SMALLEST) == pytest.approx(expected)


def drawn(kind, rng, days, rate):
    count = rng.poisson(rate * days)
    if kind == "exponential":
        return SMALLEST + rng.exponential(6.0, count)
    if kind == "power law":
        return SMALLEST * (1 + rng.pareto(1.5, count))
    return np.where(rng.random(count) < 0.8, SMALLEST, rng.uniform(30.0, 70.0, count))


@pytest.mark.parametrize("kind", ["exponential", "power law", "mostly jitter"])
@pytest.mark.parametrize(("days", "promised"), [(7, 0.25), (4, 0.25), (2, 0.5), (2, 0.25)])
def test_days_like_the_history_keep_the_promise(kind, days, promised):
    rng = np.random.default_rng(7)
    found = [
        (drawn(kind, rng, 1, 3.0) > least(drawn(kind, rng, days, 3.0), days * promised)).sum()
        for _ in range(800)
    ]
    assert np.mean(found) <= 1.2 * promised


def scale_of(*days, frames=600):
    return ClassScale(
        tuple(HeldOutFold(f"2026-01-0{n}", frames, tuple(day)) for n, day in enumerate(days))
    )


def test_each_day_is_counted_by_the_threshold_of_the_others():
    rule = class_rule(scale_of([20.0], [10.0], [], []), 0.25, 600, SMALLEST)
    assert rule.least_bit_s == 20.0
    promise = rule.promise
    # 20 exceeds what the three other days ask for, 10 / 0.75; 10 does not.
    assert (promise.measured, promise.days, promise.is_known) == (0.25, 4.0, True)


def test_days_are_as_long_as_the_judged_one():
    whole, half = (class_rule(scale_of([20.0], [9.0]), 0.5, n, SMALLEST) for n in (600, 1200))
    assert (whole.least_bit_s, whole.promise.is_known) == (20.0, True)
    assert (half.least_bit_s, half.promise.is_known) == (40.0, False)


def test_without_held_out_frames_there_is_no_rule():
    assert class_rule(ClassScale(), 0.5, 600, SMALLEST) is None


def test_it_is_read_as_it_was_written(tmp_path):
    scale = scale_of([20.0, 8.5], [])
    scale.save(tmp_path)
    assert ClassScale.load(tmp_path) == scale
    assert ClassScale.load(tmp_path / "before") is None
