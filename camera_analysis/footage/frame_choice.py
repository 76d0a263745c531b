"""Which frames are worth labelling: spread over the day, doubtful, and unlike each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

#: One choice in so many is drawn: what the segmenter is wrongly sure of has a chance as well.
DRAWN_EVERY = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """What is known of a usable frame when frames are chosen.

    Attributes:
        time_local: when it was taken, in the camera's time zone.
        unsure_bits: mean entropy of the segmenter's answer, bits per pixel; 0 without one.
        moved_share: share of its pixels that differ from the background plate.
        look: (K,) small picture of light and movers; distances between these say what is alike.
    """

    time_local: datetime
    unsure_bits: float
    moved_share: float
    look: npt.NDArray[np.float32]


def choose_frames(candidates: Sequence[Looks], count: int, *, seed: int) -> list[int]:
    """Choose ``count`` frames, or all where there are fewer.

    The candidates, sorted by time of day, then date, are cut into ``count`` groups of equal size;
    each gives one frame. It is the one with the largest sum of three numbers in [0, 1]: the share
    of candidates of which the segmenter is surer, the share in which less moves, and the distance
    of its look from the nearest one chosen so far against the largest distance between any two.
    Every ``DRAWN_EVERY``-th group gives a frame drawn at random instead.

    Args:
        candidates: usable frames of one camera, in any order.
        count: at least 1.
        seed: of what is drawn.

    Returns:
        Places in ``candidates``, in order of their time.

    Raises:
        ValueError: ``count`` below 1.
    """
    if count < 1:
        raise ValueError(f"count is {count}; expected at least 1 frame")
    if not candidates:
        return []
    random = np.random.default_rng(seed)
    interest = _rank_share([one.unsure_bits for one in candidates])
    interest += _rank_share([one.moved_share for one in candidates])
    distance = _distances(np.stack([one.look for one in candidates]))
    order = sorted(range(len(candidates)), key=lambda at: _time_of_day(candidates[at]))
    chosen: list[int] = []
    for number, group in enumerate(np.array_split(order, min(count, len(order))), start=1):
        if number % DRAWN_EVERY == 0:
            chosen.append(int(random.choice(group)))
            continue
        novelty = distance[group][:, chosen].min(axis=1) if chosen else 0.0
        chosen.append(int(group[np.argmax(interest[group] + novelty)]))
    return sorted(chosen, key=lambda at: (candidates[at].time_local, at))


def _time_of_day(one: Looks) -> tuple[object, datetime]:
    return one.time_local.time(), one.time_local


def _rank_share(values: Sequence[float]) -> F64:
    """(N,) share of the values that are smaller; equal values have equal shares."""
    ordered = np.sort(np.asarray(values, np.float64))
    return np.searchsorted(ordered, values, side="left") / len(ordered)


def _distances(looks: npt.NDArray[np.float32]) -> F64:
    """(N, N) Euclidean distances as shares of the largest; all 0 where all look the same."""
    flat = looks.astype(np.float64)
    squares = (flat**2).sum(axis=1)
    squared = squares[:, None] + squares[None, :] - 2 * flat @ flat.T
    distance = np.sqrt(np.maximum(squared, 0.0))
    return np.asarray(distance / max(float(distance.max()), np.finfo(np.float64).tiny))
