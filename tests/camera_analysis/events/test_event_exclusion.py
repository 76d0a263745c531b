"""The counts without some frames are, bit for bit, those of a day that never had them."""

from __future__ import annotations

from datetime import timedelta

from camera_analysis.events.event_exclusion import count_without
from camera_analysis.labelling.code_tables import CodedFrame, CodeWriter, write_codes_meta
from camera_analysis.labelling.registration import VIEW_FILE
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.day_counts import count_day
from camera_analysis.normal.hourly_channels import HourlyChannels
from tests.camera_analysis.factories_days import (
    MORNING,
    draw_day,
    empty_scene,
    fresh,
    lane_walk,
    with_block,
)
from tests.camera_analysis.labelling.test_day_codes import META
from tests.camera_analysis.normal.test_hourly_channels import random_codes


def counted(folder, maps, **settings):
    day = draw_day(folder / "day", maps, **settings)
    counts = fresh(folder / "counts")
    count_day(day.index, day.labels, counts)
    return day, counts


def span(first_s, last_s):
    return MORNING + timedelta(seconds=first_s), MORNING + timedelta(seconds=last_s)


def test_the_frames_of_a_span_leave_the_counts(tmp_path):
    usual = lane_walk(60)
    odd = [with_block(labels, 70, 30) for labels in usual[20:26]]
    day, counts = counted(tmp_path / "all", usual[:20] + odd + usual[26:])
    out = fresh(tmp_path / "out")
    taken = count_without(counts, day.index, day.labels, [span(20, 25)], out)
    _, expected = counted(tmp_path / "never", usual[:20] + usual[26:])
    assert taken == 6
    assert ClassCounts.load(out) == ClassCounts.load(expected)
    assert (out / VIEW_FILE).read_bytes() == (counts / VIEW_FILE).read_bytes()


def with_codes(folder, maps, seeds):
    """A counted day that has channel codes too, random ones by seed."""
    day = draw_day(folder / "day", maps)
    write_codes_meta(META, day.labels)
    with CodeWriter(day.labels) as writer:
        for frame_id, seed in enumerate(seeds):
            writer.add(CodedFrame(frame_id, True, random_codes(seed)))
    counts = fresh(folder / "counts")
    count_day(day.index, day.labels, counts)
    return day, counts


def test_the_frames_of_a_span_leave_the_channels_too(tmp_path):
    day, counts = with_codes(tmp_path / "all", [empty_scene()] * 10, range(10))
    out = fresh(tmp_path / "out")
    count_without(counts, day.index, day.labels, [span(3, 5)], out)
    _, expected = with_codes(tmp_path / "never", [empty_scene()] * 7, [0, 1, 2, 6, 7, 8, 9])
    assert HourlyChannels.load(out) == HourlyChannels.load(expected)
    assert HourlyChannels.load(out).frames == 7


def test_spans_that_overlap_take_a_frame_once(tmp_path):
    day, counts = counted(tmp_path, lane_walk(30))
    out = fresh(tmp_path / "out")
    spans = [span(5, 10), span(8, 12), span(100, 200)]
    assert count_without(counts, day.index, day.labels, spans, out) == 8
    assert ClassCounts.load(out).frames == 22


def test_a_span_over_two_hours_leaves_both(tmp_path):
    day, counts = counted(
        tmp_path, [empty_scene()] * 20, start=MORNING + timedelta(minutes=59, seconds=50)
    )
    out = fresh(tmp_path / "out")
    count_without(counts, day.index, day.labels, [span(3595, 3604)], out)
    assert dict(ClassCounts.load(out).frames_by_hour) == {8: 5, 9: 5}
