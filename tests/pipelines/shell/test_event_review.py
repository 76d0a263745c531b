"""What ``events list`` says: events in the camera's time, and why there are none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camera_analysis.events.anomaly_files import EVENTS
from camera_analysis.events.event_marking import HandedMark, hand_in, merge_marks
from camera_analysis.events.event_queue import EventQueue, LeftEvents, write_queue
from pipelines.resources import resources_of
from pipelines.shell.event_review import (
    ListedEvent,
    line_of_left,
    lines_of_events,
    list_events,
    mark_event,
)
from tests.camera_analysis.factories_events import seen

WINTER = datetime(2026, 1, 5, 7, 0, 40, tzinfo=UTC)
#: In the second of the two hours from 02:00 that Berlin has on this day.
TWICE = datetime(2026, 10, 25, 1, 0, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "day", "zone", "time"),
    [
        (WINTER, "2026-01-05", "UTC", "07:00:40"),
        (WINTER, "2026-01-05", "Europe/Berlin", "08:00:40"),
        (TWICE, "2026-10-25", "Europe/Berlin", "02:00:40 (UTC+01:00)"),
    ],
)
def test_a_listed_event_has_the_camera_s_time(start, day, zone, time):
    listed = ListedEvent(
        event=seen(day=day, start_utc=start, end_utc=start),
        event_id=3,
        score_bits=9.0,
        reason="Somebody is here.",
        said="expected",
        marked_by="ann",
        time_zone=zone,
    )
    line = f"door {day}   3  {time}    9.0 bits  Somebody is here.  [expected, ann]"
    assert listed.line == line


def judge(home, day, status, camera="door", events=()):
    """Publish a day, by default without events."""
    key = f"{camera}/{day}"
    with home.store.draft("anomalies", key) as folder:
        (folder / "anomalies.json").write_text(json.dumps({"status": status}))
        table = pa.Table.from_pylist(list(events), schema=EVENTS)
        pq.write_table(table, folder / "events.parquet")
        version = home.store.seal(
            folder, "anomalies", key, code_version="1", inputs=(), config={"time_zone": "UTC"}
        )
    home.store.publish(version)


@pytest.fixture
def door(tiny):
    """Five days: two to learn from, two judged, and one of another scene."""
    (tiny.settings.footage / "door").mkdir(parents=True)
    for day in (5, 6):
        judge(tiny, f"2026-01-0{day}", "warming_up")
    for day in (7, 8):
        judge(tiny, f"2026-01-0{day}", "judged")
    judge(tiny, "2026-01-09", "scene_changed")
    return tiny


FEW = "too few usable frames of it, or of the days before it"
OTHER = "door 2026-01-09 was not judged: the camera shows another scene"


@pytest.mark.parametrize(
    ("day", "lines"),
    [
        ("2026-01-07", ["door 2026-01-07: no events"]),
        ("2026-01-09", [OTHER]),
        ("2026-01-05", [f"door 2026-01-05 was not judged: {FEW}"]),
        (
            "2026-01-10",
            [
                "door 2026-01-10: no report of that day; there are reports of"
                " 2026-01-05 to 2026-01-09; there is no footage of 2026-01-10"
            ],
        ),
        (
            None,
            [
                "no events on the days that were judged",
                f"door 2026-01-05 to 2026-01-06 were not judged: {FEW}",
                OTHER,
            ],
        ),
    ],
)
def test_a_list_without_events_says_what_was_not_judged(door, day, lines):
    assert lines_of_events(door.settings, "door", day) == lines


#: Another home than the default, so each command names it.
HOME = "--home [^ ]+"
JUDGED = f"what there is to mark: learned-normal events list door {HOME}"


@pytest.mark.parametrize(
    ("camera", "day", "says"),
    [
        ("nosuch", "2026-01-07", f"^no camera nosuch in .*; learned-normal cameras list {HOME}$"),
        (
            "hall",
            "2026-01-07",
            f"^no report of camera hall yet; learned-normal cameras backfill hall {HOME}$",
        ),
        ("door", "2026-01-07", f"^door 2026-01-07: no events; {JUDGED}$"),
        ("door", "2026-01-05", f"^door 2026-01-05 was not judged: {FEW}; {JUDGED}$"),
        ("door", "2026-01-09", f"^{OTHER}; {JUDGED}$"),
        ("door", "2026-01-10", "2026-01-10: no report .*; there is no footage of 2026-01-10$"),
        (
            "door",
            "2026-01-11",
            "2026-01-11: no report .*; next: learned-normal cameras backfill door"
            f" --from 2026-01-11 --to 2026-01-11 {HOME}$",
        ),
        ("door", "1970-01-01", "1970-01-01: no report .*; the day lies before .*clock reset"),
    ],
)
def test_a_mark_of_no_event_says_why_there_is_none(door, camera, day, says):
    (door.settings.footage / "hall").mkdir()
    for filmed in ("1970-01-01", "2026-01-11"):
        (door.settings.footage / "door" / f"{filmed}T08-00-00.mp4").touch()
    ann = {"mark": "alarm", "marked_by": "ann", "marked_at": WINTER}
    with pytest.raises(ValueError, match=says):
        mark_event(door.settings, camera, day, 1, **ann)


def test_a_day_without_report_of_a_camera_that_is_gone_says_so(door):
    (door.settings.footage / "door").rmdir()
    (line,) = lines_of_events(door.settings, "door", "2026-01-10")
    assert "reports of 2026-01-05 to 2026-01-09; no camera door in " in line


def test_a_wrong_number_is_told_with_those_of_the_day(tiny, walker):
    ann = {"mark": "alarm", "marked_by": "ann", "marked_at": WINTER}
    with pytest.raises(ValueError, match=rf"no event 2 of door on {walker.day}; it has \[1\]; lea"):
        mark_event(tiny.settings, "door", walker.day, 2, **ann)


def test_what_the_queue_does_not_show_is_told_in_a_line(tiny):
    assert line_of_left(tiny.settings) == ""
    for left in (LeftEvents(without_picture=107, without_place=3), LeftEvents()):
        queue = EventQueue(events=(), left=left)
        with tiny.store.draft("event_queue") as folder:
            write_queue(queue, folder)
            version = tiny.store.seal(folder, "event_queue", code_version="2", inputs=(), config={})
        tiny.store.publish(version)
        said = line_of_left(tiny.settings)
        assert said.startswith("Not shown: 107 without a picture and 3 with lower scores") is bool(
            left.without_picture
        )
        assert ("events list" in said and "events mark" in said) is bool(said)
    assert said == ""


def test_all_cameras_are_listed_and_a_quiet_one_needs_no_words(door):
    judge(door, "2026-01-07", "judged", camera="hall")
    assert lines_of_events(door.settings, "hall") == ["no events"]
    assert lines_of_events(door.settings)[-1] == OTHER


def test_a_camera_that_is_not_there_is_no_camera_without_events(tiny):
    with pytest.raises(ValueError, match="no camera nosuch in"):
        lines_of_events(tiny.settings, "nosuch")
    (tiny.settings.footage / "door").mkdir(parents=True)
    for camera, says in (("door", "of camera door yet"), (None, "of any camera yet")):
        (line,) = lines_of_events(tiny.settings, camera)
        assert line.startswith(f"no report {says}; learned-normal cameras backfill")


@pytest.fixture
def walker(tiny):
    """Somebody by the door who also takes an unusual path, in one event."""
    event = seen(day="2026-01-07", leading="class")
    names = ("start_utc", "end_utc", "x0", "y0", "x1", "y1", "height", "width", "class_name")
    row = {name: getattr(event, name) for name in (*names, "leading")}
    row |= {"event_id": 1, "score_bits": 9.0, "reason": "A person is here", "expected_by": ""}
    judge(tiny, event.day, "judged", events=[row | {"path_bits": 7.0}])
    return event


def pull(home):
    """Take what was handed in."""
    before = home.store.current("event_marks")
    with home.store.draft("event_marks") as folder:
        merge_marks(
            [],
            folder,
            inbox=resources_of(home.settings)["review_setup"].event_inbox,
            previous=home.store.path(before) if before else None,
        )
        version = home.store.seal(folder, "event_marks", code_version="1", inputs=(), config={})
    home.store.publish(version)


def test_what_was_said_of_a_walk_alone_is_listed_and_taken_back_with_its_event(tiny, walker):
    way = replace(walker, leading="path")
    ann = {"marked_by": "ann", "marked_at": datetime(2026, 1, 8, tzinfo=UTC)}
    inbox = resources_of(tiny.settings)["review_setup"].event_inbox
    hand_in(inbox, HandedMark(event=way, mark="alarm", **ann))
    pull(tiny)
    (listed,) = list_events(tiny.settings)
    assert (listed.said, listed.marked_by) == ("alarm", "ann")
    for hour, mark in enumerate(("expected", "")):
        bob = {"marked_by": "bob", "marked_at": datetime(2026, 1, 9, hour, tzinfo=UTC)}
        mark_event(tiny.settings, "door", walker.day, 1, mark=mark, **bob)
        pull(tiny)
        (listed,) = list_events(tiny.settings)
        assert listed.said == mark
