"""What was promised of a normal day's alarms, beside what normal footage held out showed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camera_analysis.benchmark.alarm_events import runs
from camera_analysis.channels.channel_scale import ALL, BITS_PER_NAT, ChannelScale
from camera_analysis.events.alarm_budget import rate_interval


@dataclass(frozen=True, kw_only=True)
class AlarmPromise:
    """Frames of a normal day that reach the threshold of the channels.

    Args:
        promised: a day.
        measured: a day, on held-out frames.
        low: least rate that these frames are compatible with, 95 %.
        high: largest.
        frames: that were held out and looked at.
    """

    promised: float
    measured: float
    low: float
    high: float
    frames: int


def measured_promise(
    scale: ChannelScale, alarm_bits: float, promised: float, frames_of_day: int
) -> AlarmPromise | None:
    """Judge each fold's calibrating frames by the calibration of the other folds.

    Frames over the threshold that follow each other are one thing seen several times: the interval
    is that of their runs, a Poisson count, times the mean length of a run.

    Args:
        scale: of the normal.
        alarm_bits: threshold.
        promised: frames of a normal day that may reach it.
        frames_of_day: judged frames of the day that the promise is made for.

    Returns:
        None where no fold can be judged by the others.
    """
    frames = reached = groups = 0
    for (channel, fold), scores in sorted(scale.scores.items()):
        known = scale.calibration(ALL, without=fold) if channel == ALL else None
        if known is None:
            continue
        over = known.evidence(np.array(scores, np.float64)) * BITS_PER_NAT >= alarm_bits
        frames += over.size
        reached += int(over.sum())
        groups += len(runs(over))
    if not frames or not frames_of_day:
        return None
    days = frames / frames_of_day
    low, high = rate_interval(groups, days)
    length = reached / groups if groups else 1.0
    return AlarmPromise(
        promised=promised,
        measured=reached / days,
        low=low * length,
        high=high * length,
        frames=frames,
    )
