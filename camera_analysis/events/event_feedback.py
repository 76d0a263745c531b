"""What was said of events shapes how the next ones are judged: what is expected is no alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import pyarrow.parquet as pq

from camera_analysis.events.anomaly_files import EVENTS_FILE
from camera_analysis.events.event_marks import (
    ALARM,
    EventMark,
    SeenEvent,
    expected_by,
    marks_of_day,
    newest,
)
from camera_analysis.events.events import PATH, Event
from camera_analysis.events.frame_alarms import without_alarms_of
from camera_analysis.events.judged_day import JudgedDay
from camera_analysis.labelling.labels import LabelsMeta, read_labels_meta


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """The marks that concern a camera.

    Args:
        camera: its id.
        day: the judged local day, "YYYY-MM-DD".
        marks: of this camera, by its present scene.
    """

    camera: str
    day: str
    marks: tuple[EventMark, ...]


def marks_of_camera(
    marks: Mapping[str, EventMark], camera: str, learn_from: date | None
) -> tuple[EventMark, ...]:
    """The marks of one camera by time; those of a scene that is gone say nothing any more."""
    first = learn_from.isoformat() if learn_from else ""
    found = [one for one in marks.values() if one.event.camera == camera]
    current = [one for one in found if one.event.day >= first]
    return tuple(sorted(current, key=lambda one: (one.event.start_utc, one.event.key)))


def alarm_spans(marks: Sequence[EventMark], day: str) -> list[tuple[datetime, datetime]]:
    """First and last instant of the events of a day that were called alarms."""
    return [
        (one.event.start_utc, one.event.end_utc)
        for one in marks
        if one.mark == ALARM and one.event.day == day
    ]


def with_feedback(judged: JudgedDay, feedback: Feedback, meta: LabelsMeta) -> JudgedDay:
    """The day with its expected events named; frames that only those fill raise no alarm."""
    seen = [_seen(event, feedback, meta, judged) for event in judged.events]
    owns = _own_marks(judged.events, seen, feedback.marks)
    events = [
        _marked(event, one, own, feedback.marks)
        for event, one, own in zip(judged.events, seen, owns, strict=True)
    ]
    scores = without_alarms_of(
        judged.scores,
        [(event.start, event.end) for event in events if event.expected_by],
        [(event.start, event.end) for event in events if not event.expected_by],
    )
    return replace(judged, events=events, scores=scores)


def stored_events(
    anomalies_dir: Path, camera: str, day: str, *, label_maps: Path | None = None
) -> list[SeenEvent]:
    """The events of a judged day, in the order of ``events.parquet``.

    Args:
        anomalies_dir: folder of ``events.parquet``.
        camera: its id.
        day: local, "YYYY-MM-DD".
        label_maps: folder of ``labels.json``, for days judged before events held the size that
            their boxes lie in; without it, such a day has no events.
    """
    columns = ["start_utc", "end_utc", "x0", "y0", "x1", "y1", "class_name"]
    path = anomalies_dir / EVENTS_FILE
    newer = [name for name in ("height", "width", "leading") if name in pq.read_schema(path).names]
    rows = pq.read_table(path, columns=[*columns, *newer]).to_pylist()
    if "height" not in newer:
        if label_maps is None:
            return []
        meta = read_labels_meta(label_maps)
        rows = [row | {"height": meta.height, "width": meta.width} for row in rows]
    return [SeenEvent(camera=camera, day=day, **row) for row in rows]


def _departures(event: Event) -> tuple[str, ...]:
    """What an event departs in; one that holds an unusual walk too departs in that as well."""
    return (event.leading,) if event.path_xy is None else tuple(sorted({PATH, event.leading}))


def _own_marks(
    events: Sequence[Event], seen: Sequence[SeenEvent], marks: Sequence[EventMark]
) -> list[dict[str, EventMark | None]]:
    """What was said of each event itself, by what it departs in.

    Of a walk that belongs to an event, that may have been said of the walk while it was apart.
    """
    ways = [n for n, one in enumerate(events) if PATH in _departures(one) and one.leading != PATH]
    apart = [replace(seen[number], leading=PATH) for number in ways]
    found = marks_of_day([*seen, *apart], marks)
    owns = [
        {departure: found[number] for departure in _departures(one)}
        for number, one in enumerate(events)
    ]
    for number, of_walk in zip(ways, found[len(events) :], strict=True):
        owns[number][PATH] = newest(filter(None, (found[number], of_walk)))
    return owns


def _marked(
    event: Event,
    seen: SeenEvent,
    owns: Mapping[str, EventMark | None],
    marks: Sequence[EventMark],
) -> Event:
    """An event that holds an unusual walk too is expected only where such walks are."""
    key = ""
    for departure, own in owns.items():
        mark = expected_by(replace(seen, leading=departure), own, marks)
        if mark is None:
            return event
        key = mark.event.key
    return replace(event, expected_by=key)


def _seen(event: Event, feedback: Feedback, meta: LabelsMeta, judged: JudgedDay) -> SeenEvent:
    return SeenEvent(
        camera=feedback.camera,
        day=feedback.day,
        start_utc=event.start,
        end_utc=event.end,
        x0=event.box.x0,
        y0=event.box.y0,
        x1=event.box.x1,
        y1=event.box.y1,
        height=meta.height,
        width=meta.width,
        class_name=judged.classes[event.class_id],
        leading=event.leading,
    )
