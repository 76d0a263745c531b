"""The stay that tells what an event is, and the sample that shows it best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from camera_analysis.events.departures import odds_of
from camera_analysis.events.events import Snapshot
from camera_analysis.labelling.regions import Box, Region

FloatVector = npt.NDArray[np.float64]

#: Of the odds against all that is followed, those of a stay that tells what it is.
LEAST_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A region of one frame, with what its picture needs.

    Args:
        region: which.
        frame_id: of the frame.
        time: UTC.
        normal_frames: frames behind the normal that judged it.
        snapshot: of the frame.
    """

    region: Region
    frame_id: int
    time: datetime
    normal_frames: int
    snapshot: Snapshot | None


@dataclass(eq=False)
class Stay:
    """A time in one place.

    Args:
        box: where it began.
        start: of it.
        peak: the sample in which what is told departs most.
        class_px: (K,) pixels of each class, added up.
        length: so far.
        odds: against its samples, added up.
    """

    box: Box
    start: datetime
    peak: Sample
    class_px: FloatVector = field(default_factory=lambda: np.zeros(1))
    length: timedelta = timedelta()
    odds: float = 0.0


class Stays:
    """Follows the places where something stays, and which stay the odds are against most.

    Args:
        least: time in one place from which it is a stay.
        overlap: with the box where a stay began (intersection over union), while it goes on.
    """

    def __init__(self, least: timedelta, overlap: float) -> None:
        self._least = least
        self._overlap = overlap
        self._odds = 0.0
        self._running: Stay | None = None
        self._strongest: Stay | None = None

    @property
    def told(self) -> Stay | None:
        """The stay that half of the odds or more are of, if it is one by its length."""
        stay = self._strongest
        if stay is None or stay.length < self._least or stay.odds < LEAST_SHARE * self._odds:
            return None
        return stay

    def add(self, box: Box, time: datetime, region: Region, sample: Callable[[], Sample]) -> None:
        """What a frame shows of it.

        Args:
            box: around all of its regions.
            time: UTC, later than that of the frame before.
            region: of these, the one that departs most.
            sample: makes that region's sample; called where it departs more than the stay did.
        """
        stay = self._running
        if stay is None or box.overlap(stay.box) < self._overlap:
            stay = self._running = Stay(box, time, sample())
        elif region.told_bits > stay.peak.region.told_bits:
            stay.peak = sample()
        odds = odds_of(region.departs_bits)
        self._odds += odds
        stay.odds += odds
        stay.class_px = stay.class_px + region.class_px
        stay.length = time - stay.start
        if self._strongest is None or stay.odds >= self._strongest.odds:
            self._strongest = stay
