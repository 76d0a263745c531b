"""Events of judged camera-days, from the store alone, and marks of them from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import pyarrow.parquet as pq

from assets.resources import ReviewSetup
from camera_analysis.events.anomaly import SCENE_CHANGED
from camera_analysis.events.anomaly_files import ANOMALIES_META_FILE, EVENTS_FILE
from camera_analysis.events.event_feedback import (
    marks_as_obeyed,
    stored_events,
    stored_walks,
    walk_apart,
)
from camera_analysis.events.event_marking import HandedMark, hand_in
from camera_analysis.events.event_marks import EventMark, SeenEvent, read_marks
from camera_analysis.events.event_queue import LeftEvents, read_left
from camera_analysis.local_time import LocalClock
from camera_analysis.normal.learned_normal import WARMING_UP
from camera_analysis.reports.report_words import day_ranges
from pipelines.footage import camera_calendar, camera_folder_of, load_own_camera
from pipelines.next_steps import next_step
from pipelines.resources import open_store, resources_of
from pipelines.settings import Settings
from pipelines.storage.store import Store, Version

#: Status of a day that was not judged -> why.
NOT_JUDGED = {
    SCENE_CHANGED: "the camera shows another scene",
    WARMING_UP: "too few usable frames of it, or of the days before it",
}


@dataclass(frozen=True, kw_only=True)
class ListedEvent:
    """An event of a judged day.

    Args:
        event_id: its number in the day.
        said: "expected", "alarm", "like an expected one", or "".
        marked_by: who said it; "" where nobody did.
        time_zone: IANA name of the camera's.
        has_walk: whether it holds an unusual walk.
    """

    event: SeenEvent
    event_id: int
    score_bits: float
    reason: str
    said: str
    marked_by: str
    time_zone: str
    has_walk: bool = False

    @property
    def line(self) -> str:
        """For a terminal, in the camera's time, as its report has it."""
        said = (
            f"  [{self.said}{f', {self.marked_by}' if self.marked_by else ''}]" if self.said else ""
        )
        when = LocalClock(self.time_zone, self.event.day).at(self.event.start_utc)
        where = f"{self.event.camera} {self.event.day} {self.event_id:>3}  {when}"
        return f"{where}  {self.score_bits:5.1f} bits  {self.reason}{said}"


def list_events(
    settings: Settings, camera: str | None = None, day: str | None = None
) -> Iterator[ListedEvent]:
    """Events of all judged camera-days, or of one camera, or of one day, in the order of time."""
    store = open_store(settings)
    marks = current_marks(store)
    for key in sorted(store.partitions("anomalies")):
        of_camera, of_day = key.split("/")
        if (camera or of_camera, day or of_day) == (of_camera, of_day):
            yield from _events_of(store, of_camera, of_day, marks)


def lines_of_events(
    settings: Settings, camera: str | None = None, day: str | None = None
) -> list[str]:
    """The same for a terminal, with what there is to know where there are none.

    Args:
        settings: of the home.
        camera: its id; None for all.
        day: local, "YYYY-MM-DD"; None for all.

    Raises:
        ValueError: there is no such camera.
    """
    store = open_store(settings)
    days = _judgments(store, camera)
    if camera and not days:
        camera_folder_of(settings, camera)
    if not days:
        whose = f"camera {camera}" if camera else "any camera"
        todo = next_step(settings, f"cameras backfill {camera or '<camera>'}")
        return [f"no report of {whose} yet; {todo}"]
    if day and (camera, day) not in days:
        return [_line_without_report(settings, str(camera), day, [one for _, one in days])]
    wanted = {key: why for key, why in days.items() if day in (None, key[1])}
    found = [one.line for one in list_events(settings, camera, day)]
    left = [f"{one} {span} not judged: {why}" for one, span, why in _spans_left(wanted)]
    if found or all(wanted.values()):
        return [*found, *left]
    judged = " on the days that were judged" if left else ""
    return [f"{f'{camera} {day}: ' if day else ''}no events{judged}", *left]


def _line_without_report(settings: Settings, camera: str, day: str, reported: list[str]) -> str:
    """That a day has no report, which have one, and what there is to do about it."""
    there = f"there are reports of {day_ranges(reported)}"
    return (
        f"{camera} {day}: no report of that day; {there}; {_way_to_report(settings, camera, day)}"
    )


def _way_to_report(settings: Settings, camera: str, day: str) -> str:
    """The command that fills a day, or why there is none."""
    try:
        own = load_own_camera(camera_folder_of(settings, camera))
    except ValueError as error:
        return str(error)
    days, trouble = camera_calendar(own, first_day=settings.first_day)
    for one in trouble:
        if one.folder in (camera, f"{camera}/{day}"):
            return one.reason
    if day not in days:
        return f"there is no footage of {day}"
    todo = next_step(settings, f"cameras backfill {camera} --from {day} --to {day}")
    return f"next: {todo}"


def _judgments(store: Store, camera: str | None) -> dict[tuple[str, str], str]:
    """Camera and day of each report -> why it was not judged; "" where it was."""
    found = {}
    for key in sorted(store.partitions("anomalies")):
        of_camera, of_day = key.split("/")
        if camera in (None, of_camera):
            folder = store.path(store.require("anomalies", key))
            told = json.loads((folder / ANOMALIES_META_FILE).read_text(encoding="utf-8"))
            found[of_camera, of_day] = NOT_JUDGED.get(told["status"], "")
    return found


