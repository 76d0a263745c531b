"""Scores of frames become stays: two thresholds, a shortest length, no stay across a pause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera_analysis.occupancy.occupancy_rule import OccupancyRule

FloatVector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stay:
    """Frames first to last, both inclusive, of one stay, and how long it lasted."""

    first: int
    last: int
    dwell_s: float


def find_stays(
    times_s: FloatVector, scores: FloatVector, rule: OccupancyRule, *, step_s: float, gap_s: float
) -> list[Stay]:
    """Runs of frames that score ``rule.leave`` or more and somewhere ``rule.enter`` or more.

    Looking at the whole day, a stay begins with its first frame over the lower threshold, not with
    the first over the higher one (Canny's hysteresis, along time). Each frame stands for the
    ``step_s`` that follow it, so a stay of one frame lasts that long.

    Args:
        times_s: (N,) of the frames, ascending.
        scores: (N,) in [0, 1].
        rule: thresholds and the shortest stay.
        step_s: between two sampled frames.
        gap_s: frames farther apart are not of one stay: nobody looked in between.

    Returns:
        In order of time.
    """
    inside = scores >= rule.leave
    if not inside.any():
        return []
    goes_on = np.zeros(len(scores), bool)
    goes_on[1:] = inside[1:] & inside[:-1] & (np.diff(times_s) <= gap_s)
    firsts = np.flatnonzero(inside & ~goes_on)
    lasts = np.flatnonzero(inside & ~np.append(goes_on[1:], False))
    stays = [
        Stay(int(first), int(last), float(times_s[last] - times_s[first] + step_s))
        for first, last in zip(firsts, lasts, strict=True)
        if scores[first : last + 1].max() >= rule.enter
    ]
    return [stay for stay in stays if stay.dwell_s >= rule.min_s]


def occupied_frames(stays: list[Stay], frames: int) -> npt.NDArray[np.bool_]:
    """(N,) whether each frame lies within a stay."""
    occupied = np.zeros(frames, bool)
    for stay in stays:
        occupied[stay.first : stay.last + 1] = True
    return occupied
