"""What a report says of a day, in the reader's time: frames, faults, normal, departures, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

#: Footage faults listed; the rest is counted and left to faults.parquet.
LISTED_FAULTS = 50
#: Reason of a fault by which nothing of the day is missing.
OVERLAP = "overlap"


@dataclass(frozen=True)
class Status:
    """How a day was judged.

    Args:
        code: as stored in anomalies.json.
        name: in plain words.
        tone: "ready", "waiting" or "alarm", for the page's colours.
    """

    code: str
    name: str
    tone: str


STATUSES: Mapping[str, Status] = {
    status.code: status
    for status in (
        Status("judged", "Ready: judged against its learned normal", "ready"),
        Status("cross_fitted", "Judged by cross-fitting of one clip", "ready"),
        Status("warming_up", "Warming up: not judged yet", "waiting"),
        Status("scene_changed", "Not judged: the camera shows another scene", "alarm"),
    )
}


@dataclass(frozen=True)
class Unusable:
    """Unusable frames of one reason, with the first stretches of time that they fill.

    Args:
        reason: in plain words.
        share: of all sampled frames, in [0, 1].
        spans: local time ranges.
        unlisted: how many further stretches there are.
    """

    reason: str
    frames: int
    share: float
    spans: tuple[str, ...]
    unlisted: int


@dataclass(frozen=True)
class DayFrames:
    """The day's sampled frames and why some were left out; when the first and last were taken."""

    sampled: int
    usable: int
    unusable: tuple[Unusable, ...]
    first_utc: datetime | None
    last_utc: datetime | None

    @property
    def usable_share(self) -> float:
        """Fraction in [0, 1]; 0 for a day without frames."""
        return self.usable / self.sampled if self.sampled else 0.0


@dataclass(frozen=True)
class FaultFact:
    """Footage that could not be used."""

    file: str
    span: str
    reason: str
    detail: str


@dataclass(frozen=True)
class NormalFacts:
    """What the learned normal rests on."""

    status: str
    days: tuple[str, ...]
    missing_days: tuple[str, ...]
    other_segmenter_days: tuple[str, ...]
    moved_days: tuple[str, ...]
    other_scene_days: tuple[str, ...]
    frames: int


@dataclass(frozen=True)
class EventFact:
    """One event in local time.

    Args:
        said: what a person said of it, or of an event that it is like; "" where nothing was.
        expected: by that, it is no alarm.
    """

    event_id: int
    span: str
    length: str
    peak: str
    class_name: str
    frames: int
    score_bits: float
    reason: str
    start_utc: datetime
    end_utc: datetime
    peak_utc: datetime
    said: str = ""
    expected: bool = False


@dataclass(frozen=True)
class Departures:
    """What departed from normal.

    Args:
        alarm_bits: the threshold; None where a day was not judged.
        highest_bits: the highest surprise of a frame; None where no frame was judged.
        events: the highest score first.
    """

    status: Status
    alarm_bits: float | None
    highest_bits: float | None
    highest_at: str
    events: tuple[EventFact, ...]

    @property
    def alarms(self) -> tuple[EventFact, ...]:
        """The events that nobody said to expect."""
        return tuple(event for event in self.events if not event.expected)

    @property
    def expected(self) -> tuple[EventFact, ...]:
        """The events that are no alarms, because a person said to expect them."""
        return tuple(event for event in self.events if event.expected)


@dataclass(frozen=True)
class DayFacts:
    """All of a day that the page puts into words."""

    frames: DayFrames
    faults: tuple[FaultFact, ...]
    normal: NormalFacts
    departures: Departures
    segmenter: str
    classes: tuple[str, ...]

    @property
    def listed_faults(self) -> tuple[FaultFact, ...]:
        """The first faults, as many as a reader will read."""
        return self.faults[:LISTED_FAULTS]

    @property
    def parts_missing(self) -> int:
        """Faults that leave a gap; where files overlap, the time is covered by the other one."""
        return sum(fault.reason != OVERLAP for fault in self.faults)
