"""A report says who called its events what, and counts what is expected apart."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.events.event_feedback import stored_events
from camera_analysis.events.event_marks import ALARM, EXPECTED
from camera_analysis.reports.report import write_report
from tests.camera_analysis.factories_events import marked
from tests.camera_analysis.factories_report import BUSY, DAY, draw_day


def reported(tmp_path, inputs):
    out = tmp_path / "out"
    out.mkdir()
    summary = write_report(inputs, out)
    told = json.loads((out / "report.json").read_text())
    return summary, told, (out / "report.html").read_text()


def events_of(inputs):
    """As a day judged before its events held the size of their label maps."""
    return stored_events(inputs.anomalies, inputs.camera.id, DAY, label_maps=inputs.label_maps)


def apart(folder):
    """Events 1 to 3 at places of their own, so that a mark is about one of them."""
    rows = pq.read_table(folder / "events.parquet")
    columns = {"x0": [10, 110, 210], "x1": [60, 160, 260]}
    for name, values in columns.items():
        place = rows.schema.get_field_index(name)
        field = rows.schema.field(name)
        rows = rows.set_column(place, field, pa.array(values, field.type))
    pq.write_table(rows, folder / "events.parquet")


def test_marks_are_shown_and_expected_events_are_counted_apart(tmp_path):
    inputs = draw_day(tmp_path, BUSY)
    apart(inputs.anomalies)
    one, two, _ = events_of(inputs)
    marks = [marked(one, ALARM, by="bob"), marked(two, EXPECTED)]
    summary, told, page = reported(tmp_path, replace(inputs, marks=marks))
    assert (summary.events, told["events"], told["worst_bits"]) == (2, 2, 12.44)
    assert "Marked alarm by bob, 2026-01-05 09:00 UTC." in page
    assert "Marked expected by ann, 2026-01-05 09:00 UTC." in page
    assert "1 expected event, no alarm" in page
    assert "2 events departed from normal" in page
    assert "Shaded: 3 events, 1 of them expected." in page
    assert "3 events, 1 of them expected, in order of time; pictured: 1, as silhouettes" in page


def test_the_like_of_a_path_marked_before_paths_had_keys_of_their_own_is_told(tmp_path):
    inputs = draw_day(tmp_path, BUSY)
    apart(inputs.anomalies)
    like = replace(events_of(inputs)[0], leading="path", x0=200, x1=201)  # another event by far
    path = inputs.anomalies / "events.parquet"
    rows = pq.read_table(path)
    keys = pa.array([like.keys[1], "", ""], pa.string())
    if "expected_by" in rows.column_names:
        rows = rows.drop_columns(["expected_by"])
    pq.write_table(rows.append_column("expected_by", keys), path)
    _, told, page = reported(tmp_path, replace(inputs, marks=[marked(like, EXPECTED)]))
    assert told["events"] == 2
    assert "which ann marked expected" in page


def test_a_day_of_expected_events_only_is_quiet(tmp_path):
    inputs = draw_day(tmp_path, BUSY)
    apart(inputs.anomalies)
    events = events_of(inputs)
    marks = [marked(event, EXPECTED) for event in events]
    _, told, page = reported(tmp_path, replace(inputs, marks=marks))
    assert (told["events"], told["worst_bits"]) == (0, None)
    assert "Nothing departed from normal but 3 events that a person said to expect." in page
    assert "Shaded: 3 events, expected." in page


def test_what_was_said_of_a_walk_while_it_was_apart_is_told_of_its_event(tmp_path):
    inputs = draw_day(tmp_path, BUSY)
    apart(inputs.anomalies)
    path = inputs.anomalies / "events.parquet"
    rows = pq.read_table(path).append_column("leading", pa.array(["class"] * 3))
    walks = pa.array([9.0, None, None], pa.float64())  # of the first alone
    pq.write_table(rows.append_column("path_bits", walks), path)
    one, two, _ = (replace(event, leading="path") for event in events_of(inputs))
    marks = [marked(one, ALARM, by="bob"), marked(two, ALARM, by="ann")]
    _, _, page = reported(tmp_path, replace(inputs, marks=marks))
    assert "Marked alarm by bob" in page
    assert "by ann" not in page
