"""The events of a day on an axis of time, with a small picture of each, in order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from camera_analysis.local_time import LocalClock
from camera_analysis.reports.html_page import Picture, inline_thumbnail
from camera_analysis.reports.report_facts import DayFacts, EventFact
from camera_analysis.reports.report_figures import EventCard

#: Distances of ticks in minutes; the first that gives few enough is taken.
STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360)
#: Most ticks whose labels fit side by side on a phone.
MOST_STEPS = 6
#: Events drawn on the axis; the highest scores.
MOST_MARKS = 200


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A time on the axis; `left` is its place in per cent."""

    left: float
    label: str


@dataclass(frozen=True, kw_only=True)
class TimelineMark:
    """An event on the axis.

    Args:
        left: where it begins, in per cent of the axis.
        width: how long it lasts, in per cent.
        number: of its card below; None for an event without one.
        fact: the event.
        picture: silhouettes over the empty scene; None where there is none.
    """

    left: float
    width: float
    number: int | None
    fact: EventFact
    picture: Picture | None


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The axis and its events, in order of time."""

    ticks: tuple[Tick, ...]
    marks: tuple[TimelineMark, ...]

    @property
    def pictured(self) -> tuple[TimelineMark, ...]:
        """Those with a picture, in the order in which the pictures were taken, at the peaks."""
        shown = [mark for mark in self.marks if mark.picture]
        return tuple(sorted(shown, key=lambda mark: mark.fact.peak_utc))


def event_timeline(
    day: DayFacts, cards: Sequence[EventCard], clock: LocalClock, anomalies: Path
) -> Timeline | None:
    """The day's events in order of time; None for a day without events or without frames.

    Args:
        day: its events, and when its first and last frame were taken.
        cards: events shown in full.
        clock: of the reader.
        anomalies: the folder with the events' pictures.
    """
    first, last = day.frames.first_utc, day.frames.last_utc
    events = day.departures.events[:MOST_MARKS]
    if first is None or last is None or not events:
        return None
    start, step, count = _axis(first, last, clock.midnight_before(first))
    numbers = {card.fact.event_id: card.number for card in cards}
    length = count * step
    marks = [
        TimelineMark(
            left=(left := _percent(event.start_utc - start, length)),
            width=min(_percent(event.end_utc - event.start_utc, length), 100 - left),
            number=numbers.get(event.event_id),
            fact=event,
            picture=_picture(event, numbers, anomalies),
        )
        for event in sorted(events, key=lambda event: (event.start_utc, event.event_id))
    ]
    ticks = [
        Tick(left=_percent(n * step, length), label=f"{clock.local(start + n * step):%H:%M}")
        for n in range(count + 1)
    ]
    return Timeline(ticks=tuple(ticks), marks=tuple(marks))


def _axis(first: datetime, last: datetime, midnight: datetime) -> tuple[datetime, timedelta, int]:
    """Start of an axis at a round time, distance of its ticks, and how many distances it has.

    All are instants: an hour that the clocks repeat is drawn twice, and one they skip not at all.
    """
    for minutes in STEPS_MIN:
        step = timedelta(minutes=minutes)
        start = midnight + (first - midnight) // step * step
        count = max(1, -((start - last) // step))
        if count <= MOST_STEPS:
            break
    return start, step, count


def _percent(part: timedelta, whole: timedelta) -> float:
    """Share in per cent, within the axis."""
    return round(min(100.0, max(0.0, 100 * (part / whole))), 3)


def _picture(event: EventFact, numbers: Mapping[int, int], anomalies: Path) -> Picture | None:
    if event.event_id not in numbers:
        return None
    found = inline_thumbnail(anomalies / f"marked_{event.event_id}.png")
    return found or inline_thumbnail(anomalies / f"path_{event.event_id}.png")
