"""How far in the tail of its place's distribution a code lies, per channel, in nats.

The score of a code is -log of a tail probability, not of the code's own probability: a speed that
is rare because it lies between two usual ones is no surprise, one beyond all usual ones is.

- speed, size and how long something has stayed: P(at least this much | something is here).
- direction and tone, which have no order: the probability of all codes that are no more frequent
  here than the observed one.

A place borrows from its surroundings what it has not seen itself (Dirichlet smoothing): its counts
are averaged over a small neighbourhood, then drawn towards those of its image row, because in most
views a row is one distance from the camera, and those towards the whole view's. Beyond everything
ever seen, the tail of an ordered channel falls as 1/value, so that twice as fast is still more.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from camera_analysis.channels.channel_codes import (
    ABSENT,
    BINS,
    DIRECTION,
    PER_OCTAVE,
    TONE,
    CodeMap,
)
from camera_analysis.channels.channel_counts import ChannelCounts

FloatImage = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TailConfig:
    """How counts become probabilities."""

    # Frames that the row's distribution weighs at a place, and the view's in a row.
    prior_frames: float = 20.0
    # Places on each side that share their counts: a person's width.
    reach: int = 2
    # Rows on each side that make up a band.
    row_reach: int = 3
    # Frames that a uniform distribution of tones weighs at a place.
    tone_prior: float = 1.0
    # Tones over which counts are shared, standard deviation: 8 grey levels, by which light that
    # falls on one side only and things that are soft move a tone.
    tone_spread: float = 2.0


class TailTables:
    """Scores of every code at every place, made once from counts.

    Args:
        counts: of the normal.
        config: see there.

    Raises:
        ValueError: no frames were counted.
    """

    def __init__(self, counts: ChannelCounts, config: TailConfig) -> None:
        if not counts.frames:
            raise ValueError("the normal holds no frames; it cannot judge")
        self.grids = counts.grids
        self._tables = {
            channel: _table(channel, counts, config).reshape(-1, BINS[channel])
            for channel in counts.grids
        }

    def score(self, channel: str, code: CodeMap) -> FloatImage:
        """(h, w) -log tail probability in nats; 0 where the code is ABSENT."""
        flat = code.ravel()
        place = np.flatnonzero(flat != ABSENT)
        score = np.zeros(flat.size, np.float32)
        score[place] = self._tables[channel][place, flat[place]]
        return score.reshape(code.shape)


def _table(channel: str, counts: ChannelCounts, config: TailConfig) -> FloatImage:
    of_place = counts.of(channel).astype(np.float64)
    if channel == TONE:
        probability = _tone_probability(of_place, config)
    else:
        probability = _smoothed(of_place, _base(channel), config)
    if channel in PER_OCTAVE:
        tail = np.cumsum(probability[..., ::-1], axis=2)[..., ::-1]
    else:
        tail = _mass_of_rarer(probability)
    return np.asarray(-np.log(np.clip(tail, 1e-12, 1.0)), np.float32)


def _base(channel: str) -> FloatArray:
    """(bins,) distribution before anything was seen."""
    bins = BINS[channel]
    if channel == DIRECTION:
        return np.full(bins, 1 / bins)
    tail = 2.0 ** (-np.arange(bins + 1) / PER_OCTAVE[channel])
    tail[-1] = 0.0
    return -np.diff(tail)


def _smoothed(counts: FloatArray, base: FloatArray, config: TailConfig) -> FloatArray:
    """(h, w, bins) probabilities: place drawn to row, row to view, view to the base."""
    prior = config.prior_frames
    view = counts.sum(axis=(0, 1))
    of_view = (view + prior * base) / (view.sum() + prior)
    rows = counts.sum(axis=1)  # (h, bins)
    length = 2 * config.row_reach + 1
    band = cv2.boxFilter(rows, -1, (1, length), normalize=False, borderType=cv2.BORDER_CONSTANT)
    band = np.maximum(band, 0.0)
    of_row = (band + prior * of_view) / (band.sum(axis=1, keepdims=True) + prior)
    near = _mean_around(counts, config.reach)
    seen = near.sum(axis=2, keepdims=True)
    return np.asarray((near + prior * of_row[:, None]) / (seen + prior), np.float64)


def _tone_probability(counts: FloatArray, config: TailConfig) -> FloatArray:
    """(h, w, bins) probabilities; near tones share, because light and noise move a tone."""
    near = _mean_around(counts, 1)
    shared = gaussian_filter1d(near, config.tone_spread, axis=2, mode="reflect")
    shared = shared + config.tone_prior / counts.shape[2]
    return np.asarray(shared / shared.sum(axis=2, keepdims=True), np.float64)


def _mass_of_rarer(probability: FloatArray) -> FloatArray:
    """Probability of all codes that are no more frequent than each code."""
    order = np.argsort(probability, axis=2, kind="stable")
    ordered = np.take_along_axis(probability, order, axis=2)
    reached = np.cumsum(ordered, axis=2)
    alike = np.zeros(ordered.shape, bool)  # as the next one: each counts in the other's mass
    alike[..., :-1] = ordered[..., :-1] == ordered[..., 1:]
    last = np.where(alike, np.inf, reached)[..., ::-1]
    reached = np.minimum.accumulate(last, axis=2)[..., ::-1]
    mass = np.empty_like(probability)
    np.put_along_axis(mass, order, reached, axis=2)
    return mass


def _mean_around(counts: FloatArray, reach: int) -> FloatArray:
    length = (2 * reach + 1, 2 * reach + 1)
    planes = [
        cv2.blur(np.ascontiguousarray(counts[..., code]), length, borderType=cv2.BORDER_REPLICATE)
        for code in range(counts.shape[2])
    ]
    return np.asarray(np.maximum(np.dstack(planes), 0.0), np.float64)
