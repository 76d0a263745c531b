"""Promised beside measured: frames held out of the calibration, counted over the threshold."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.channels.channel_scale import ALL, ChannelScale
from camera_analysis.events.alarm_promise import measured_promise


def scale_of(folds: int, frames: int) -> ChannelScale:
    rng = np.random.default_rng(4)
    return ChannelScale(
        scores={(ALL, n): rng.exponential(2.0, frames).tolist() for n in range(folds)}
    )


def test_footage_like_the_calibration_keeps_the_promise():
    found = measured_promise(scale_of(8, 2000), np.log2(1000 / 5), 5.0, frames_of_day=1000)
    assert found is not None
    assert (found.promised, found.frames) == (5.0, 16_000)
    assert found.measured == pytest.approx(5.0, rel=0.35)  # some 80 frames
    assert found.low < 5.0 < found.high


def test_one_incident_of_many_frames_is_one_thing_seen_often():
    scale = scale_of(4, 500)
    scale.scores[(ALL, 2)][100:140] = [99.0] * 40
    found = measured_promise(scale, 12.0, 1.0, frames_of_day=1000)
    assert found is not None
    assert found.measured == pytest.approx(20.0, abs=1.0)  # 40 frames in two days
    assert found.low < 3.0  # but of one incident, which says little of a rate


def test_a_lone_fold_measures_nothing():
    assert measured_promise(scale_of(1, 500), 10.0, 1.0, frames_of_day=1000) is None
