"""A drawn day is judged again after somebody said what to expect."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from camera_analysis.events.anomaly import judge_day
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.event_feedback import (
    Feedback,
    alarm_spans,
    marks_of_camera,
    stored_events,
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
