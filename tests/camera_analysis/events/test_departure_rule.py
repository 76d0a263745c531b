"""What a departure has to be stronger than: visible ranks, two sources, short histories."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.events.departure_rule import Source, departure_rule
from camera_analysis.events.departures import Departure, HeldOutFold

SMALLEST = 9.0
#: Frames of a day.
DAY = 600
STRENGTHS = st.lists(st.floats(SMALLEST, 40.0), max_size=40)


def departures(strengths, *, begin_s=0.0):
    """One every hundred seconds."""
    starts = begin_s + 100.0 * np.arange(len(strengths))
    return tuple(Departure(s, s + 9, float(b)) for s, b in zip(starts, strengths, strict=True))


def source(*days, name="class", frames=DAY, frames_of_day=DAY, smallest=SMALLEST, begin_s=0.0):
    """Days of departures, or of their strengths."""
    folds = []
    for number, day in enumerate(days):
        known = all(isinstance(one, Departure) for one in day)
        at_s = begin_s + 1e5 * number
        found = tuple(day) if known else departures(day, begin_s=at_s)
        folds.append(HeldOutFold(f"2026-01-0{number + 1}", frames, found))
    return Source(name=name, folds=folds, smallest=smallest, frames_of_day=frames_of_day)


def least(strengths, allowed, smallest=SMALLEST):
    """Of a history in which so many alarms are allowed."""
    rule = departure_rule([source(strengths, smallest=smallest)], allowed)
    return rule.least_bits["class"]


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
    assert least([20.0], 1.0) == SMALLEST
    assert least([10.0, 9.0, 11.0, 10.5, 13.0], 1.0) == 13.0  # a normal day may show this


@given(strengths=STRENGTHS, allowed=st.floats(0.1, 20.0), more=st.floats(1.0, 3.0))
def test_more_false_alarms_ask_for_no_more_strength(strengths, allowed, more):
    assert least(strengths, allowed * more) <= least(strengths, allowed) + 1e-9


@given(strengths=STRENGTHS, allowed=st.floats(0.1, 20.0), seed=st.integers(0, 9))
def test_the_order_of_days_and_the_unit_of_time_do_not_matter(strengths, allowed, seed):
    shuffled = np.random.default_rng(seed).permutation(np.array(strengths)) + 6  # 2^6: minutes
    expected = least(strengths, allowed) + 6
    assert least(shuffled, allowed, SMALLEST + 6) == pytest.approx(expected)


def limits(by_class, by_channels, allowed):
    """Of both sources, a day of each."""
    channels = source(by_channels, name="channels", begin_s=50.0, smallest=SMALLEST - 3)
    rule = departure_rule([source(by_class), channels], allowed)
    return rule.least_bits["class"], rule.least_bits["channels"]


#: As :func:`departures` places them: those of the channels begin where those of class have ended.
APART = [10.0, 14.0, 11.0], [7.0, 9.0, 8.0]


def test_things_of_two_sources_add_up():
    assert limits(*APART, 2.0) == (14.0, 9.0)  # the strongest of each
    assert limits(*APART, 4.0) == (11.0, 8.0)
    assert limits(*APART, 3.0) == (12.5, 8.5)
    assert limits(*APART, 1.0) == (15.0, 10.0)  # half as many: one bit more
    assert limits(*APART, 9.0) < (SMALLEST, SMALLEST - 3)


def test_what_departs_in_both_at_once_counts_once():
    same = departures([7.0, 9.0, 8.0])
    assert limits(APART[0], same, 1.0) == (14.0, 9.0)
    assert limits(APART[0], same, 2.0) == (11.0, 8.0)
    assert limits(APART[0], same, 0.5) == (15.0, 10.0)


def test_a_thing_is_as_rare_as_the_rarer_of_its_departures():
    # The strongest by class is the second in the channels, and the other way round.
    assert limits([10.0, 14.0, 11.0], departures([7.0, 8.0, 9.0]), 2.0) == (14.0, 9.0)
    assert limits([10.0, 14.0, 11.0], departures([7.0, 8.0, 9.0]), 3.0) == (10.0, 7.0)


def test_a_source_that_never_departed_may_do_so_once():
    assert limits([10.0, 14.0, 11.0], [], 2.0) == (14.0, SMALLEST - 3)
    assert limits([10.0, 14.0, 11.0], [], 1.0) == (15.0, SMALLEST - 2)
    assert limits([], [], 2.0) == (SMALLEST, SMALLEST - 3)


def test_what_lasts_much_longer_is_another_thing():
    long = (Departure(0.0, 150.0, 9.0),)  # while 10 and 14 depart by class, nine seconds each
    assert limits([10.0, 14.0, 11.0], long, 1.0) == (15.0, 10.0)
    about_as_long = (Departure(101.0, 112.0, 9.0),)
    assert limits([10.0, 14.0, 11.0], about_as_long, 1.0) == (14.0, 9.0)


def test_a_departure_is_the_same_as_one_other_at_most():
    shorter = (Departure(100.0, 107.0, 9.0), Departure(104.0, 109.0, 8.5))  # while 14 departs
    assert limits([10.0, 14.0, 11.0], shorter, 1.0) == (14.0, 9.0)
    assert limits([10.0, 14.0, 11.0], shorter, 3.0) == (11.0, 8.5)  # 14 and 9, 11, 8.5


@given(
    by_class=STRENGTHS,
    by_channels=STRENGTHS,
    allowed=st.floats(0.1, 20.0),
    more=st.floats(1.0, 3.0),
)
def test_more_false_alarms_ask_for_no_more_strength_of_any_source(
    by_class, by_channels, allowed, more
):
    fewer, larger = (
        limits(by_class, by_channels, allowed),
        limits(by_class, by_channels, allowed * more),
    )
    assert all(b <= a + 1e-9 for a, b in zip(fewer, larger, strict=True))


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


def two_sources(how, rng, days):
    """Departures of both sources of a history, and what would be false on one more day."""
    by_class = [SMALLEST + rng.exponential(1 / np.log(2), rng.poisson(3.0)) for _ in range(days)]
    by_class = np.concatenate([np.zeros(0), *by_class])
    if how == "apart":
        other = SMALLEST + rng.exponential(1 / np.log(2), rng.poisson(3.0 * days))
        return departures(by_class), departures(other, begin_s=50.0)
    alike = 0.7 * by_class + 0.3 * (SMALLEST + rng.exponential(1 / np.log(2), by_class.size))
    return departures(by_class), departures(alike)


@pytest.mark.parametrize("how", ["apart", "at once"])
@pytest.mark.parametrize(
    ("days", "promised"), [(8, 0.125), (8, 0.25), (8, 0.5), (4, 0.25), (2, 0.25)]
)
def test_two_sources_keep_one_promise_and_use_it(how, days, promised):
    rng, found = np.random.default_rng(7), []
    for _ in range(500):
        past, new = two_sources(how, rng, days), two_sources(how, rng, 1)
        known = [
            source(part, name=name, frames=days * DAY)
            for name, part in zip(("class", "channels"), past, strict=True)
        ]
        rule = departure_rule(known, promised)
        alarms = {
            departure.start_s
            for name, part in zip(("class", "channels"), new, strict=True)
            for departure in part
            if departure.bits > rule.least_bits[name]
        }
        found.append(len(alarms))
    assert 0.6 * promised <= np.mean(found) <= 1.2 * promised


def rule_of(*days, alarms_per_day, frames_of_day, frames=DAY):
    return departure_rule(
        [source(*days, frames=frames, frames_of_day=frames_of_day)], alarms_per_day
    )


def test_each_day_is_counted_by_the_threshold_of_the_others():
    rule = rule_of([13.0], [10.0], [], [], alarms_per_day=0.25, frames_of_day=DAY)
    assert rule.least_bits["class"] == 13.0
    promise = rule.promise
    # 13 exceeds what the three other days ask for, 10 + log2(4 / 3); 10 does not.
    assert (promise.source, promise.measured, promise.days) == ("class", 0.25, 4.0)
    assert promise.is_known


def test_what_exceeds_in_both_sources_at_once_is_one_event():
    by_class = source([13.0], [10.0], [], [])
    at_once = source(departures([12.0]), [], [], [], name="channels")
    apart = source(departures([12.0], begin_s=50.0), [], [], [], name="channels")
    one, two = (departure_rule([by_class, other], 0.5).promise for other in (at_once, apart))
    assert (one.source, one.measured, two.measured) == ("class_and_channels", 0.25, 0.5)


def test_days_are_as_long_as_the_judged_one():
    whole, half = (
        rule_of([12.0], [10.0], alarms_per_day=0.5, frames_of_day=n) for n in (DAY, 2 * DAY)
    )
    assert (whole.least_bits["class"], whole.promise.is_known) == (12.0, True)
    assert (half.least_bits["class"], half.promise.is_known) == (13.0, False)


def test_a_source_with_too_short_a_history_lets_its_share_pass_beyond_it():
    """Of class there are four days, of the channels a half: a day of theirs is seen twice a day."""
    by_class = source([14.0], [12.0], [11.0], [10.0])
    short = source([7.0], name="channels", frames=DAY // 2, begin_s=50.0, smallest=SMALLEST - 3)
    rule = departure_rule([by_class, short], 0.5)
    # A quarter of an event a day by class, beyond 14; as many in the channels, three bits beyond 7.
    assert rule.least_bits == {"class": 14.0, "channels": 10.0}
    assert not rule.promise.is_known
    alone = departure_rule([by_class], 0.5)
    assert (alone.least_bits, alone.promise.is_known) == ({"class": 12.0}, True)


def test_a_source_that_has_no_other_day_is_not_measured_and_the_others_are():
    short = source([7.0], name="channels", begin_s=50.0)
    promise = departure_rule([source([13.0], [10.0], [], []), short], 0.25).promise
    assert (promise.measured, promise.days, promise.is_known) == (0.25, 4.0, False)


def test_events_of_sources_held_out_on_different_days_are_rates_of_their_own_days():
    by_class = source([13.0], [9.0], [], [])
    short = source([13.0], [10.0], name="channels", begin_s=50.0)
    promise = departure_rule([by_class, short], 1.0).promise
    # 13 exceeds in each: once in four days by class, once in two in the channels.
    assert promise.measured == pytest.approx(0.25 + 0.5)


@pytest.mark.parametrize("promised", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("short_days", [1, 0.25])
def test_a_promise_is_kept_where_one_source_has_a_shorter_history(promised, short_days):
    rng, found = np.random.default_rng(7), []
    for _ in range(400):
        draws = [
            SMALLEST + rng.exponential(1 / np.log(2), rng.poisson(10 * n)) for n in (7, short_days)
        ]
        known = [
            source(draws[0], frames=7 * DAY),
            source(draws[1], name="channels", frames=round(short_days * DAY), begin_s=50.0),
        ]
        rule = departure_rule(known, promised)
        new = [SMALLEST + rng.exponential(1 / np.log(2), rng.poisson(10.0)) for _ in known]
        limits_of = (rule.least_bits["class"], rule.least_bits["channels"])
        found.append(sum((n > limit).sum() for n, limit in zip(new, limits_of, strict=True)))
    assert 0.6 * promised <= np.mean(found) <= 1.2 * promised


def test_a_long_departure_does_not_hide_what_departs_meanwhile():
    """Eight hours of one thing by class, and twenty others in the channels."""
    rng, found = np.random.default_rng(7), []
    for _ in range(200):
        long = (Departure(0.0, 28_800.0, 12.0),)
        short = SMALLEST + rng.exponential(1 / np.log(2), rng.poisson(140))
        known = [
            source(*[long] * 7),
            source(departures(short), name="channels", frames=7 * DAY),
        ]
        rule = departure_rule(known, 2.0)
        new = SMALLEST + rng.exponential(1 / np.log(2), rng.poisson(20))
        found.append((new > rule.least_bits["channels"]).sum() + (rule.least_bits["class"] < 12.0))
    assert np.mean(found) <= 1.2 * 2.0


def test_without_held_out_frames_there_is_no_rule():
    assert departure_rule([source()], 0.5) is None
    assert departure_rule([], 0.5) is None
    assert rule_of([10.0], alarms_per_day=0.5, frames_of_day=DAY, frames=0) is None


def test_a_source_of_which_nothing_was_held_out_is_left_aside():
    rule = departure_rule([source([10.0, 14.0, 11.0]), source(name="channels")], 1.0)
    assert rule.least_bits == {"class": 14.0}
    assert rule.promise.source == "class"


def test_a_lone_fold_measures_nothing():
    promise = rule_of([10.0], alarms_per_day=1.0, frames_of_day=DAY).promise
    assert (promise.days, promise.is_known) == (0.0, False)
