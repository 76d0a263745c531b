"""Promised beside measured: what was held out, counted over the threshold, source by source."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.channels.channel_scale import ALL, ChannelScale
from camera_analysis.events.alarm_budget import rate_interval
from camera_analysis.events.alarm_promise import (
    channel_promise,
    promise_of,
    source_promise,
    summed_rate_interval,
)

EVENT = {"min_samples": 2, "max_gap": 3}


def scale_of(folds: int, frames: int, *, twice: bool = False) -> ChannelScale:
    """Scores of frames; ``twice``: each is seen in two frames that follow each other."""
    rng = np.random.default_rng(4)
    scores = {}
    for fold in range(folds):
        drawn = rng.exponential(2.0, frames)
        scores[(ALL, fold)] = (np.repeat(drawn[::2], 2) if twice else drawn).tolist()
    return ChannelScale(scores=scores)


def test_footage_like_the_calibration_keeps_the_promise():
    bits = np.log2(1000 / (5.0 * 2))
    found = channel_promise(scale_of(8, 2000, twice=True), bits, 5.0, 1000, **EVENT)
    assert (found.source, found.promised, found.days, found.is_known) == ("channels", 5.0, 16, True)
    assert found.measured == pytest.approx(5.0, rel=0.35)  # some 80 events


def test_what_shows_in_one_frame_only_is_no_event():
    bits = np.log2(1000 / (0.5 * 2))
    assert channel_promise(scale_of(8, 2000), bits, 0.5, 1000, **EVENT).measured < 0.2


def test_one_incident_of_many_frames_is_one_event():
    scale = scale_of(4, 500)
    scale.scores[(ALL, 2)][100:140] = [99.0] * 40
    found = channel_promise(scale, 12.0, 0.5, 1000, **EVENT)
    assert (found.measured, found.days) == (0.5, 2.0)  # one in two days


def test_a_lone_fold_measures_nothing():
    found = channel_promise(scale_of(1, 500), 10.0, 1.0, 1000, **EVENT)
    assert (found.days, found.is_known) == (0.0, False)


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
