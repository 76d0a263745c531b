"""A budget of false alarms is kept on footage that was not seen, also after a contaminated past."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.benchmark.alarm_events import count_alarms
from camera_analysis.events.alarm_budget import rate_interval, threshold_for_budget


def bursts(rng: np.random.Generator, hours: float) -> np.ndarray:
    """A score a second: 60 bursts of five seconds an hour, of exponential height."""
    scores = np.zeros(round(hours * 3600))
    for start in rng.integers(0, scores.size - 5, round(60 * hours)):
        scores[start : start + 5] = np.maximum(scores[start : start + 5], rng.exponential(2.0))
    return scores


def measured(threshold: float, seed: int) -> float:
    """Alarms per hour in 50 hours that nothing was set by."""
    scores = bursts(np.random.default_rng(seed), 50.0)
    return count_alarms(scores, np.zeros(scores.size, bool), 1.0, threshold).false_per_hour


@pytest.mark.parametrize("per_hour", [1.0, 4.0, 20.0])
def test_the_promise_holds_on_unseen_footage(per_hour):
    rates = [
        measured(
            threshold_for_budget([(bursts(np.random.default_rng(seed), 4.0), 1.0)], per_hour), 99
        )
        for seed in range(40)
    ]
    assert np.median(rates) == pytest.approx(per_hour, rel=0.2)


def test_anomalies_in_the_history_do_not_buy_silence():
    clean = bursts(np.random.default_rng(5), 2.0)
    dirty = clean.copy()
    for start in (500, 2500, 6000):
        dirty[start : start + 60] = 40.0  # three real anomalies
    one, other = (threshold_for_budget([(scores, 1.0)], 1.0) for scores in (clean, dirty))
    assert other < 1.3 * one
    assert other < 20  # so that the next anomaly of that kind is an alarm


def test_alarms_that_never_end_do_not_keep_a_budget():
    busy = np.ones(5 * 3600)  # somebody always moves: at 1.0 there is one endless alarm
    busy[::1500] = 4.0 + np.random.default_rng(3).exponential(1.0, 12)
    for per_hour in (0.5, 1.0, 5.0, 50.0):
        threshold = threshold_for_budget([(busy, 1.0)], per_hour)
        assert np.mean(busy >= threshold) <= 0.05
    assert threshold_for_budget([(busy, 1.0)], 1.0) > 4.0


def test_a_budget_that_the_footage_shows_is_counted():
    scores = np.zeros(3600 * 2)
    scores[50::100] = np.arange(72) + 1.0  # 36 an hour
    threshold = threshold_for_budget([(scores, 1.0)], 20.0)
    assert np.count_nonzero(scores >= threshold) == 40


def test_scores_without_peaks_raise_no_alarm():
    assert threshold_for_budget([(np.zeros(1000), 1.0)], 1.0) > 0


def test_a_budget_must_be_positive():
    with pytest.raises(ValueError, match="positive"):
        threshold_for_budget([(np.zeros(10), 1.0)], 0.0)


def test_the_interval_of_a_rate():
    low, high = rate_interval(0, 2.0)
    assert low == 0.0
    assert high == pytest.approx(3.689 / 2, abs=0.001)
    low, high = rate_interval(100, 100.0)
    assert (low, high) == (pytest.approx(0.814, abs=0.001), pytest.approx(1.216, abs=0.001))
