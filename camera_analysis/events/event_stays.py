"""What tells an event: its class, the sample that shows it best, and the stay that it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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


@dataclass(eq=False)
class Peaks:
    """Odds against what is followed, and its sample that departs most, by class.

    A sample or two in another class, as a segmenter flickers, do not decide what something is: it
    is of the class against which the odds of its samples are most, and shown by a sample of it.
    """

    odds: dict[int, float] = field(default_factory=dict)
    samples: dict[int, Sample] = field(default_factory=dict)

    @property
    def class_id(self) -> int:
        """The class against which odds are most."""
        return max(self.odds, key=lambda class_id: (self.odds[class_id], -class_id))

    @property
    def told(self) -> Sample:
        """Of that class, the sample in which what is told departs most."""
        return self.samples[self.class_id]

    def add(self, region: Region, sample: Callable[[], Sample]) -> None:
        """A region.

        Args:
            region: of one frame.
            sample: makes its sample; called only where it departs more than those before.
        """
        class_id = region.class_id
        self.odds[class_id] = self.odds.get(class_id, 0.0) + odds_of(region.departs_bits)
        before = self.samples.get(class_id)
        if before is None or region.told_bits > before.region.told_bits:
            self.samples[class_id] = sample()


@dataclass(eq=False)
class Stay:
    """A time in one place.

    Args:
        box: where it began.
        start: of it.
        peaks: of its samples after the first, which shows what comes as much as what stays.
        length: so far.
        odds: against its samples, added up.
    """

    box: Box
    start: datetime
    peaks: Peaks = field(default_factory=Peaks)
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
        if stay is None or not stay.length or stay.length < self._least:
            return None
        return stay if stay.odds >= LEAST_SHARE * self._odds else None

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
            stay = self._running = Stay(box, time)
        else:
            stay.peaks.add(region, sample)
        odds = odds_of(region.departs_bits)
        self._odds += odds
        stay.odds += odds
        stay.length = time - stay.start
        if self._strongest is None or stay.odds >= self._strongest.odds:
            self._strongest = stay
