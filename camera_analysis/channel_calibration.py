"""Scores of a channel become evidence: how rarely does a normal frame show that much anywhere?

A channel is calibrated on normal frames that its counts have not seen. With s the largest score of
a frame, evidence is -log of the conformal p-value (k + 1) / (n + 1), k of n calibration frames
reaching s. Beyond the calibration frames' upper tail it goes on along the exponential that fits
their excesses, for no sample reaches far enough to rank anomalies among each other. The fit is by
their median, so that a few anomalies among the calibration frames do not stretch it. In this unit a
channel that is calm on normal frames speaks loudly when it departs, and one that is noisy does not,
so evidence of different channels about one place can be brought together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]

#: Share of calibration frames from which the exponential tail is fitted: 50 of 2,500 frames.
TAIL_SHARE = 0.02
#: Frames that the fit needs.
LEAST_EXCESSES = 10
#: Nats; a tail never falls faster than this per unit: all-equal maxima fit no exponential.
LEAST_SCALE = 0.05


@dataclass(frozen=True)
class Calibration:
    """Score of a frame or a place -> evidence in nats, monotone.

    Attributes:
        sorted_maxima: (n,) largest score of each calibration frame, ascending.
        threshold: score from which the exponential holds.
        tail_share: share of the calibration frames beyond it.
        scale: of that exponential, its mean excess.
    """

    sorted_maxima: npt.NDArray[np.float64]
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


def calibrate(frame_maxima: FloatArray, *, tail_share: float = TAIL_SHARE) -> Calibration:
    """Fit to the largest scores of normal frames that were held out of the counts.

    Raises:
        ValueError: no frames, or a score that is not finite.
    """
    maxima = np.sort(np.asarray(frame_maxima, np.float64))
    if not maxima.size or not np.isfinite(maxima).all():
        raise ValueError(f"{maxima.size} calibration frames, not all of finite score")
    beyond = min(max(round(tail_share * maxima.size), LEAST_EXCESSES), maxima.size)
    threshold = float(maxima[maxima.size - beyond])
    excess = maxima[maxima > threshold] - threshold
    share = (excess.size + 1) / (maxima.size + 1)
    middle = float(np.median(excess)) if excess.size else 0.0
    scale = max(middle / float(np.log(2)), LEAST_SCALE)
    return Calibration(maxima, threshold, share, scale)
