"""Promised beside measured: what was held out, counted over the threshold, source by source."""

from __future__ import annotations

import pytest

from camera_analysis.events.alarm_budget import rate_interval
from camera_analysis.events.alarm_promise import (
    promise_of,
    source_promise,
    summed_rate_interval,
)


def test_all_sources_make_one_promise():
    parts = [
        source_promise("class", promised=0.25, events=1, days=5.0, is_known=True),
        source_promise("channels", promised=0.25, events=1, days=2.5, is_known=True),
        source_promise("path", promised=0.5, events=2, days=5.0, is_known=True),
    ]
    whole = promise_of(parts)
    assert (whole.promised, whole.measured, whole.is_known) == (1.0, pytest.approx(1.0), True)
    assert 0.2 < whole.low < 1.0 < whole.high < 3.0
    assert promise_of([]) is None


def test_the_rate_is_unknown_where_one_source_was_not_looked_at():
    seen = source_promise("class", promised=0.5, events=1, days=4.0, is_known=True)
    unseen = source_promise("channels", promised=0.5, events=0, days=0.0, is_known=True)
    whole = promise_of([seen, unseen])
    assert (whole.measured, whole.low, whole.high, whole.is_known) == (None, None, None, False)


@pytest.mark.parametrize("events", [0, 1, 7])
def test_one_source_has_the_exact_interval_and_two_alike_that_of_their_sum(events):
    assert summed_rate_interval([(events, 4.0)]) == pytest.approx(rate_interval(events, 4.0))
    low, high = rate_interval(events + 2, 4.0)
    assert summed_rate_interval([(events, 4.0), (2, 4.0)]) == pytest.approx((low, high))
