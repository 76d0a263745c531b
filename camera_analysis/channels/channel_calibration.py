"""Scores of a channel become evidence: how rarely does a normal moment show that much anywhere?

A channel is calibrated on normal footage that its counts have not seen. With s the largest score of
a moment, evidence is -log of the conformal p-value (k + 1) / (n + 1), k of n calibration moments
reaching s. The unit of time is that of alarms: what flashes in one frame of every moment is as
usual as what fills the moment, although far fewer frames show it. So channels of motion, which
flash, and channels of what stays, which does not, are in one unit, and one that is noisy on normal
footage speaks softly.

Beyond the upper tail evidence goes on along the exponential that fits its excesses, for no sample
reaches far enough to rank anomalies among each other (peaks over a threshold; Pickands 1975). The
excesses are those of runs of moments, not of moments, for neighbours show the same thing (runs
declustering; Ferro and Segers 2003), and their scale is taken from their median. So an incident in
the history, however long, is one excess of thirty and hardly moves the scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
FloatVector = npt.NDArray[np.float64]

#: Seconds of a moment at most: longer than anybody needs to walk past a place.
MOMENT_S = 5.0
#: Runs of moments from which the exponential tail is fitted, at least and at most: a scale known to
#: a third, to a fifth.
LEAST_RUNS, MOST_RUNS = 10, 30
#: Between them one run in so many moments is in the tail.
MOMENTS_PER_RUN = 20
#: Scores are nats already: evidence never rises faster than they do. A tail that falls faster is
#: drawn from moments that were all alike, and says nothing of what lies beyond them.
LEAST_SCALE = 1.0


@dataclass(frozen=True)
class Calibration:
    """Score of a moment or a place -> evidence in nats, monotone.

    Attributes:
        sorted_maxima: (n,) largest score of each calibration moment, ascending.
        threshold: score from which the exponential holds.
        tail_share: share of the calibration moments beyond it.
        scale: of that exponential, its mean excess.
    """

    sorted_maxima: FloatVector
    threshold: float
    tail_share: float
    scale: float

    def evidence(self, scores: FloatArray) -> npt.NDArray[np.float32]:
        """Nats, at least 0, of the same shape as the scores."""
        count = self.sorted_maxima.size
        reaching = count - np.searchsorted(self.sorted_maxima, scores, side="left")
        body = np.log((count + 1) / (reaching + 1))
        tail = -np.log(self.tail_share) + (scores - self.threshold) / self.scale
        return np.asarray(np.where(scores > self.threshold, tail, body), np.float32)


def calibrate(stretches: Sequence[FloatArray]) -> Calibration:
    """Fit to the largest scores of the moments of normal footage, held out of the counts.

    Moments in which nothing scores say nothing of how high scores rise: evidence answers how many
    of the moments in which something moves show as much.

    Args:
        stretches: (N,) largest score of each moment, consecutive within a stretch; see
            :func:`moment_maxima`.

    Raises:
        ValueError: no moments, or a score that is not finite.
    """
    moments = [np.asarray(stretch, np.float64) for stretch in stretches]
    every = np.concatenate([np.zeros(0), *moments])
    if not every.size or not np.isfinite(every).all():
        raise ValueError(f"{every.size} calibration moments, not all of finite score")
    maxima = np.sort(every[every > 0]) if every.any() else np.zeros(1)
    wanted = int(np.clip(maxima.size // MOMENTS_PER_RUN, LEAST_RUNS, MOST_RUNS))
    peaks, threshold = _peaks(moments, wanted)
    share = (np.count_nonzero(maxima > threshold) + 1) / (maxima.size + 1)
    middle = float(np.median(peaks - threshold)) if peaks.size else 0.0
    scale = max(middle / float(np.log(2)), LEAST_SCALE)
    return Calibration(maxima, threshold, float(share), scale)


def moment_seconds(history_s: float) -> float:
    """How long a moment lasts where so many seconds of normal footage calibrate.

    As long as it may be, but no longer than leaves moments for a tail of the most runs: of fewer,
    those runs reach down into everyday life, and its spread is taken for that of the tail.
    """
    return min(MOMENT_S, history_s / (MOMENTS_PER_RUN * MOST_RUNS))


def moment_maxima(scores: FloatArray, frames: int) -> FloatVector:
    """Largest score of each of the equal parts, of about so many frames, of a stretch."""
    found = np.asarray(scores, np.float64)
    if not found.size:
        return found
    return np.asarray(np.maximum.reduceat(found, moment_starts(found.size, frames)))


def moment_starts(size: int, frames: int) -> npt.NDArray[np.intp]:
    """First frames of the equal parts, of about so many frames, of a stretch of a size."""
    parts = max(1, round(size / frames))
    return np.asarray(np.arange(parts) * size // parts, np.intp)


def _peaks(moments: Sequence[FloatVector], wanted: int) -> tuple[FloatVector, float]:
    """Highest score of each run beyond the level that as many runs exceed, and that level."""
    calm = np.zeros(1)  # between stretches, which do not touch
    line = np.concatenate([calm, *(np.append(part, calm) for part in moments)])
    beyond = np.zeros(line.size, bool)
    runs, level = 0, 0.0
    for at in np.argsort(-line, kind="stable"):
        if line[at] <= 0:
            break
        runs += 1 - int(beyond[at - 1]) - int(beyond[at + 1])
        if runs > wanted:
            level = float(line[at])
            break
        beyond[at] = True
    edges = np.flatnonzero(np.diff((line > level).astype(np.int8)))
    peaks = [
        line[first + 1 : last + 1].max()
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]
    return np.array(peaks, np.float64), level
