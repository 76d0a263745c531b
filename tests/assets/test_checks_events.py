"""Two marks on one event are told; those of two numbers of a report are none."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.checks_events import marks_are_unique
from camera_analysis.events.event_marking import HandedMark, hand_in, merge_marks
from camera_analysis.events.event_marks import (
    ALARM,
    EXPECTED,
    MARKS_FILE,
    MARKS_SCHEMA,
    write_marks,
)
from tests.camera_analysis.factories_days import MORNING
from tests.camera_analysis.factories_events import marked, seen

NUMBERS = [
    [seen(0, leading="class"), seen(0, leading="path")],  # somebody and the way taken
    [seen(0, leading=""), seen(1, leading="path")],  # the same, marked before marks said what leads
    [seen(0, leading="path"), seen(1, leading="path")],  # two who walk side by side
    [seen(0, leading="class"), seen(1, leading="speed")],  # so do these, or it was judged again
]


@pytest.mark.parametrize("events", NUMBERS)
def test_two_numbers_of_a_report_have_a_mark_each(tmp_path, events):
    for hours, (one, other) in enumerate([events, events[::-1]]):
        handed = HandedMark(
            event=one,
            mark=EXPECTED,
            marked_by="ann",
            marked_at=MORNING.replace(hour=9 + hours),
            beside=(other,),
        )
        hand_in(tmp_path / "inbox", handed)
    assert merge_marks([], tmp_path, inbox=tmp_path / "inbox", previous=None).rows == 2
    finding = marks_are_unique(tmp_path)
    assert finding.passed
    assert finding.seen.startswith("2 marks")


@pytest.mark.parametrize("leading", [("class", "speed"), ("path", "path"), ("", "class")])
@pytest.mark.parametrize("states", [True, False])
def test_two_marks_with_the_times_and_the_box_of_one_event_are_told(tmp_path, leading, states):
    both = [seen(0, leading=one) for one in leading]
    marks = [marked(both[0], ALARM), marked(both[1], EXPECTED), marked(seen(9), ALARM)]
    write_marks(marks, tmp_path)
    if not states:  # keys that say otherwise are not believed
        rows = pq.read_table(tmp_path / MARKS_FILE).to_pylist()
        rows = [row | {"key": str(number)} for number, row in enumerate(rows)]
        pq.write_table(pa.Table.from_pylist(rows, schema=MARKS_SCHEMA), tmp_path / MARKS_FILE)
    finding = marks_are_unique(tmp_path)
    assert not finding.passed
    assert finding.seen == f"3 marks, on one event twice: {[both[0].key]}"
