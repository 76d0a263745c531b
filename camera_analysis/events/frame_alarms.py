"""Frames of a day whose alarm is taken back, because nothing in them is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from camera_analysis.events.anomaly_files import FrameScores
from camera_analysis.footage.frame_times import MICROSECONDS

#: First and last frame of something, UTC.
Span = tuple[datetime, datetime]

#: Samples by which smoothing over time spreads the scores of an event.
_SPREAD_SAMPLES = 3


def without_alarms_of(
    scores: FrameScores, silent: Iterable[Span], alarming: Iterable[Span]
) -> FrameScores:
    """The scores without the alarms of frames that only what is no alarm fills.

    Args:
        scores: of the day.
        silent: spans of what raises no alarm.
        alarming: of what does.
    """
    utc_us = scores.utc_us
    spread = _SPREAD_SAMPLES * float(np.median(np.diff(utc_us))) if utc_us.size > 1 else 0.0

    def filled(spans: Iterable[Span]) -> npt.NDArray[np.bool_]:
        within = np.zeros(utc_us.size, bool)
        for first, last in spans:
            within |= (utc_us >= _us(first) - spread) & (utc_us <= _us(last) + spread)
        return within

    return replace(scores, alarm=scores.alarm & ~(filled(silent) & ~filled(alarming)))


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * MICROSECONDS)
