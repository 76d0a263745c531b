"""A promise of so many false alarms an hour: the threshold that keeps it, and how sure that is.

An hour of normal footage cannot show a rate of one an hour, let alone lower ones. So the threshold
follows from the peaks of the highest alarms (peaks over a threshold): where the budget asks for
fewer alarms than those, their excesses go on as an exponential. Its scale is taken from their
upper quartile: real anomalies among the normal footage, up to a quarter of these alarms, move it
little. The median would bear more of them, but says too little of a tail that is heavier than an
exponential, as those of lived-in rooms are, and promises more than it keeps.

Far down, alarms join into a few that never end, and a count of them would keep any budget. So no
threshold lies where more than a small share of the frames of a usual clip reaches it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from camera_analysis.benchmark.alarm_events import JOIN_S, alarm_threshold_for, runs

FloatVector = npt.NDArray[np.floating]

#: Alarms from whose peaks the tail is fitted: a scale known to a quarter or so.
TAIL_ALARMS = 30
#: Of their excesses, that the scale is taken from.
TAIL_QUANTILE = 0.75
#: At most one alarm in so many stretches of ``JOIN_S`` is in the tail: more would be everyday life.
STRETCHES_PER_ALARM = 4
#: Share of a usual clip's frames that may reach a threshold: what is on for longer is no alarm.
MOST_TIME = 0.05
#: With fewer alarms no tail is drawn: the threshold is the least that keeps the budget there.
LEAST_ALARMS = 5


def threshold_for_budget(clips: Sequence[tuple[FloatVector, float]], per_hour: float) -> float:
    """The threshold at which normal footage is expected to give so many alarms per hour.

    Args:
        clips: (scores, frames per second) of normal clips, none of it in what was learned.
        per_hour: budget, > 0.

    Raises:
        ValueError: no frames, or a budget that is not positive.
    """
    if not any(scores.size for scores, _ in clips):
        raise ValueError("no normal frames to set a threshold by")
    if per_hour <= 0:
        raise ValueError(f"a budget of {per_hour} false alarms per hour; it must be positive")
    seconds = sum(scores.size / fps for scores, fps in clips)
    wanted = per_hour * seconds / 3600
    tail = int(min(TAIL_ALARMS, seconds / JOIN_S / STRETCHES_PER_ALARM))
    usual = np.median([np.quantile(scores, 1 - MOST_TIME) for scores, _ in clips if scores.size])
    floor = float(np.nextafter(usual, np.inf))
    counted = max(floor, alarm_threshold_for(clips, per_hour))
    if wanted >= tail or tail < LEAST_ALARMS:
        return counted
    level = max(floor, alarm_threshold_for(clips, (tail + 0.5) * 3600 / seconds))
    peaks = np.array(
        [
            scores[first : last + 1].max()
            for scores, fps in clips
            for first, last in runs(scores >= level, join=max(1, round(JOIN_S * fps)))
        ]
    )
    excess = peaks[peaks > level] - level  # without the peak that is the level itself
    if peaks.size <= wanted or excess.size < LEAST_ALARMS - 1:
        return counted
    scale = float(np.quantile(excess, TAIL_QUANTILE)) / -np.log(1 - TAIL_QUANTILE)
    return float(level + scale * np.log(peaks.size / wanted))


def rate_interval(alarms: int, hours: float, *, level: float = 0.95) -> tuple[float, float]:
    """Rates per hour that a count of alarms is compatible with (exact for a Poisson count).

    Args:
        alarms: counted.
        hours: watched, > 0.
        level: of confidence.
    """
    rest = (1 - level) / 2
    low = float(chi2.ppf(rest, 2 * alarms)) / 2 if alarms else 0.0
    return low / hours, float(chi2.ppf(1 - rest, 2 * alarms + 2)) / 2 / hours
