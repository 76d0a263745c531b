"""Alarms against truth, as an operator counts them: false alarms per camera-hour, events found.

An alarm is a run of frames at or above the threshold; runs closer than ``join_s`` are one alarm.
Somebody who walks past in clothes never seen before rises as high for a moment as somebody who lies
on the floor does for minutes; so alarms are counted on what a score holds (:func:`held_scores`).
An alarm is false if no frame of it is abnormal. The hours are those of the normal frames: footage
in which an alarm would have been false. An event is found if an alarm shares a frame with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import grey_opening

from camera_analysis.channels.channel_calibration import MOMENT_S

FloatVector = npt.NDArray[np.floating]
BoolVector = npt.NDArray[np.bool_]
Span = tuple[int, int]

#: Seconds between two alarms that an operator takes for one.
JOIN_S = 10.0
#: Seconds that an alarm lasts at least: longer than anybody needs to walk past a place.
HOLD_S = MOMENT_S


@dataclass(frozen=True, kw_only=True)
class AlarmCount:
    """What a threshold gives; counts of several clips add."""

    false_alarms: int = 0
    normal_hours: float = 0.0
    events: int = 0
    events_found: int = 0

    def __add__(self, other: AlarmCount) -> AlarmCount:
        """Counts of both."""
        return AlarmCount(
            false_alarms=self.false_alarms + other.false_alarms,
            normal_hours=self.normal_hours + other.normal_hours,
            events=self.events + other.events,
            events_found=self.events_found + other.events_found,
        )

    @property
    def false_per_hour(self) -> float | None:
        """False alarms per hour of normal footage; None without any."""
        return self.false_alarms / self.normal_hours if self.normal_hours else None


def held_scores(scores: FloatVector, fps: float, *, hold_s: float = HOLD_S) -> FloatVector:
    """The highest level that a score keeps, around each frame, for so long without a gap.

    A frame reaches a threshold by it exactly if it lies in a run of at least ``hold_s`` in which
    every frame does: the opening of the scores over time (Serra 1982). It is never above them.

    Args:
        scores: (N,) one a frame, consecutive.
        fps: frames per second.
        hold_s: a clip that is shorter is one run.

    Returns:
        (N,) held scores.
    """
    if not scores.size:
        return scores
    frames = int(np.clip(round(hold_s * fps), 1, scores.size))
    return np.asarray(grey_opening(scores, size=frames, mode="constant", cval=-np.inf))


def count_alarms(
    scores: FloatVector,
    abnormal: BoolVector,
    fps: float,
    threshold: float,
    *,
    events: Sequence[Span] | None = None,
    join_s: float = JOIN_S,
) -> AlarmCount:
    """Count alarms of one clip.

    Args:
        scores: (N,) one a frame; held ones, where flashes are no alarms.
        abnormal: (N,) truth.
        fps: frames per second.
        threshold: an alarm reaches it.
        events: first and last frame of each event; None takes the runs of abnormal frames.
        join_s: runs closer than this are one alarm.
    """
    alarms = runs(scores >= threshold, join=max(1, round(join_s * fps)))
    spans = runs(abnormal) if events is None else events
    return AlarmCount(
        false_alarms=sum(not abnormal[first : last + 1].any() for first, last in alarms),
        normal_hours=float(np.count_nonzero(~abnormal)) / fps / 3600,
        events=len(spans),
        events_found=sum(
            any(start <= last and first <= end for start, end in alarms) for first, last in spans
        ),
    )


def alarm_threshold_for(
    clips: Sequence[tuple[FloatVector, float]], per_hour: float, *, join_s: float = JOIN_S
) -> float:
    """The lowest threshold at which normal clips give at most so many alarms per hour.

    Args:
        clips: (scores, frames per second) of each normal clip, none of it in what was learned.
        per_hour: budget. Where the clips are too short to show a rate so low, the threshold is the
            least that gives no alarm.
        join_s: as for :func:`count_alarms`.

    Raises:
        ValueError: no frames.
    """
    if not any(scores.size for scores, _ in clips):
        raise ValueError("no normal frames to set a threshold by")
    hours = sum(scores.size / fps for scores, fps in clips) / 3600
    allowed = int(per_hour * hours)
    candidates = np.unique(np.concatenate([scores for scores, _ in clips]))
    above = float(np.nextafter(candidates[-1], np.inf))
    thresholds = np.append(candidates, above)

    def alarms(threshold: float) -> int:
        return sum(
            len(runs(scores >= threshold, join=max(1, round(join_s * fps))))
            for scores, fps in clips
        )

    # Joined runs are not quite monotone in the threshold: far down, all is one long alarm. The
    # search starts from the top, where a threshold belongs, and doubles its stride.
    low, high, stride = len(thresholds) - 1, len(thresholds) - 1, 1
    while low > 0 and alarms(float(thresholds[low])) <= allowed:
        high, low, stride = low, max(0, low - stride), 2 * stride
    while high - low > 1:
        middle = (low + high) // 2
        if alarms(float(thresholds[middle])) <= allowed:
            high = middle
        else:
            low = middle
    return float(thresholds[high])


def runs(flags: BoolVector, *, join: int = 1) -> list[Span]:
    """First and last frame of each run of True; gaps of fewer than ``join`` frames are bridged."""
    at = np.flatnonzero(flags)
    if not at.size:
        return []
    breaks = np.flatnonzero(np.diff(at) > join)
    firsts = np.concatenate([[at[0]], at[breaks + 1]])
    lasts = np.concatenate([at[breaks], [at[-1]]])
    return [(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]
