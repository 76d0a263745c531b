"""The report says which channel leads and shows what is usual; without channels it says so."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.reports.report import write_report
from camera_analysis.reports.report_channels import read_channels
from tests.camera_analysis.factories_report import BUSY, draw_day, draw_scene

BITS = {"class": 0.0, "speed": 31.2, "direction": 0.2, "size": 6.4, "stay": None}


def with_channels(inputs):
    """The drawn day as one that was judged in its channels: speed leads everywhere."""
    path = inputs.anomalies / "events.parquet"
    table = pq.read_table(path)
    table = table.append_column("leading", pa.array(["speed"] * table.num_rows))
    for channel, bits in BITS.items():
        values = pa.array([bits] * table.num_rows, pa.float64())
        table = table.append_column(f"{channel}_bits", values)
    pq.write_table(table, path)
    told = inputs.anomalies / "anomalies.json"
    told.write_text(json.dumps(json.loads(told.read_text()) | {"channel_least_bits": 16.4}))
    for name in ("speed", "direction", "size", "stay"):
        draw_scene(inputs.learned_normal / f"usual_{name}.png")
    return inputs


def page_of(inputs, out):
    out.mkdir()
    write_report(inputs, out)
    return (out / "report.html").read_text(encoding="utf-8")


def test_an_event_names_the_channel_that_leads_and_the_others_that_agree(tmp_path):
    page = page_of(with_channels(draw_day(tmp_path / "day", BUSY)), tmp_path / "out")
    assert page.count("Leads: speed, up to 31 bits alone; also size 6") == 2  # two have pictures
    for title in ("Usual speed", "Usual direction", "Usual size", "Usual stay"):
        assert f"<b>{title}.</b>" in page


def test_a_channel_that_is_higher_than_what_leads_is_so_at_another_time(tmp_path, monkeypatch):
    """A bag that stays is told by its class; who set it down had run."""
    monkeypatch.setitem(BITS, "class", 12.0)
    monkeypatch.setitem(BITS, "speed", 15.0)
    told = "Leads: class at its place, up to 12 bits alone; also size 6; at another time speed 15"
    assert notes_led_by_class(tmp_path) == {told}


def test_a_walk_belongs_to_the_event_whatever_its_bits(tmp_path, monkeypatch):
    monkeypatch.setitem(BITS, "class", 12.0)
    monkeypatch.setitem(BITS, "speed", 0.5)
    monkeypatch.setitem(BITS, "path", 18.0)
    told = "Leads: class at its place, up to 12 bits alone; also path 18, size 6"
    assert notes_led_by_class(tmp_path) == {told}


def test_class_that_judged_alone_has_no_bits_of_its_own_beside_a_walk(tmp_path, monkeypatch):
    for channel in BITS:
        monkeypatch.setitem(BITS, channel, None)
    monkeypatch.setitem(BITS, "path", 18.0)
    assert notes_led_by_class(tmp_path) == {"Leads: class at its place; also path 18"}


def notes_led_by_class(folder):
    inputs = with_channels(draw_day(folder / "day", BUSY))
    path = inputs.anomalies / "events.parquet"
    table = pq.read_table(path)
    at = table.column_names.index("leading")
    pq.write_table(table.set_column(at, "leading", pa.array(["class"] * table.num_rows)), path)
    return set(read_channels(inputs.anomalies, inputs.learned_normal).notes.values())


def test_a_day_judged_before_there_were_channels_says_so(tmp_path):
    inputs = draw_day(tmp_path / "day", BUSY)
    facts = read_channels(inputs.anomalies, inputs.learned_normal)
    assert (facts.least_bits, facts.notes, facts.figures) == (None, {}, ())
    page = page_of(inputs, tmp_path / "out")
    assert "Surprise judged alone." in page
    assert "Usual speed" not in page
