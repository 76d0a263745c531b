"""Where something stays longest within an event, and the sample that shows this best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from camera_analysis.events.departures import odds_of
from camera_analysis.events.events import Snapshot
from camera_analysis.labelling.regions import Box, Region

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


@dataclass
class _Stay:
    """A time in one place.

    Args:
        box: where it began.
        start: of it.
        length: so far.
        odds: against its samples, added up.
        highest: bits of the sample that departs most.
        peak: makes that sample.
    """

    box: Box
    start: datetime
    length: timedelta = timedelta()
    odds: float = 0.0
    highest: float = 0.0
    peak: Callable[[], Sample] | None = None


class Stays:
    """Follows in which place something stays longest.

    Args:
        least: time in one place from which it is a stay.
        overlap: with the box where a stay began (intersection over union), while it goes on.
    """

    def __init__(self, least: timedelta, overlap: float) -> None:
        self._least = least
        self._overlap = overlap
        self._odds = 0.0
        self._running: _Stay | None = None
        self._longest: _Stay | None = None

    @property
    def told(self) -> tuple[Sample, timedelta] | None:
        """The longest stay, if half of what departs is of that time: its peak and its length."""
        stay = self._longest
        if stay is None or stay.peak is None or stay.length < self._least:
            return None
        if stay.odds < LEAST_SHARE * self._odds:
            return None
        return stay.peak(), stay.length

    def add(self, box: Box, time: datetime, region: Region, sample: Callable[[], Sample]) -> None:
        """What a frame shows of it.

        Args:
            box: around all of its regions.
            time: UTC, later than that of the frame before.
            region: of these, the one that departs most.
            sample: makes that region's sample; called only where it is told.
        """
        stay = self._running
        if stay is None or box.overlap(stay.box) < self._overlap:
            stay = self._running = _Stay(box, time)
        odds = odds_of(region.departs_bits)
        self._odds += odds
        stay.odds += odds
        stay.length = time - stay.start
        if region.departs_bits > stay.highest:
            stay.highest, stay.peak = region.departs_bits, sample
        if self._longest is None or stay.length >= self._longest.length:
            self._longest = stay