def _spans_left(days: dict[tuple[str, str], str]) -> Iterator[tuple[str, str, str]]:
    """Camera, its days with "was" or "were", and why they were not judged."""
    spans: dict[tuple[str, str], list[str]] = {}
    for (camera, day), why in days.items():
        if why:
            spans.setdefault((camera, why), []).append(day)
    for (camera, why), left in spans.items():
        yield camera, f"{day_ranges(left)} {'was' if len(left) == 1 else 'were'}", why


def current_marks(store: Store) -> list[EventMark]:
    """What was said by the last pull."""
    version = store.current("event_marks")
    return list(read_marks(store.path(version) if version else None).values())


def lines_of_marks(settings: Settings) -> list[str]:
    """What the last pull took, a line for each mark, in the time of its camera.

    A mark outlives the judgment of its day: where that is gone, the time is UTC and says so.
    """
    store = open_store(settings)

    @cache
    def clock(camera: str, day: str) -> LocalClock | None:
        judged = store.current("anomalies", f"{camera}/{day}")
        return LocalClock(_time_zone(store, judged), day) if judged else None

    lines = []
    for one in current_marks(store):
        event = one.event
        local = clock(event.camera, event.day)
        when = local.at(event.start_utc) if local else f"{event.start_utc:%H:%M:%S} UTC"
        lines.append(f"{event.camera} {event.day} {when}: {one.mark}, {one.marked_by}")
    return lines


def line_of_left(settings: Settings) -> str:
    """How many unmarked events the queue does not show, and how to mark them; "" for none."""
    store = open_store(settings)
    version = store.current("event_queue")
    left = read_left(store.path(version)) if version else LeftEvents()
    counted = {
        "without a picture": left.without_picture,
        "with lower scores than these (review_limit)": left.without_place,
    }
    said = [f"{count} {which}" for which, count in counted.items() if count]
    if not said:
        return ""
    return (
        f"Not shown: {' and '.join(said)}."
        f" `{next_step(settings, 'events list <camera> <day>')}` tells them with their numbers;"
        f" mark them by `{next_step(settings, 'events mark <camera> <day> <number> expected')}`"
        " (or alarm)"
    )


def mark_event(
    settings: Settings,
    camera: str,
    day: str,
    event_id: int,
    *,
    mark: str,
    marked_by: str,
    marked_at: datetime,
) -> ListedEvent:
    """Hand in what was said of one event; the next pull takes it.

    Args:
        settings: of the home.
        camera: its id.
        day: local, "YYYY-MM-DD".
        event_id: number of the event in the day, as the report and :func:`list_events` give it.
        mark: "expected", "alarm", or "" to take back what was said.
        marked_by: who.
        marked_at: with time zone.

    Raises:
        ValueError: there is no such event, or no such camera, or its day has no report, was not
            judged, or has no events; it says which, and what there is to do.
    """
    listed = {one.event_id: one for one in list_events(settings, camera, day)}
    if not listed:
        raise ValueError(_nothing_to_mark(settings, camera, day))
    found = listed.get(event_id)
    if found is None:
        raise ValueError(
            f"no event {event_id} of {camera} on {day}; it has {list(listed)}; "
            f"{next_step(settings, f'events list {camera}')}"
        )
    others = [one.event for one in listed.values() if one is not found]
    meant = [found.event]
    if not mark and found.has_walk:  # what was said of the walk alone is taken back with it
        meant.append(walk_apart(found.event))
    setup: ReviewSetup = resources_of(settings)["review_setup"]
    for event in meant:
        handed = HandedMark(
            event=event,
            mark=mark,
            marked_by=marked_by,
            marked_at=marked_at,
            beside=tuple(one for one in others if one.is_same(event)),
        )
        hand_in(setup.event_inbox, handed)
    return found


def _nothing_to_mark(settings: Settings, camera: str, day: str) -> str:
    """Why a day has no event, in the words of the list, and what there is to do."""
    said = "; ".join(lines_of_events(settings, camera, day))
    if open_store(settings).current("anomalies", f"{camera}/{day}") is None:
        return said  # with its remedy
    return f"{said}; what there is to mark: {next_step(settings, f'events list {camera}')}"


def _events_of(
    store: Store, camera: str, day: str, marks: list[EventMark]
) -> Iterator[ListedEvent]:
    version = store.require("anomalies", f"{camera}/{day}")
    folder, time_zone = store.path(version), _time_zone(store, version)
    events = stored_events(folder, camera, day)
    if not events:
        return
    columns = ["event_id", "score_bits", "reason", "expected_by"]
    rows = pq.read_table(folder / EVENTS_FILE, columns=columns).to_pylist()
    walks = stored_walks(folder)
    owns = marks_as_obeyed(events, walks, marks)
    for row, event, own, has_walk in zip(rows, events, owns, walks, strict=True):
        like = "like an expected one" if row["expected_by"] else ""
        yield ListedEvent(
            event=event,
            event_id=row["event_id"],
            score_bits=row["score_bits"],
            reason=row["reason"],
            said=own.mark if own else like,
            marked_by=own.marked_by if own else "",
            time_zone=time_zone,
            has_walk=has_walk,
        )


def _time_zone(store: Store, judged: Version) -> str:
    return str(store.provenance(judged).config.get("time_zone", "UTC"))
