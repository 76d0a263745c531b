"""What a place is used to: how much surprise it shows itself while nothing is wrong.

Where many people sit, clothes that nobody has worn there before are everyday; where nobody ever
stands they are not. Counts know which tones a place has shown, not how often new ones come. Footage
that the counts have not seen tells: a place's **habit** is the share of normal moments in which it
shows as much itself. So a surprise has two p-values: in how many moments does any place show as
much, and in how many does any place go as far beyond its own habit? The larger one counts. It is
never smaller than one that is valid, and so is valid itself: what departs has to be rare in the
view, and rare where it is.

A visit fills many moments that are all alike, so that a habit rests on far fewer visits than
moments. It is drawn to the habit of all places together by as many moments as a visit lasts
(Dirichlet smoothing, as counts are), and beyond all that was ever seen that one falls as an
exponential. Only a place that shows a surprise more often than places do is used to it. So one
incident in the history is a habit of its own place, and of no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_calibration import Calibration, calibrate
from camera_analysis.channels.channel_codes import STAY, TONE
from camera_analysis.channels.channel_maps import REMAIN

FloatImage = npt.NDArray[np.float32]
MomentMaps = npt.NDArray[np.float16]
Counts = npt.NDArray[np.uint32]
FloatVector = npt.NDArray[np.float64]

#: Channels that places have habits in: those of who or what is there, not of how it moves.
HABITUAL = (TONE, STAY, REMAIN)
#: Nats of a step in which surprises are counted, and steps.
STEP_NATS, STEPS = 0.25, 64
#: Nothing is rarer: shares are counted in double precision.
LEAST_SHARE = 1e-12


@dataclass(frozen=True, kw_only=True)
class HabitConfig:
    """How moments become habits."""

    # Seconds of moments of all places that weigh at a place: a long visit.
    prior_s: float = 1200.0
    # Places on each side that share a habit.
    reach: int = 1
    # Share of a surprise that a place has to have shown before, to be used to it: a third tone that
    # was never seen there may be rarer than the first two were.
    tolerance: float = 0.75
    # Nats that a habit takes evidence down to: one moment in seven shows as much.
    everyday: float = 2.0


@dataclass(frozen=True)
class SegmentMoments:
    """What the moments of a segment of training footage come to, held out of the counts.

    Attributes:
        fold: of the segment.
        maxima: channel -> (N,) largest surprise of each moment, in nats.
        maps: habitual channel -> (n, h, w) largest surprise of each place in a moment, of all
            moments or of evenly spread ones.
    """

    fold: int
    maxima: Mapping[str, FloatVector]
    maps: Mapping[str, MomentMaps]


@dataclass(frozen=True)
class HabitTable:
    """How often a place shows how much of a channel.

    Attributes:
        nats: (h, w, STEPS) -log share of moments that reach each step of surprise.
        used: (h, w, STEPS) whether the place itself reaches it more often than places do.
    """

    nats: FloatImage
    used: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Habits:
    """Surprise of a place -> evidence that it is rare for this place.

    Attributes:
        tables: channel -> how often each place shows how much.
        calibrations: channel -> what any place shows beyond its habit when nothing is wrong.
        config: see there.
    """

    tables: Mapping[str, HabitTable]
    calibrations: Mapping[str, Calibration]
    config: HabitConfig

    def limit(self, channel: str, surprise: FloatImage, evidence: FloatImage) -> FloatImage:
        """Evidence, down to an everyday moment's where the place is used to as much.

        Args:
            channel: one without habits keeps its evidence.
            surprise: (h, w) nats.
            evidence: (h, w) nats, of how rarely the view shows as much.
        """
        if channel not in self.calibrations:
            return evidence
        table = self.tables[channel]
        step, rest = _steps(surprise * np.float32(self.config.tolerance))
        own = self.calibrations[channel].evidence(_between(table.nats, step, rest))
        least = np.minimum(evidence, self.config.everyday)
        limited = np.clip(own, least, evidence)
        return np.asarray(np.where(_at(table.used, step), limited, evidence), np.float32)


class FoldedHabits:
    """Habits by all training footage, and by all but a fold.

    What a fold shows beyond its habit is read off tables without it. So the calibration of all
    folds but k rests on tables that hold k, as that of the channels rests on counts that do.

    Args:
        moments: of all segments.
        history_s: seconds of footage that they are of, > 0.
        config: see there.
    """

    def __init__(
        self, moments: Sequence[SegmentMoments], history_s: float, config: HabitConfig
    ) -> None:
        lengths = [max((len(maps) for maps in of.maps.values()), default=0) for of in moments]
        self._prior = config.prior_s * max(1, sum(lengths)) / history_s
        self._config = config
        self._alone = len({segment.fold for segment in moments}) == 1
        self._of_fold: dict[int, dict[str, Counts]] = {segment.fold: {} for segment in moments}
        self._total: dict[str, Counts] = {}
        for segment in moments:
            for channel, maps in segment.maps.items():
                counted = _count(maps)
                for kept in (self._of_fold[segment.fold], self._total):
                    kept[channel] = kept[channel] + counted if channel in kept else counted
        self._maxima = self._held_out_maxima(moments)

    def without(self, fold: int | None) -> Habits:
        """Habits by all folds but one; None, or the only one there is, takes all.

        A channel that one fold alone has moments of has no habits: nothing is held out of it.
        """
        left_out = None if self._alone else fold
        parts: dict[str, list[FloatVector]] = {}
        for number, of_channel in self._maxima:
            if number != left_out:
                for channel, maxima in of_channel.items():
                    parts.setdefault(channel, []).append(maxima)
        tables = {c: table for c, table in self._tables(left_out).items() if c in parts}
        return Habits(tables, {c: calibrate(parts[c]) for c in tables}, self._config)

    def _held_out_maxima(
        self, moments: Sequence[SegmentMoments]
    ) -> list[tuple[int, dict[str, FloatVector]]]:
        """Fold of each segment; channel -> how far any place goes beyond habit in each moment."""
        tables = lru_cache(maxsize=1)(self._tables)  # segments of a fold come together
        found = []
        for segment in moments:
            known = tables(None if self._alone else segment.fold)
            maps = {c: of for c, of in segment.maps.items() if c in known}
            found.append((segment.fold, {c: self._beyond(known[c], of) for c, of in maps.items()}))
        return found

    def _beyond(self, table: HabitTable, maps: MomentMaps) -> FloatVector:
        shown = np.float32(self._config.tolerance)
        return np.array([beyond_habit(table, of * shown).max() for of in maps], np.float64)

    def _tables(self, left_out: int | None) -> dict[str, HabitTable]:
        without = self._of_fold[left_out] if left_out is not None else {}
        counts = {
            c: total - without[c] if c in without else total for c, total in self._total.items()
        }
        return {
            channel: habit_table(known, self._prior, self._config.reach)
            for channel, known in counts.items()
            if known.any()
        }


def habit_table(counts: Counts, prior_moments: float, reach: int) -> HabitTable:
    """How often each place reaches each step of surprise.

    Args:
        counts: (h, w, STEPS) moments by the largest surprise of each place, at least one.
        prior_moments: moments of all places that weigh at each.
        reach: places on each side that share a habit.
    """
    length = (2 * reach + 1, 2 * reach + 1)
    planes = [np.ascontiguousarray(counts[..., step], np.float64) for step in range(STEPS)]
    near = np.dstack([cv2.blur(p, length, borderType=cv2.BORDER_REPLICATE) for p in planes])
    reached = np.maximum(np.cumsum(near[..., ::-1], axis=2)[..., ::-1], 0.0)
    moments, anywhere = reached[..., :1], _anywhere(counts)
    share = (reached + prior_moments * anywhere) / (moments + prior_moments)
    nats = -np.log(np.clip(share, LEAST_SHARE, 1.0))
    return HabitTable(np.asarray(nats, np.float32), reached > moments * anywhere)


def beyond_habit(table: HabitTable, surprise: npt.NDArray[np.floating]) -> FloatImage:
    """(h, w) -log share of moments in which a place shows as much, between steps linearly."""
    return _between(table.nats, *_steps(surprise))


def _steps(surprise: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.intp], FloatImage]:
    """(h, w) step below a surprise, one before the last at most, and the share of the next."""
    at = np.clip(np.asarray(surprise, np.float32) / np.float32(STEP_NATS), 0, STEPS - 1)
    step = np.minimum(at.astype(np.intp), STEPS - 2)
    return step, np.asarray(at - step, np.float32)


def _between(nats: FloatImage, step: npt.NDArray[np.intp], rest: FloatImage) -> FloatImage:
    low, high = _at(nats, step), _at(nats, step + 1)
    return np.asarray(low + (high - low) * rest, np.float32)


def _at(table: npt.NDArray[Any], step: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    return np.take_along_axis(table, step[..., None], axis=2)[..., 0]


def _count(maps: MomentMaps) -> Counts:
    """(h, w, STEPS) moments by the step that each place reaches."""
    moments, height, width = maps.shape
    step = np.minimum(maps.reshape(moments, -1) / np.float16(STEP_NATS), STEPS - 1).astype(np.intp)
    flat = (np.arange(height * width) * STEPS + step).ravel()
    counted = np.bincount(flat, minlength=height * width * STEPS)
    return counted.astype(np.uint32).reshape(height, width, STEPS)


def _anywhere(counts: Counts) -> npt.NDArray[np.float64]:
    """(STEPS,) share of all places' moments that reach each step; > 0."""
    reached = np.cumsum(counts.sum(axis=(0, 1), dtype=np.float64)[::-1])[::-1]
    last = int(np.flatnonzero(reached).max())
    share: npt.NDArray[np.float64] = reached / reached[0]
    share[last + 1 :] = share[last] * np.exp(-STEP_NATS * np.arange(1, STEPS - last))
    return share
