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
    has_walk = [event.path_xy is not None for event in judged.events]
    owns = _own_marks(seen, has_walk, feedback.marks)
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


def stored_walks(anomalies_dir: Path) -> list[bool]:
    """Whether each event in ``events.parquet`` holds an unusual walk; none of days before walks."""
    path = anomalies_dir / EVENTS_FILE
    if "path_bits" not in pq.read_schema(path).names:
        return [False] * pq.read_metadata(path).num_rows
    told = pq.read_table(path, columns=["path_bits"])
    return [bits is not None for bits in told["path_bits"].to_pylist()]


def marks_as_obeyed(
    seen: Sequence[SeenEvent], has_walk: Sequence[bool], marks: Sequence[EventMark]
) -> list[EventMark | None]:
    """What was said of each event of a day, as whoever judges the day takes it.

    An event that holds an unusual walk too is an alarm by what was said of either, and expected
    only where that was said of both.

    Args:
        seen: the events of the day.
        has_walk: whether each holds an unusual walk.
        marks: of its camera.
    """
    return [_of_all(owns) for owns in _own_marks(seen, has_walk, marks)]


def _of_all(owns: Mapping[str, EventMark | None]) -> EventMark | None:
    """The mark of an event by those of what it departs in; None where something is not said."""
    said = [one for one in owns.values() if one is not None]
    alarm = newest(one for one in said if one.mark == ALARM)
    return alarm or (newest(said) if len(said) == len(owns) else None)


def walk_apart(event: SeenEvent) -> SeenEvent:
    """The walk that an event holds, as a mark knows it that was made while it was apart."""
    return replace(event, leading=PATH)


def _own_marks(
    seen: Sequence[SeenEvent], has_walk: Sequence[bool], marks: Sequence[EventMark]
) -> list[dict[str, EventMark | None]]:
    """What was said of each event itself, by what it departs in.

    Of a walk that belongs to an event, that may have been said of the walk while it was apart.
    """
    pairs = enumerate(zip(seen, has_walk, strict=True))
    ways = [number for number, (one, walk) in pairs if walk and one.leading != PATH]
    found = marks_of_day([*seen, *(walk_apart(seen[number]) for number in ways)], marks)
    owns = [{one.leading: mark} for one, mark in zip(seen, found[: len(seen)], strict=True)]
    for number, of_walk in zip(ways, found[len(seen) :], strict=True):
        of_way = newest(filter(None, (found[number], of_walk)))
        owns[number] = dict(sorted({**owns[number], PATH: of_way}.items()))
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
