"""A report says what changed in the scene, since when, by how much and what next."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from camera_analysis.reports.report import write_report
from camera_analysis.reports.report_index import index_entry, write_index
from camera_analysis.reports.report_words import left_out_before
from tests.camera_analysis.factories_report import BUSY, DAY, WARMING_UP, DrawnDay, draw_day, room
from tests.camera_analysis.factories_views import in_fog, plate, with_shelf
from tests.camera_analysis.normal.test_scene_files import checked, usual

BLOCKED = DrawnDay(status="scene_changed")


def reported(tmp_path, day, plates):
    """A day whose scene is the last of some plates, against the ones before it."""
    _, scene, folder = checked(tmp_path / "scene", plates)
    inputs = replace(draw_day(tmp_path / "day", day), scene_change=folder)
    out = tmp_path / "report"
    out.mkdir()
    summary = write_report(inputs, out)
    return scene, summary, (out / "report.html").read_text(), out


def test_a_blocked_day_says_why_and_what_next(tmp_path):
    plates = [*usual(3), plate(dx=16, seed=9)]
    (tmp_path / "scene").mkdir()
    scene, summary, page, _ = reported(tmp_path, BLOCKED, plates)
    assert summary.status == "scene_changed"
    assert "Not judged: the camera shows another scene" in page
    assert scene.says in page
    assert f"learned-normal cameras relearn loading-bay_2 --from {scene.since}" in page
    assert f"learn_from: {scene.since}" in page
    assert f"the window holds the old scene no more on {scene.ends}" in page
    assert "The scene before and on this day" in page


def test_a_suspected_change_is_told_on_a_day_that_is_judged(tmp_path):
    (tmp_path / "scene").mkdir()
    scene, _, page, _ = reported(tmp_path, BUSY, [*usual(4), with_shelf(plate(seed=9))])
    assert scene.says in page
    assert "cameras relearn" not in page
    assert "3 events departed from normal" in page


def test_an_ordinary_day_says_nothing_of_its_scene(tmp_path):
    (tmp_path / "scene").mkdir()
    _, _, page, _ = reported(tmp_path, BUSY, usual(4))
    assert "The scene before and on this day" not in page


def test_a_single_clip_has_no_date_to_learn_from(tmp_path):
    (tmp_path / "scene").mkdir()
    _, _, folder = checked(tmp_path / "scene", [*usual(3), in_fog(plate(seed=9))])
    inputs = draw_day(tmp_path / "day", BLOCKED)
    nominal = replace(inputs.camera, nominal_date=True)
    out = tmp_path / "report"
    out.mkdir()
    write_report(replace(inputs, camera=nominal, scene_change=folder), out)
    assert "cameras relearn" not in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("2025-12-29", ""),
        ("2025-12-30", "learn_from 2025-12-30 in its camera.yaml leaves out 2025-12-29."),
        (DAY, "2026-01-05 in its camera.yaml leaves out 2025-12-29 to 2026-01-04, which is all"),
        ("2027-01-01", "learned-normal cameras relearn loading-bay_2 --from 2026-01-05"),
    ],
)
def test_days_before_the_first_to_learn_from_are_named(tmp_path, first, says):
    found = left_out_before(replace(room(tmp_path), learn_from=date.fromisoformat(first)), DAY)
    assert says in found
    assert bool(says) == bool(found)


def test_a_day_without_history_says_that_learn_from_left_it_out(tmp_path):
    inputs = draw_day(tmp_path / "day", WARMING_UP)
    (tmp_path / "report").mkdir()
    blinded = replace(inputs.camera, learn_from=date(2027, 1, 1))
    write_report(replace(inputs, camera=blinded), tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "learn_from 2027-01-01 in its camera.yaml leaves out 2025-12-29 to" in page


def test_a_camera_of_another_scene_comes_first_in_the_index(tmp_path):
    entries = []
    for name, day in (("quiet", DrawnDay()), ("busy", BUSY), ("moved", BLOCKED)):
        inputs = draw_day(tmp_path / name, day)
        out = tmp_path / name / "report"
        out.mkdir()
        write_report(replace(inputs, camera=replace(inputs.camera, id=name)), out)
        entries.append(index_entry(out, href=f"{name}/report.html"))
    write_index(entries, tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "Not judged: another scene" in page
    places = [page.index(f">{name}<") for name in ("moved", "busy", "quiet")]
    assert places == sorted(places)
    assert json.loads((tmp_path / "moved/report/report.json").read_text())["day"] == DAY
