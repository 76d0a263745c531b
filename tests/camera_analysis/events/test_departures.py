"""Strength of what departs, and departures that are one occasion."""

from __future__ import annotations

from camera_analysis.events.departures import (
    Departure,
    HeldOutFold,
    occasions,
    odds_of,
    strength,
    weakest,
)
from camera_analysis.events.events import EventConfig


def test_twice_as_long_and_twice_as_rare_are_one_bit_each():
    assert strength(16 * odds_of(10.0), 1.0) == 14.0
    assert strength(32 * odds_of(10.0), 0.5) == 14.0
    assert strength(8 * odds_of(11.0), 1.0) == 14.0
    assert odds_of(0.0) == 0.0  # what does not surprise adds nothing


def test_the_weakest_event_has_as_few_samples_as_may_be():
    assert weakest(10.0, 1.0, EventConfig(min_samples=4)) == 12.0
    assert weakest(10.0, 0.5, EventConfig(min_samples=4)) == 11.0


def test_what_departs_again_within_a_minute_is_one_occasion_as_strong_as_its_strongest():
    found = [
        Departure(120.0, 130.0, 6.0),
        Departure(0.0, 9.0, 5.0),
        Departure(30.0, 99.0, 7.0),
        Departure(300.0, 301.0, 8.0),
    ]
    assert occasions(found, 60) == (Departure(0.0, 130.0, 7.0), Departure(300.0, 301.0, 8.0))
    assert occasions([], 60) == ()


def test_one_within_another_does_not_end_it():
    within = [Departure(0.0, 100.0, 5.0), Departure(10.0, 20.0, 6.0), Departure(130.0, 131.0, 4.0)]
    assert occasions(within, 60) == (Departure(0.0, 131.0, 6.0),)


def test_a_fold_tells_its_strengths():
    assert HeldOutFold("2026-01-03", 60, (Departure(0.0, 9.0, 5.0),)).strengths == (5.0,)
