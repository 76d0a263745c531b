"""The page sets what is promised of false alarms beside what was measured, source by source."""

from __future__ import annotations

import json

import pytest

from camera_analysis.reports.report import write_report
from camera_analysis.reports.report_promise import read_promise
from tests.camera_analysis.factories_report import BUSY, draw_day

CLASS = {"source": "class", "promised": 0.25, "measured": 0.2, "days": 5.0, "is_known": True}
CHANNELS = CLASS | {"source": "channels", "measured": 0.4, "days": 2.5}
PATH = CLASS | {"source": "path", "promised": 0.5, "measured": 0.4}
WHOLE = {
    "promised": 1.0,
    "measured": 1.0,
    "low": 0.25,
    "high": 2.97,
    "is_known": True,
    "sources": [CLASS, CHANNELS, PATH],
}
TOLD = {"promise": WHOLE, "class_least_bits": 12.0, "usual_departures": 3}


def judged(folder, **told):
    folder.mkdir(exist_ok=True)
    document = {"status": "judged", "alarm_bits": 8.0} | told
    (folder / "anomalies.json").write_text(json.dumps(document))
    return folder


def test_the_total_stands_below_its_parts(tmp_path):
    facts = read_promise(judged(tmp_path, **TOLD))
    assert [(row.source, row.promised, row.measured) for row in facts.rows] == [
        ("Class at its place", "0.25", "0.2 (5.0 days)"),
        ("Speed, direction, size, stay", "0.25", "0.4 (2.5 days)"),
        ("Unusual paths", "0.5", "0.4 (5.0 days)"),
        ("All together", "1", "1.0 (95 %: 0.2 to 3.0)"),
    ]
    assert facts.says[-1] == (
        "What departs by its class alone is an event where it is stronger than 12.0 bits over all "
        "of its seconds, as 8.0 bits for 16 s are. 3 departures of this day were no stronger than "
        "that, and are no events."
    )
    facts = read_promise(judged(tmp_path, **TOLD | {"usual_departures": 1}))
    says = "1 departure of this day was no stronger than that, and is no event."
    assert facts.says[-1].endswith(f"s are. {says}")


def test_too_short_a_history_says_so_and_what_holds_instead(tmp_path):
    unsure = CLASS | {"days": 1.0, "is_known": False}
    promise = WHOLE | {"sources": [unsure, CHANNELS], "is_known": False}
    facts = read_promise(judged(tmp_path, **TOLD | {"promise": promise}))
    assert facts.rows[0].measured == "0.2 (1.0 days); too short to know"
    assert "Class at its place: 1.0 days are too few to know so low a rate by." in facts.says[1]
    assert "stronger than the strongest departure seen" in facts.says[1]


def test_what_was_not_looked_at_is_a_dash(tmp_path):
    unseen = CHANNELS | {"days": 0.0, "measured": 0.0, "is_known": False}
    promise = WHOLE | {"measured": None, "low": None, "high": None, "sources": [CLASS, unseen]}
    facts = read_promise(judged(tmp_path, **TOLD | {"promise": promise}))
    assert [row.measured for row in facts.rows[1:]] == ["\u2013; too short to know", "\u2013"]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"status": "cross_fitted", "promise": None}, "A single clip has no other footage"),
        ({"promise": None}, "could be held out"),
        ({"channel_promise": {"promised": 1.0}}, "judged before every source of alarms"),
        ({"status": "warming_up", "promise": None}, ""),
    ],
)
def test_a_day_without_a_promise_says_why(tmp_path, told, says):
    facts = read_promise(judged(tmp_path, **told))
    assert facts.rows == ()
    assert says in "".join(facts.says)


def test_the_page_has_the_table_or_the_reason(tmp_path):
    inputs = draw_day(tmp_path / "day", BUSY)
    told = inputs.anomalies / "anomalies.json"
    for name, more, expected in (
        ("before", {}, "judged before every source of alarms was calibrated"),
        ("now", TOLD, "1.0 (95 %: 0.2 to 3.0)"),
    ):
        told.write_text(json.dumps(json.loads(told.read_text()) | more))
        out = tmp_path / name
        out.mkdir()
        write_report(inputs, out)
        assert expected in (out / "report.html").read_text(encoding="utf-8")
