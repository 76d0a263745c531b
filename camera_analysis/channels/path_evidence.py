"""The score of a frame: what its places show, along the paths through them.

Who rides is told by one moment and not by the next: from behind, beside others, against a wall of
the same tone. Who walks may flash as high, but not for long. So evidence of a place that moves is
the geometric mean of what is read along its path, a second or so to either side; what does not move
stands for itself, but for the frames in which somebody passes within a few places: it is then part
of that path. A frame's score is its highest place, smoothed over time by a geometric mean too:
a thing of much evidence that has just left does not outshout, from beyond the view's edge, somebody
of little who has just come in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from camera_analysis.channels.path_readings import (
    FloatImage,
    Reading,
    look_frames,
    read_along,
    windows,
)
from camera_analysis.labelling.time_smoothing import gaussian_mean

FloatVector = npt.NDArray[np.float64]

#: Nats that say nothing: evidence counts from here on, and a score is never less.
LEAST_NATS = 1.0
#: Nats from which a place that moves is followed along its path.
FOLLOWED_NATS = 0.5
#: Seconds, standard deviation of the weights along a path: a stride of a walker.
PATH_S = 1.0


def evidence_reading(evidence_hw: FloatImage, step_hw2: FloatImage) -> Reading:
    """What is followed from frame to frame.

    Args:
        evidence_hw: (h, w) nats of all channels together.
        step_hw2: (h, w, 2) flow in places since the frame before, of
            :func:`camera_analysis.channels.path_readings.widened`.
    """
    followed = step_hw2.any(axis=2) & (evidence_hw >= np.float32(FOLLOWED_NATS))
    value = np.maximum(evidence_hw, np.float32(LEAST_NATS))
    return Reading(followed.astype(np.int32), value, step_hw2)


def frame_peaks(readings: Iterator[Reading], fps: float) -> Iterator[float]:
    """Nats of each frame's highest place, at least ``LEAST_NATS``, some seconds after it came in.

    Args:
        readings: of :func:`evidence_reading`, of consecutive frames.
        fps: frames per second; 0 where they are not evenly spaced: each frame then stands alone.
    """
    for near, now in windows(readings, look_frames(fps)):
        yield _peak(list(near), now, PATH_S * fps)


def smoothed_peaks(
    peaks: Sequence[float] | npt.NDArray[np.floating], fps: float, smoothing_s: float
) -> FloatVector:
    """(N,) score of each frame: the geometric mean of the peaks around it.

    Args:
        peaks: (N,) of :func:`frame_peaks`, in the order of time.
        fps: frames per second.
        smoothing_s: standard deviation of the weights.
    """
    logarithms = np.log(np.maximum(np.asarray(peaks, np.float64), LEAST_NATS))
    return np.exp(gaussian_mean(logarithms, smoothing_s * fps))


def _peak(near: Sequence[Reading], now: int, sigma: float) -> float:
    frame = near[now]
    alone = np.where(frame.parts_hw > 0, np.float32(LEAST_NATS), frame.value_hw)
    places = np.flatnonzero(frame.parts_hw)
    if not places.size:
        return float(alone.max())
    read, apart = read_along(near, now, places)
    weights = np.exp(-0.5 * (apart / max(sigma, 1e-6)) ** 2)[:, None] * (read > 0)
    logarithms = np.log(np.maximum(read, np.float32(LEAST_NATS)))
    along = np.exp((weights * logarithms).sum(axis=0) / weights.sum(axis=0))
    return float(max(alone.max(), along.max()))
