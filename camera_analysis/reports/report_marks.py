"""What a report says of marked events: who called them what, and which are no alarms by that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from camera_analysis.events.anomaly_files import EVENTS_FILE
from camera_analysis.events.event_feedback import marks_as_obeyed, stored_events, stored_walks
from camera_analysis.events.event_marks import EXPECTED, EventMark, SeenEvent
from camera_analysis.local_time import LocalClock
from camera_analysis.reports.report_facts import DayFacts, EventFact


@dataclass(frozen=True, kw_only=True)
class JudgedEvent:
    """A stored event.

    Args:
        expected_by: key of the mark that made it no alarm when the day was judged.
        has_walk: whether it holds an unusual walk.
    """

    event: SeenEvent
    expected_by: str
    has_walk: bool


def judged_events(
    anomalies: Path, label_maps: Path, camera: str, day: str
) -> dict[int, JudgedEvent]:
    """The events of a judged day, by their number."""
    table = pq.read_table(anomalies / EVENTS_FILE)
    if not table.num_rows:
        return {}
    named = "expected_by" in table.column_names  # absent from days judged before there were marks
    keys = table["expected_by"].to_pylist() if named else [""] * table.num_rows
    events = stored_events(anomalies, camera, day, label_maps=label_maps)
    return {
        number: JudgedEvent(event=event, expected_by=key or "", has_walk=has_walk)
        for number, event, key, has_walk in zip(
            table["event_id"].to_pylist(), events, keys, stored_walks(anomalies), strict=True
        )
    }


def with_marks(
    day: DayFacts,
    marks: Sequence[EventMark],
    judged: Mapping[int, JudgedEvent],
    clock: LocalClock,
) -> DayFacts:
    """The day with what was said of its events.

    Args:
        day: the facts.
        marks: of this camera.
        judged: its events by number.
        clock: writes instants as the reader does.
    """
    if not marks:
        return day
    by_key = {key: one for one in marks for key in one.event.keys}
    said = marks_as_obeyed(
        [one.event for one in judged.values()], [one.has_walk for one in judged.values()], marks
    )
    owns = dict(zip(judged, said, strict=True))
    events = tuple(
        _told(fact, owns[fact.event_id], by_key.get(judged[fact.event_id].expected_by), clock)
        for fact in day.departures.events
    )
    return replace(day, departures=replace(day.departures, events=events))


def _told(
    fact: EventFact, own: EventMark | None, like: EventMark | None, clock: LocalClock
) -> EventFact:
    if own is not None:
        said = f"Marked {own.mark} by {own.marked_by}, {own.marked_at:%Y-%m-%d %H:%M} UTC."
        return replace(fact, said=said, expected=own.mark == EXPECTED)
    if like is None:
        return fact
    said = (
        f"Like the event of {clock.at(like.event.start_utc)}, "
        f"which {like.marked_by} marked {like.mark}."
    )
    return replace(fact, said=said, expected=True)
