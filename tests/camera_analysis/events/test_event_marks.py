"""A mark finds its event again, and the like of it, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camera_analysis.events.event_marks import (
    ALARM,
    EXPECTED,
    MARKS_SCHEMA,
    expected_by,
    marks_of_day,
    read_marks,
    write_marks,
)
from tests.camera_analysis.factories_events import marked, seen


def test_marks_are_read_back_as_they_were_written_with_equal_bytes(tmp_path):
    marks = [
        marked(seen(60), EXPECTED, tags=("expected",)),
        marked(seen(0), ALARM, by="bob"),
        marked(seen(0, camera="attic"), ALARM),
    ]
    for name, order in (("one", marks), ("two", marks[::-1])):
        (tmp_path / name).mkdir()
        summary = write_marks(order, tmp_path / name)
    assert (summary.rows, summary.expected, summary.alarms) == (3, 1, 2)
    assert read_marks(tmp_path / "one") == {one.event.key: one for one in marks}
    assert (tmp_path / "one" / "marks.parquet").read_bytes() == (
        tmp_path / "two" / "marks.parquet"
    ).read_bytes()
    assert "| door | 1 | 1 |" in (tmp_path / "one" / "marks.md").read_text()
    assert read_marks(None) == {}


def mark_of(event, marks):
    """The mark of the only event of its day."""
    (found,) = marks_of_day([event], marks)
    return found


@pytest.mark.parametrize(
    ("again", "same"),
    [
        (seen(1, 5), True),  # computed again, it starts a second later
        (seen(0, 5, (68, 28, 79, 47)), True),  # its box is a little larger
        (seen(30, 5), False),
        (seen(0, 5, (10, 30, 18, 46)), False),
        (seen(0, 5, camera="attic"), False),
        (seen(0, 5, width=192), False),  # the boxes are of another resolution
        (seen(0, 5, leading="speed"), True),  # computed again, it leads in another channel
        (seen(0, 5, leading="path"), False),  # the way of whoever is there
    ],
)
def test_an_event_that_was_computed_anew_is_found_by_time_and_place(again, same):
    assert (mark_of(again, [marked(seen(0, 5, leading="class"), EXPECTED)]) is not None) is same


def test_of_two_marks_of_one_event_the_newer_counts():
    marks = [marked(seen(0), EXPECTED, hours=2), marked(seen(1), ALARM, hours=3)]
    assert mark_of(seen(0), marks).mark == ALARM


@pytest.mark.parametrize(
    ("other", "like"),
    [
        (seen(86_400, 5, day="2026-01-06"), True),
        (seen(86_400, 9, (72, 28, 82, 48)), True),  # a little aside, larger, a little longer
        (seen(86_400, 600), False),  # stays for ten minutes
        (seen(86_400, 5, (20, 30, 28, 46)), False),  # elsewhere
        (seen(86_400, 5, (60, 10, 90, 48)), False),  # much larger
        (seen(86_400, 5, class_name="other mover"), False),
        (seen(86_400, 5, camera="attic"), False),
        (seen(86_400, 5, leading="speed"), True),
        (seen(86_400, 5, leading="stay"), False),  # who may run here may not lie here
        (seen(86_400, 5, leading="class"), True),  # but who may run here may be here
    ],
)
def test_the_like_of_an_expected_event_is_expected(other, like):
    mark = marked(seen(0, 5, leading="speed"), EXPECTED)
    assert expected_by(other, None, [mark]) == (mark if like else None)


def test_the_like_of_an_alarm_is_not_expected():
    assert expected_by(seen(86_400), None, [marked(seen(0), ALARM)]) is None


def test_an_event_called_an_alarm_stays_one_whatever_it_is_like():
    marks = [marked(seen(0), EXPECTED), marked(seen(86_400), ALARM)]
    assert expected_by(seen(86_400), mark_of(seen(86_400), marks), marks) is None
    assert expected_by(seen(172_800), None, marks) is marks[0]


#: One walker, as frames and as a way; the same computed by other code, whose boxes differ.
FRAMES, WAY = seen(0, 5.5, (45, 7, 71, 25), leading="class"), seen(0.25, 5.5, (55, 7, 87, 25))
WAY = replace(WAY, leading="path")
FRAMES_AGAIN, WAY_AGAIN = replace(FRAMES, x1=78, leading="speed"), replace(WAY, x0=50)


@pytest.mark.parametrize("again", [(FRAMES, WAY), (FRAMES_AGAIN, WAY_AGAIN), (WAY, FRAMES_AGAIN)])
def test_who_is_two_events_has_two_marks(again):
    assert FRAMES.box.overlap(WAY.box) > 0.3
    marks = {"class": marked(FRAMES, ALARM), "path": marked(WAY, EXPECTED, hours=2)}
    found = marks_of_day(again, marks.values())
    assert found == [marks["path" if one.leading == "path" else "class"] for one in again]
    assert marks_of_day(again, [marks["path"]]).count(None) == 1


def test_of_two_who_walk_side_by_side_each_keeps_the_own_mark():
    one = seen(0, 9.75, (0, 53, 160, 89), leading="path")
    two = seen(1, 7.75, (10, 53, 160, 89), leading="path")
    assert one.is_same(two)
    marks = [marked(one, ALARM), marked(two, EXPECTED, hours=2)]
    assert marks_of_day([one, two], marks) == marks
    assert marks_of_day([two, one], marks) == marks[::-1]
    assert marks_of_day([one, two], marks[1:]) == [None, marks[1]]
    assert marks_of_day([replace(one, x0=1), replace(two, x0=12)], marks) == marks


def test_a_mark_of_before_events_said_what_leads_is_found_again():
    for again in (FRAMES, WAY):
        mark = marked(replace(again, leading=""), ALARM)
        assert mark_of(again, [mark]) is mark
        assert marks_of_day([FRAMES, WAY], [mark]).index(mark) == (FRAMES, WAY).index(again)


def test_a_path_marked_before_paths_had_keys_of_their_own_is_read_and_found(tmp_path):
    write_marks([marked(WAY, ALARM), marked(FRAMES, EXPECTED)], tmp_path)
    path = tmp_path / "marks.parquet"
    rows = pq.read_table(path).to_pylist()
    for row in rows:
        row["key"] = replace(WAY, leading="").key if row["leading"] == "path" else row["key"]
    pq.write_table(pa.Table.from_pylist(rows, schema=MARKS_SCHEMA), path)
    marks = read_marks(tmp_path)
    assert {key: one.mark for key, one in marks.items()} == {WAY.key: ALARM, FRAMES.key: EXPECTED}
    assert WAY.keys == (WAY.key, replace(WAY, leading="").key)


def test_times_without_a_zone_and_unknown_marks_are_refused():
    with pytest.raises(ValueError, match="no span of UTC times"):
        seen(0, -1)
    with pytest.raises(ValueError, match="expected one of alarm, expected"):
        marked(seen(0), "maybe")
    with pytest.raises(ValueError, match="no time zone"):
        type(marked(seen(0), ALARM))(
            event=seen(0), mark=ALARM, tags=(), marked_by="ann", marked_at=datetime(2026, 1, 5)
        )


def test_the_key_names_camera_day_times_and_box():
    keys = {
        one.key
        for one in (
            seen(0),
            seen(0, camera="attic"),
            seen(1),
            seen(0, 6),
            seen(0, 5, (71, 30, 78, 46)),
            seen(0, day="2026-01-06"),
            seen(0, leading="path"),
        )
    }
    assert len(keys) == 7
    assert seen(0).key == seen(0, leading="class").key == seen(0, leading="speed").key
    assert all(len(key) == 64 for key in keys)
    assert seen(0).key == seen(timedelta(0).total_seconds()).key
