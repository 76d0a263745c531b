"""What a departure has to be stronger than: visible ranks, short histories, incidents in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.events.departure_rule import (
    HeldOutFold,
    departure_rule,
    least_strength,
    odds_of,
    strength,
)

SMALLEST = 9.0
STRENGTHS = st.lists(st.floats(SMALLEST, 40.0), max_size=40).map(np.array)


def least(strengths, allowed):
    return least_strength(np.array(strengths, np.float64), allowed, SMALLEST)


def test_twice_as_long_and_twice_as_rare_are_one_bit_each():
    assert strength(16 * odds_of(10.0), 1.0) == 14.0
    assert strength(32 * odds_of(10.0), 0.5) == 14.0
    assert strength(8 * odds_of(11.0), 1.0) == 14.0
    assert odds_of(0.0) == 0.0  # what does not surprise adds nothing


def test_with_one_alarm_allowed_an_event_exceeds_the_strongest_of_the_history():
    assert least([10.0, 14.0, 11.0], 1.0) == 14.0


def test_with_two_allowed_it_exceeds_the_second_and_with_as_many_as_were_nothing():
    assert least([10.0, 14.0, 11.0], 2.0) == 11.0
    assert least([10.0, 14.0, 11.0], 1.5) == 12.5
    assert least([10.0, 14.0, 11.0], 9.0) < SMALLEST
    assert least([], 3.0) < SMALLEST


def test_a_history_shorter_than_an_alarm_asks_for_a_bit_more_each_time_it_is_halved():
    assert least([10.0, 12.0], 0.5) == 13.0
    assert least([10.0, 12.0], 0.125) == 15.0
    assert least([], 0.25) == SMALLEST + 2  # as if one of the smallest had been seen


def test_an_incident_in_the_history_does_not_hide_its_like():
    assert least([10.0, 9.0, 11.0, 10.5, 20.0], 1.0) == 11.0
    assert least([20.0], 1.0) < SMALLEST
    assert least([10.0, 9.0, 11.0, 10.5, 13.0], 1.0) == 13.0  # a normal day may show this


@given(strengths=STRENGTHS, allowed=st.floats(0.1, 20.0), more=st.floats(1.0, 3.0))
def test_more_false_alarms_ask_for_no_more_strength(strengths, allowed, more):
    assert least(strengths, allowed * more) <= least(strengths, allowed) + 1e-9


@given(strengths=STRENGTHS, allowed=st.floats(0.1, 20.0), seed=st.integers(0, 9))
def test_the_order_of_days_and_the_unit_of_time_do_not_matter(strengths, allowed, seed):
    shuffled = np.random.default_rng(seed).permutation(strengths) + 6  # 2^6: minutes, about
    expected = least(strengths, allowed) + 6
    assert least_strength(shuffled, allowed, SMALLEST + 6) == pytest.approx(expected)


def drawn(kind, rng, days, rate):
    """Strengths of normal departures; the first two fall as the rule takes them to, by a bit."""
    count = rng.poisson(rate * days)
    if kind == "halved by each bit":
        return SMALLEST + rng.exponential(1 / np.log(2), count)
    if kind == "mostly jitter":
        return SMALLEST + rng.exponential(1 / np.log(2), count) * (rng.random(count) < 0.2)
    return np.where(rng.random(count) < 0.8, SMALLEST, rng.uniform(13.0, 15.0, count))


@pytest.mark.parametrize("kind", ["halved by each bit", "mostly jitter", "two kinds"])
@pytest.mark.parametrize(("days", "promised"), [(7, 0.25), (4, 0.25), (2, 0.5), (2, 0.25)])
def test_days_like_the_history_keep_the_promise(kind, days, promised):
    rng = np.random.default_rng(7)
    found = [
        (drawn(kind, rng, 1, 3.0) > least(drawn(kind, rng, days, 3.0), days * promised)).sum()
        for _ in range(800)
    ]
    assert np.mean(found) <= 1.2 * promised


def rule_of(*days, alarms_per_day, frames_of_day, frames=600):
    folds = [HeldOutFold(f"2026-01-0{n}", frames, tuple(day)) for n, day in enumerate(days)]
    return departure_rule("class", folds, alarms_per_day, frames_of_day, SMALLEST)


def test_each_day_is_counted_by_the_threshold_of_the_others():
    rule = rule_of([13.0], [10.0], [], [], alarms_per_day=0.25, frames_of_day=600)
    assert rule.least_bits == 13.0
    promise = rule.promise
    # 13 exceeds what the three other days ask for, 10 + log2(4 / 3); 10 does not.
    assert (promise.source, promise.measured, promise.days) == ("class", 0.25, 4.0)
    assert promise.is_known


def test_days_are_as_long_as_the_judged_one():
    whole, half = (
        rule_of([12.0], [10.0], alarms_per_day=0.5, frames_of_day=n) for n in (600, 1200)
    )
    assert (whole.least_bits, whole.promise.is_known) == (12.0, True)
    assert (half.least_bits, half.promise.is_known) == (13.0, False)


def test_without_held_out_frames_there_is_no_rule():
    assert departure_rule("class", [], 0.5, 600, SMALLEST) is None
    assert rule_of([10.0], alarms_per_day=0.5, frames_of_day=600, frames=0) is None


def test_a_lone_fold_measures_nothing():
    promise = rule_of([10.0], alarms_per_day=1.0, frames_of_day=600).promise
    assert (promise.days, promise.is_known) == (0.0, False)
