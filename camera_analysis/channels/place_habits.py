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
exponential.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_calibration import Calibration, calibrate
from camera_analysis.channels.channel_codes import STAY, TONE
from camera_analysis.channels.channel_maps import REMAIN

FloatImage = npt.NDArray[np.float32]
MomentMaps = npt.NDArray[np.float16]
Counts = npt.NDArray[np.uint32]

#: Channels that places have habits in: those of who or what is there, not of how it moves.
HABITUAL = (TONE, STAY, REMAIN)
#: Nats of a step in which surprises are counted, and steps.
STEP_NATS, STEPS = 0.25, 64


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
    maxima: Mapping[str, npt.NDArray[np.float64]]
    maps: Mapping[str, MomentMaps]


@dataclass(frozen=True)
class Habits:
    """Surprise of a place -> evidence that it is rare for this place.

    Attributes:
        tables: channel -> (h, w, STEPS) -log share of moments that reach each step.
        calibrations: channel -> what any place shows of it when nothing is wrong.
        config: see there.
    """

    tables: Mapping[str, FloatImage]
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
        habit = beyond_habit(self.tables[channel], surprise * self.config.tolerance)
        own = self.calibrations[channel].evidence(habit)
        least = np.minimum(evidence, self.config.everyday)
        return np.asarray(np.clip(own, least, evidence), np.float32)


class FoldedHabits:
    """Habits by all training footage, and by all but a fold.

    Args:
        moments: of all segments.
        history_s: seconds of footage that they are of.
        config: see there.
    """

    def __init__(
        self, moments: Sequence[SegmentMoments], history_s: float, config: HabitConfig
    ) -> None:
        kept = [max((len(maps) for maps in of.maps.values()), default=0) for of in moments]
        self._prior = config.prior_s * max(1, sum(kept)) / history_s
        self._config = config
        self._alone = len({segment.fold for segment in moments}) == 1
        self._counts: dict[int, dict[str, Counts]] = {}
        for segment in moments:
            of_fold = self._counts.setdefault(segment.fold, {})
            for channel, maps in segment.maps.items():
                counted = _count(maps)
                of_fold[channel] = of_fold[channel] + counted if channel in of_fold else counted
        self._maxima = self._held_out_maxima(moments)

    def without(self, fold: int | None) -> Habits:
        """Habits by all folds but one; None, or the only one there is, takes all."""
        left_out = None if self._alone else fold
        parts: dict[str, list[npt.NDArray[np.float64]]] = {}
        for number, channel, maxima in self._maxima:
            if number != left_out:
                parts.setdefault(channel, []).append(maxima)
        tables = self._tables(left_out)
        calibrations = {channel: calibrate(parts[channel]) for channel in tables}
        return Habits(tables, calibrations, self._config)

    def _held_out_maxima(
        self, moments: Sequence[SegmentMoments]
    ) -> list[tuple[int, str, npt.NDArray[np.float64]]]:
        """(fold, channel, how far beyond its habit any place goes in each moment) of segments."""
        found, shown = [], self._config.tolerance
        for fold in self._counts:
            tables = self._tables(None if self._alone else fold)
            for segment in moments:
                for channel, maps in segment.maps.items() if segment.fold == fold else ():
                    if channel in tables:
                        highest = [beyond_habit(tables[channel], of * shown).max() for of in maps]
                        found.append((fold, channel, np.array(highest, np.float64)))
        return found

    def _tables(self, left_out: int | None) -> dict[str, FloatImage]:
        totals: dict[str, Counts] = {}
        for fold, of_fold in self._counts.items():
            for channel, counted in of_fold.items() if fold != left_out else ():
                totals[channel] = totals[channel] + counted if channel in totals else counted
        return {
            channel: habit_table(total, self._prior, self._config.reach)
            for channel, total in totals.items()
        }


def habit_table(counts: Counts, prior_moments: float, reach: int) -> FloatImage:
    """(h, w, STEPS) -log share of moments in which a place reaches each step of surprise.

    Args:
        counts: (h, w, STEPS) moments by the largest surprise of each place.
        prior_moments: moments of all places that weigh at each.
        reach: places on each side that share a habit.
    """
    length = (2 * reach + 1, 2 * reach + 1)
    near = np.dstack(
        [
            cv2.blur(
                np.ascontiguousarray(counts[..., step], np.float64),
                length,
                borderType=cv2.BORDER_REPLICATE,
            )
            for step in range(STEPS)
        ]
    )
    reached = np.maximum(np.cumsum(near[..., ::-1], axis=2)[..., ::-1], 0.0)
    moments = reached[..., :1]
    share = (reached + prior_moments * _anywhere(counts)) / (moments + prior_moments)
    return np.asarray(-np.log(np.clip(share, 1e-12, 1.0)), np.float32)


def beyond_habit(table: FloatImage, surprise: npt.NDArray[np.floating]) -> FloatImage:
    """(h, w) -log share of moments in which a place shows as much, between steps linearly."""
    height, width, steps = table.shape
    at = np.minimum(np.asarray(surprise, np.float32).ravel() / STEP_NATS, steps - 1.001)
    step = at.astype(np.intp)
    flat, place = table.reshape(-1, steps), np.arange(height * width)
    low, high = flat[place, step], flat[place, step + 1]
    between = low + (high - low) * (at - step)
    return np.asarray(between.reshape(height, width), np.float32)


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
