"""The axis of a day's events: round ticks, events where they were, pictures in order of time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from camera_analysis.local_time import LocalClock
from camera_analysis.reports.report import write_report
from camera_analysis.reports.report_figures import event_cards
from camera_analysis.reports.report_tables import read_day
from camera_analysis.reports.report_timeline import MOST_STEPS, event_timeline
from tests.camera_analysis.factories_report import BUSY, QUIET, START, DrawnEvent, draw_day


@pytest.fixture
def timeline_of(tmp_path):
    """Draw a day, and read its timeline as the report does."""

    def timeline(day, date="2026-01-05"):
        inputs = draw_day(tmp_path / "in", day)
        clock = LocalClock("Europe/Berlin", date)
        facts = read_day(
            clock,
            60.0,
            frame_index=inputs.frame_index,
            label_maps=inputs.label_maps,
            learned_normal=inputs.learned_normal,
            anomalies=inputs.anomalies,
        )
        cards = event_cards(facts.departures.alarms, inputs.anomalies)
        return event_timeline(facts, cards, clock, inputs.anomalies)

    return timeline


def test_events_stand_where_they_were_in_order_of_time(timeline_of):
    day = timeline_of(BUSY)  # 08:00 to 18:00 in Berlin
    assert [tick.label for tick in day.ticks] == [f"{hour:02}:00" for hour in range(8, 19, 2)]
    assert [round(mark.left, 1) for mark in day.marks] == [14.0, 60.5, 83.4]
    assert [mark.number for mark in day.marks] == [1, 2, None]
    assert day.marks[2].width == pytest.approx(100 * 3905 / 36_000, abs=0.01)
    assert [mark.number for mark in day.pictured] == [1, 2]


def test_pictures_stand_in_the_order_of_their_times(timeline_of):
    long = DrawnEvent(1, 60, 100, 9.0, "Stays.")  # begins first, and peaks behind the other
    short = DrawnEvent(2, 80, 10, 8.0, "Passes.")
    day = timeline_of(replace(QUIET, frames=5, events=[long, short]))
    assert [mark.fact.event_id for mark in day.marks] == [1, 2]
    assert [mark.fact.event_id for mark in day.pictured] == [2, 1]
    assert [mark.fact.peak for mark in day.pictured] == ["08:01:25", "08:01:50"]


def test_a_short_clip_has_minutes(timeline_of):
    event = DrawnEvent(1, 70, 30, 9.0, "Something.")
    day = timeline_of(replace(QUIET, frames=5, events=[event]))
    assert [tick.label for tick in day.ticks] == ["08:00", "08:01", "08:02", "08:03", "08:04"]
    assert (day.marks[0].left, day.marks[0].width) == (pytest.approx(29.167), 12.5)


def test_a_whole_day_has_few_ticks_and_ends_at_the_next_midnight(timeline_of):
    midnight = datetime(2026, 1, 4, 23, tzinfo=UTC)
    event = DrawnEvent(1, 3600, 30, 9.0, "Something.")
    day = timeline_of(replace(QUIET, frames=24 * 60, start=midnight, events=[event]))
    labels = [tick.label for tick in day.ticks]
    assert len(labels) <= MOST_STEPS + 1
    assert labels == ["00:00", "04:00", "08:00", "12:00", "16:00", "20:00", "00:00"]


def test_the_hour_that_the_clocks_repeat_is_drawn_twice(timeline_of):
    # 01:30 to 03:30 in Berlin, which are three hours; the event is in the second hour from 02:00.
    start = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    event = DrawnEvent(1, 5400, 30, 9.0, "Something.")
    day = timeline_of(replace(QUIET, frames=181, start=start, events=[event]), "2026-10-25")
    labels = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]
    assert [tick.label for tick in day.ticks] == labels
    assert day.marks[0].left == 50


def test_the_hour_that_the_clocks_skip_is_not_drawn(timeline_of):
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    event = DrawnEvent(1, 1800, 30, 9.0, "Something.")
    day = timeline_of(replace(QUIET, frames=61, start=start, events=[event]), "2026-03-29")
    labels = ["01:30", "01:40", "01:50", "03:00", "03:10", "03:20", "03:30"]
    assert [tick.label for tick in day.ticks] == labels


def test_an_event_beyond_the_last_frame_stays_on_the_axis(timeline_of):
    event = DrawnEvent(1, 59, 3600, 9.0, "It goes on.")
    day = timeline_of(replace(QUIET, frames=2, events=[event]))
    assert day.marks[0].left == pytest.approx(98.333)
    assert day.marks[0].left + day.marks[0].width == 100


def test_without_events_or_frames_there_is_no_axis(timeline_of):
    assert timeline_of(QUIET) is None


def test_the_page_leads_from_a_picture_to_its_event(tmp_path):
    (tmp_path / "out").mkdir()
    summary = write_report(draw_day(tmp_path / "in", BUSY), tmp_path / "out")
    page = summary.report.read_text(encoding="utf-8")
    assert re.findall(r'<li><a href="#(event-\d)">', page) == ["event-1", "event-2"]
    assert re.findall(r'<article class="event" id="(event-\d)">', page) == ["event-1", "event-2"]


def test_the_clock_beside_the_camera_is_read_without_a_zone():
    clock = LocalClock("Europe/Berlin", "2026-01-05")
    assert clock.local(START) == datetime(2026, 1, 5, 8)
    assert clock.local(START + timedelta(days=180)) == datetime(2026, 7, 4, 9)
