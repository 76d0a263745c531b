"""Frames of a day whose alarm is taken back, because nothing in them is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from camera_analysis.events.judged_day import FrameScores
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

    silenced = within(utc_us, silent, spread) & ~within(utc_us, alarming, spread)
    return replace(scores, alarm=scores.alarm & ~silenced)


def within(
    utc_us: npt.NDArray[np.int64], spans: Iterable[Span], spread_us: float = 0.0
) -> npt.NDArray[np.bool_]:
    """(N,) whether moments lie in any of the spans, each longer by a spread on both sides."""
    inside = np.zeros(utc_us.size, bool)
    for first, last in spans:
        inside |= (utc_us >= _us(first) - spread_us) & (utc_us <= _us(last) + spread_us)
    return inside


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * MICROSECONDS)
