"""A drawn day is judged again after somebody said what to expect."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow.parquet as pq
import pytest

from camera_analysis.events.anomaly import judge_day
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.event_feedback import (
    Feedback,
    alarm_spans,
    marks_as_obeyed,
    marks_of_camera,
    stored_events,
    stored_walks,
    walk_apart,
)
from camera_analysis.events.event_marks import ALARM, EXPECTED
from tests.camera_analysis.factories_days import draw_day, fresh, lane_walk, normal_of, with_block
from tests.camera_analysis.factories_events import marked, seen

pytestmark = pytest.mark.usefixtures("coarse_pictures")

DAY = "2026-01-05"


@pytest.fixture(scope="module")
def normal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("normal")
    return normal_of(folder, draw_day(folder / "day", lane_walk(600)))


@pytest.fixture
def day(tmp_path):
    """Two visits where nobody walks: one by the door, one at the window."""
    maps = lane_walk(90)
    for i in range(20, 26):
        maps[i] = with_block(maps[i], 70, 30)
    for i in range(60, 66):
        maps[i] = with_block(maps[i], 10, 30)
    return draw_day(tmp_path / "day", maps)


def judge(day, normal, out, *marks):
    feedback = Feedback(camera="door", day=DAY, marks=marks) if marks else None
    summary = judge_day(
        day.index,
        day.labels,
        normal,
        fresh(out),
        day=DAY,
        zone=ZoneInfo("UTC"),
        config=AnomalyConfig(),
        mode="history",
        feedback=feedback,
    )
    return (
        summary,
        pd.read_parquet(out / "events.parquet"),
        pd.read_parquet(out / "frame_scores.parquet"),
    )


BY_THE_DOOR = seen(-86_400, 5, (70, 30, 78, 46), day="2026-01-04")


def test_the_like_of_an_expected_event_is_no_alarm_and_the_other_is(tmp_path, day, normal):
    before, events, scores = judge(day, normal, tmp_path / "before")
    assert (before.events, before.expected_events) == (2, 0)
    assert set(events.expected_by) == {""}
    mark = marked(BY_THE_DOOR, EXPECTED)
    after, events, scores_after = judge(day, normal, tmp_path / "after", mark)
    assert (after.events, after.expected_events) == (1, 1)
    assert list(events.expected_by) == [BY_THE_DOOR.key, ""]
    assert scores.alarm[:40].any()
    assert not scores_after.alarm[:40].any()
    assert scores_after.alarm[40:].equals(scores.alarm[40:])
    assert scores_after.surprise_bits.equals(scores.surprise_bits)


def test_an_alarm_mark_leaves_its_like_an_alarm(tmp_path, day, normal):
    summary, _, _ = judge(day, normal, tmp_path / "out", marked(BY_THE_DOOR, ALARM))
    assert (summary.events, summary.expected_events) == (2, 0)


def test_events_are_read_back_as_marks_know_them(tmp_path, day, normal):
    judge(day, normal, tmp_path / "out")
    first, second = stored_events(tmp_path / "out", "door", DAY)
    assert first == seen(20, 5, (70, 30, 78, 46), leading="class")
    assert second.box.x0 == 10


def test_marks_of_a_camera_are_its_own_and_of_its_present_scene():
    old, new = marked(BY_THE_DOOR, EXPECTED), marked(seen(0), ALARM)
    other = marked(replace(BY_THE_DOOR, camera="attic"), EXPECTED)
    marks = {one.event.key: one for one in (new, old, other)}
    assert marks_of_camera(marks, "door", None) == (old, new)
    assert marks_of_camera(marks, "door", date(2026, 1, 5)) == (new,)


def test_only_alarms_of_the_day_are_taken_out_of_its_counts():
    marks = [marked(BY_THE_DOOR, ALARM), marked(seen(0), EXPECTED), marked(seen(9), ALARM)]
    assert alarm_spans(marks, DAY) == [(seen(9).start_utc, seen(9).end_utc)]


WALKER = seen(0, leading="stay")


@pytest.mark.parametrize(
    ("of_event", "of_walk", "later", "said"),
    [
        (ALARM, "", "event", ALARM),
        (EXPECTED, "", "event", EXPECTED),  # who says it has read of the walk
        ("", ALARM, "walk", ALARM),
        ("", EXPECTED, "walk", ""),  # of what else it shows, nothing is said
        (EXPECTED, ALARM, "walk", ALARM),
        (EXPECTED, ALARM, "event", EXPECTED),
        (EXPECTED, EXPECTED, "walk", EXPECTED),
        (ALARM, EXPECTED, "walk", ALARM),
        (ALARM, EXPECTED, "event", ALARM),
    ],
)
def test_what_was_said_of_a_walk_while_it_was_apart_is_said_of_the_event_that_holds_it(
    of_event, of_walk, later, said
):
    hours = {"event": (2, 1), "walk": (1, 2)}[later]
    pairs = zip((WALKER, walk_apart(WALKER)), (of_event, of_walk), hours, strict=True)
    marks = [marked(event, mark, hours=hour) for event, mark, hour in pairs if mark]
    (found,) = marks_as_obeyed([WALKER], [True], marks)
    assert (found.mark if found else "") == said
    (found,) = marks_as_obeyed([WALKER], [False], marks)
    assert (found.mark if found else "") == of_event


def test_a_walk_that_is_an_event_still_keeps_its_mark_from_the_one_beside():
    way = walk_apart(seen(1))
    mark = marked(way, ALARM)
    assert marks_as_obeyed([WALKER, way], [False, True], [mark]) == [None, mark]
    assert marks_as_obeyed([WALKER, way], [True, True], [mark]) == [None, mark]


def test_events_of_a_day_before_there_were_walks_hold_none(tmp_path, day, normal):
    judge(day, normal, tmp_path / "out")
    assert stored_walks(tmp_path / "out") == [False, False]
    path = tmp_path / "out" / "events.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["path_bits"]), path)
    assert stored_walks(tmp_path / "out") == [False, False]
