"""The index of cameras: what needs attention first, on a page that stays small."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from camera_analysis.reports import report_index
from camera_analysis.reports.report import write_report
from camera_analysis.reports.report_index import IndexEntry, index_entry, read_entries, write_index
from tests.camera_analysis.factories_report import BUSY, DAY, draw_day, draw_scene, entry

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def index_page(folder: Path, *entries: IndexEntry) -> str:
    folder.mkdir(exist_ok=True)
    return write_index(entries, folder).read_text(encoding="utf-8").replace("\u00a0", " ")


def cameras_in(page: str) -> list[str]:
    return re.findall(r'<h2><a href="[^"]*">(.*?)</a></h2>', page)


def test_index_puts_what_needs_attention_first(tmp_path):
    page = index_page(
        tmp_path,
        entry("quiet"),
        entry("warming", status="warming_up"),
        entry("half-blind", usable_share=0.5),
        entry("blind", usable_share=0.1),
        entry("damaged", faults=3),
        entry("small-alarm", events=9, worst_bits=8.5),
        entry("big-alarm", events=1, worst_bits=20.0),
    )
    expected = ["big-alarm", "small-alarm", "blind", "half-blind", "damaged", "warming", "quiet"]
    assert cameras_in(page) == expected
    assert page.count("3 parts of the footage could not be used") == 1
    assert "9 events, worst 8.5 bits" in page
    assert "Only 10.0 % usable" in page


QUIET, ALARM = entry("quiet"), entry("alarm", events=1, worst_bits=9.0)
MOVED = entry("moved", status="scene_changed")
BLIND = entry("blind", usable_share=0.0)
SILENT = entry("silent", "2026-01-02")


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([QUIET], "None with events on the latest day."),
        ([QUIET, ALARM], "1 with events on the latest day; what needs attention comes first."),
        ([QUIET, MOVED, BLIND], "2 not judged; none with events among the others; what needs"),
        ([ALARM, MOVED], "1 not judged; 1 with events among the others; what needs"),
        ([MOVED, entry("new", status="warming_up")], "2 not judged; what needs attention"),
        ([QUIET, SILENT, MOVED], "1 not judged; 1 silent; none with events among the others"),
    ],
)
def test_the_headline_is_quiet_only_where_all_cameras_were_judged(tmp_path, entries, says):
    plural = "s" if len(entries) > 1 else ""
    expected = f"{len(entries)} camera{plural}, {len(entries)} day{plural}. {says}"
    assert expected in index_page(tmp_path, *entries)


def test_index_shows_the_latest_day_and_keeps_the_earlier_ones(tmp_path):
    page = index_page(
        tmp_path,
        entry("gate", "2026-01-03", events=2, worst_bits=9.0),
        entry("gate", "2026-01-05"),
        entry("gate", "2026-01-04"),
    )
    assert cameras_in(page) == ["gate"]
    assert "2 earlier days, 1 with events" in page
    days = re.findall(r'<a href="gate/(.*?)/report.html">', page)
    assert days == ["2026-01-05", "2026-01-04", "2026-01-03"]


def test_index_does_not_depend_on_the_order_of_entries(tmp_path):
    entries = [entry("a", events=1, worst_bits=9.0), entry("b"), entry("b", "2026-01-04")]
    assert index_page(tmp_path, *entries) == index_page(tmp_path, *reversed(entries))


def test_index_inlines_a_small_thumbnail(tmp_path):
    draw_scene(tmp_path / "plate.png")
    Image.open(tmp_path / "plate.png").resize((1280, 720)).save(tmp_path / "large.png")
    page = index_page(tmp_path, entry("gate", thumbnail=tmp_path / "large.png"))
    assert 'width="320" height="180" alt="View of gate"' in page
    assert 'src="data:image/jpeg;base64,' in page


def test_index_copes_with_a_thumbnail_that_is_gone(tmp_path):
    assert "<img" not in index_page(tmp_path, entry("gate", thumbnail=tmp_path / "gone.png"))


def test_index_without_cameras_says_so(tmp_path):
    assert "No camera has a report yet" in index_page(tmp_path)


def test_index_escapes_and_refuses_scripts(tmp_path):
    assert "<script" not in index_page(tmp_path, entry(ATTACK))
    with pytest.raises(ValueError, match="neither relative nor http"):
        replace(entry("gate"), href="javascript:alert(1)")


def test_index_refuses_a_day_given_twice(tmp_path):
    with pytest.raises(ValueError, match="gate 2026-01-05 is listed twice"):
        write_index([entry("gate"), entry("gate")], tmp_path)


def test_entry_of_a_report_is_read_from_its_folder(tmp_path):
    (tmp_path / "out").mkdir()
    summary = write_report(draw_day(tmp_path / "in", BUSY), tmp_path / "out")
    read = index_entry(tmp_path / "out", href="../x/report.html", version="abc")
    assert (read.camera_id, read.day, read.status) == ("loading-bay_2", DAY, "judged")
    assert (read.events, read.worst_bits) == (3, 17.91)
    assert read.usable_share == summary.usable_share
    assert read.faults == summary.faults == 2
    assert (read.href, read.version) == ("../x/report.html", "abc")
    assert read.thumbnail == tmp_path / "out" / "thumbnail.png"


def days_before(count: int) -> list[str]:
    return [(date.fromisoformat(DAY) - timedelta(days=back)).isoformat() for back in range(count)]


def test_a_camera_that_has_gone_silent_is_told_after_the_alarms(tmp_path):
    page = index_page(
        tmp_path,
        entry("blind", usable_share=0.1),
        entry("silent", "2026-01-02"),
        entry("quiet"),
        entry("alarm", events=1, worst_bits=9.0),
        entry("a-day-late", "2026-01-04"),
    )
    assert cameras_in(page) == ["alarm", "silent", "blind", "a-day-late", "quiet"]
    assert page.count("No report since") == 1
    assert "No report since Friday 2 January 2026" in page


def test_two_weeks_are_listed_and_the_rest_is_on_a_page_of_the_camera(tmp_path):
    page = index_page(tmp_path, *(entry("gate", day) for day in days_before(20)), entry("hall"))
    assert "19 earlier days" in page
    listed = re.findall(r'<a href="gate/(.*?)/report.html">', page)
    assert listed == days_before(15)
    assert '<a href="cameras/gate.html">All 20 days of gate</a>' in page
    all_days = (tmp_path / "cameras" / "gate.html").read_text(encoding="utf-8")
    assert re.findall(r'<a href="../gate/(.*?)/report.html">', all_days) == days_before(20)
    assert '<a href="../index.html">' in all_days
    assert not (tmp_path / "cameras" / "hall.html").exists()


def test_the_first_cameras_have_pictures_and_the_others_are_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(report_index, "CARDS", 2)
    draw_scene(tmp_path / "plate.png")
    names = [f"camera-{number}" for number in range(5)]
    page = index_page(
        tmp_path,
        *(entry(name, thumbnail=tmp_path / "plate.png") for name in names),
        entry("camera-3", "2026-01-04"),
    )
    assert cameras_in(page) == names[:2]
    assert page.count("<img") == 2
    assert "3 further cameras" in page
    assert "5 cameras, 6 days" in page
    rows = re.findall(r'<th scope="row"><a href="(.*?)/\d', page)
    assert rows == names[2:]


def test_a_thousand_cameras_fit_on_a_page_that_a_phone_can_load(tmp_path):
    draw_scene(tmp_path / "plate.png")
    names = [f"camera-{number:04}" for number in range(1000)]
    entries = [entry(name, day) for name in names for day in days_before(3)]
    shown = [replace(one, thumbnail=tmp_path / "plate.png") for one in entries if one.day == DAY]
    index_page(tmp_path, *shown, *(one for one in entries if one.day != DAY))
    assert (tmp_path / "index.html").stat().st_size < 1_500_000


def test_all_entries_are_kept_in_a_table_and_read_back(tmp_path):
    given = [entry("b", events=2, worst_bits=9.0, version="x"), entry("a", version="y")]
    index_page(tmp_path, *given)
    rows = read_entries(tmp_path)
    assert [IndexEntry(**row, href=f"{row['camera_id']}/{DAY}/report.html") for row in rows] == [
        given[1],
        given[0],
    ]
    path = tmp_path / "entries.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["status"]), path)
    assert read_entries(tmp_path) == []
    path.unlink()
    assert read_entries(tmp_path) == []


def test_no_page_is_written_outside_of_the_index(tmp_path):
    with pytest.raises(ValueError, match="refused"):
        index_page(tmp_path / "index", *(entry("../../etc", day) for day in days_before(20)))
