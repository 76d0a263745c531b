"""The page says what the day's tables say, in the reader's time, and needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from camera_analysis.lenses.lens import Lens
from camera_analysis.reports.report import ReportSummary, write_report
from camera_analysis.reports.report_index import index_entry, write_index
from tests.camera_analysis.factories_report import (
    BUSY,
    DAY,
    QUIET,
    START,
    WARMING_UP,
    DrawnDay,
    DrawnEvent,
    draw_day,
    entry,
    room,
)

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def report(folder: Path, day: DrawnDay) -> ReportSummary:
    out = folder / "out"
    out.mkdir(parents=True)
    return write_report(draw_day(folder / "in", day), out)


def text_of(summary: ReportSummary) -> str:
    return summary.report.read_text(encoding="utf-8").replace("\u00a0", " ")


def test_busy_day_tells_events_in_local_time_highest_score_first(tmp_path):
    page = text_of(report(tmp_path, BUSY))
    assert "Monday 5 January 2026, times in Europe/Berlin (UTC+01:00)" in page
    assert "3 events departed from normal; the strongest, at 09:23:56, reached 17.9 bits" in page
    titles = re.findall(r"<h3>(.*?)</h3>", page)
    assert titles == ["Event 2, 09:23:50\u201309:24:02", "Event 1, 14:03:10\u201314:04:45"]
    assert "Something moves along the wall, where nothing moved before." in page
    assert "1 min 35 s" in page


def test_event_without_pictures_is_listed_all_the_same(tmp_path):
    page = text_of(report(tmp_path, BUSY))
    assert "1 further event without pictures" in page
    assert "A person stays much longer than is usual here." in page


def test_summary_counts_what_the_tables_hold(tmp_path):
    summary = report(tmp_path, BUSY)
    assert (summary.frames, summary.usable_frames, summary.faults) == (600, 581, 2)
    assert (summary.events, summary.worst_bits) == (3, 17.91)
    assert summary.highest_bits == 17.91
    assert summary.missing_pictures == ()
    assert summary.page_bytes == summary.report.stat().st_size


def test_unusable_frames_are_told_as_stretches_by_reason(tmp_path):
    page = text_of(report(tmp_path, BUSY))
    assert "08:40:00\u201308:51:00" in page  # twelve dark frames in a row
    assert "14:50:00, 15:00:00\u201315:01:00" in page  # one frozen frame, then two
    rows = re.findall(r'<th scope="row">(too dark|blurred|frozen picture)</th>', page)
    assert rows == ["too dark", "blurred", "frozen picture"]  # most frames first


def test_footage_faults_are_told_with_time_and_reason(tmp_path):
    page = text_of(report(tmp_path, BUSY))
    assert "12:20:00\u201312:31:00" in page
    assert "moov atom not found after 1,204 frames" in page
    assert "time unknown" in page
    # Above all else too: the share of usable frames knows nothing of files that gave none.
    assert "2 parts of the footage could not be used. See frame quality and faults." in page


def test_files_that_overlap_are_listed_but_leave_nothing_out(tmp_path):
    twice = {"file": "08-15.mp4", "start_utc": START, "reason": "overlap", "detail": "08-00.mp4"}
    page = text_of(report(tmp_path, replace(QUIET, faults=[twice])))
    assert "Footage that could not be used" in page
    assert "part of the footage could not be used" not in page
    assert index_entry(tmp_path / "out", href="").faults == 0


def test_mostly_unusable_day_warns_that_the_rest_was_not_judged(tmp_path):
    page = text_of(report(tmp_path, replace(QUIET, reasons=dict.fromkeys(range(200), "covered"))))
    assert "200 frames of 600 could not be used and were not judged" in page
    assert "66.6 %" in page  # two thirds, rounded down


def test_quiet_day_says_that_nothing_departed(tmp_path):
    page = text_of(report(tmp_path, QUIET))
    assert "Nothing departed from normal" in page
    assert "No event on this day." in page
    assert "Every sampled frame was usable." in page


def test_surprise_without_an_event_is_not_called_nothing(tmp_path):
    inputs = draw_day(tmp_path / "in", QUIET)
    told = inputs.anomalies / "anomalies.json"
    told.write_text(told.read_text().replace('"alarm_bits": 8.0', '"alarm_bits": 2.5'))
    (tmp_path / "out").mkdir()
    page = text_of(write_report(inputs, tmp_path / "out"))
    assert "No event: the surprise reached 3.0 bits at 08:00:00, above the 2.5 bits" in page
    assert "Nothing departed" not in page


def test_warming_up_day_tolerates_absent_pictures(tmp_path):
    summary = report(tmp_path, WARMING_UP)
    page = text_of(summary)
    assert "Warming up: not judged yet" in page
    assert "holds 0 frames from 0 days" in page
    assert summary.missing_pictures == (
        "timeline.png",
        "mode.png",
        "human_frequency.png",
        "entropy.png",
    )
    assert summary.highest_bits is None


def test_days_left_out_of_the_normal_are_named_with_the_reason(tmp_path):
    left_out = {"other_segmenter_days": ["2025-12-30", "2025-12-31"], "moved_days": ["2025-12-28"]}
    page = text_of(report(tmp_path, replace(QUIET, **left_out)))
    assert "another segmenter labelled them: 2025-12-30 to 2025-12-31." in page
    assert "the camera showed another view: 2025-12-28." in page
    assert "Left out" not in text_of(report(tmp_path / "whole", QUIET))


def test_a_nominal_date_is_not_shown_as_a_date(tmp_path):
    camera = replace(room(tmp_path), nominal_date=True)
    (tmp_path / "out").mkdir()
    page = text_of(write_report(draw_day(tmp_path / "in", QUIET, camera), tmp_path / "out"))
    assert "Times count from the start of the clip; the date is nominal." in page
    assert "Monday" not in page
    assert DAY not in page
    assert "frames of 4 clips." in page


def test_what_is_recorded_but_not_used_is_said(tmp_path):
    fisheye = replace(room(tmp_path), lens=Lens(kind="fisheye"))
    plain = replace(room(tmp_path), rois=())
    pages = []
    for name, camera in (("fisheye", fisheye), ("plain", plain)):
        (tmp_path / name).mkdir()
        inputs = draw_day(tmp_path / f"in_{name}", QUIET, camera)
        pages.append(text_of(write_report(inputs, tmp_path / name)))
    for words in ("They were not measured", "without the fisheye lens"):
        assert words in pages[0]
        assert words not in pages[1]


def test_one_clip_is_said_to_be_cross_fitted(tmp_path):
    page = text_of(report(tmp_path, replace(QUIET, status="cross_fitted")))
    assert "Judged by cross-fitting of one clip" in page
    assert "Each block of time is compared with the counts of the other blocks" in page


def test_without_segmenter_nobody_is_promised_people(tmp_path):
    page = text_of(report(tmp_path, replace(QUIET, segmenter="none")))
    assert "Which movers are people. No segmenter was used" in page


def test_day_without_a_frame_is_a_report_too(tmp_path):
    broken = {"file": "a.mp4", "start_utc": START, "reason": "unreadable", "detail": "no moov atom"}
    summary = report(tmp_path, replace(WARMING_UP, frames=0, faults=[broken]))
    page = text_of(summary)
    assert "No frame of this day could be read: nothing could be judged." in page
    assert summary.usable_share == 0.0
    assert "There was no readable footage of this day" in page
    assert "What was wrong with the footage is listed here." in page
    assert "no moov atom" in page
    assert "There is no frame of this day to measure them on." in page
    for untrue in ("Every sampled frame was usable", "is judged once"):
        assert untrue not in page
    for empty in ("activity.png", "preview.png", "quality.png", "timeline.png", "Label maps of"):
        assert empty not in page


def test_a_day_of_unusable_frames_does_not_wait_for_others(tmp_path):
    dark = dict.fromkeys(range(WARMING_UP.frames), "dark")
    page = text_of(report(tmp_path, replace(WARMING_UP, reasons=dark)))
    assert "No usable frame: nothing could be judged." in page
    assert "No frame of this day was usable" in page
    assert "is judged once" not in page
    assert "too dark" in page
    assert "Label maps of the day" not in page


def test_the_empty_scene_says_who_may_be_in_it(tmp_path):
    page = text_of(report(tmp_path, QUIET))
    assert "blurred for privacy. Who stays for half of a file or longer may be in it." in page


def test_absent_or_damaged_picture_is_named_in_its_place(tmp_path):
    inputs = draw_day(tmp_path / "in", QUIET)
    (inputs.anomalies / "timeline.png").unlink()
    (inputs.frame_index / "quality.png").write_bytes(b"not a picture")
    out = tmp_path / "out"
    out.mkdir()
    summary = write_report(inputs, out)
    assert summary.missing_pictures == ("timeline.png", "quality.png")
    assert "No picture: timeline.png" in text_of(summary)


def test_limits_are_stated(tmp_path):
    page = text_of(report(tmp_path, QUIET))
    assert "How often a quiet day raises an alarm." in page
    assert "baseline that the surprise is compared with, not the score" in page


def test_clock_change_puts_the_offset_beside_each_time(tmp_path):
    night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 twice in Berlin
    day = DrawnDay(start=night, events=[DrawnEvent(1, 0, 3600, 9.0, "Twice half past two.")])
    inputs = replace(draw_day(tmp_path / "in", day), day="2026-10-25")
    (tmp_path / "out").mkdir()
    page = text_of(write_report(inputs, tmp_path / "out"))
    assert "(UTC+02:00, then UTC+01:00)" in page
    assert "02:30:00 (UTC+02:00)\u201302:30:00 (UTC+01:00)" in page


def test_event_after_midnight_carries_its_date(tmp_path):
    late = datetime(2026, 1, 5, 22, 59, 50, tzinfo=UTC)
    day = DrawnDay(start=late, events=[DrawnEvent(1, 0, 30, 9.0, "Past midnight.")])
    page = text_of(report(tmp_path, day))
    assert "Event 1, 23:59:50\u20136 Jan 00:00:20" in page


def test_everything_from_outside_is_escaped(tmp_path):
    event = DrawnEvent(1, 0, 5, 9.0, ATTACK)
    fault = {"file": ATTACK, "start_utc": None, "end_utc": None, "reason": "x", "detail": ATTACK}
    day = replace(QUIET, events=[event], faults=[fault], segmenter=ATTACK, reasons={3: ATTACK})
    camera = room(tmp_path)
    object.__setattr__(camera, "id", ATTACK)  # a camera refuses such an id; the page must cope
    object.__setattr__(camera.rois[0], "name", ATTACK)
    inputs = replace(draw_day(tmp_path / "in", day, camera), versions={ATTACK: ATTACK})
    (tmp_path / "out").mkdir()
    page = text_of(write_report(inputs, tmp_path / "out"))
    assert "<script" not in page
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8


def test_page_asks_for_nothing_and_runs_nothing(tmp_path):
    page = text_of(report(tmp_path, BUSY))
    links = re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?([^"\')\s>]{0,30})', page)
    assert links
    assert all(re.match("#event-|data:image/(png|jpeg);base64,", link) for link in links)
    assert "default-src 'none'" in page
    assert "@import" not in page


def test_every_picture_has_words_and_reserved_room(tmp_path):
    page = text_of(report(tmp_path, BUSY))
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) == 8 + 2 * 3
    assert all(re.search(r'width="\d+" height="\d+" alt="[^"]{8,}"', tag) for tag in pictures)


def test_same_day_gives_the_same_bytes(tmp_path):
    first, second = (report(tmp_path / name, BUSY).report.read_bytes() for name in ("a", "b"))
    assert first == second


def test_missing_table_names_the_file(tmp_path):
    inputs = draw_day(tmp_path, QUIET)
    (inputs.anomalies / "events.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"events\.parquet is missing"):
        write_report(inputs, tmp_path)


def test_table_without_a_column_names_it(tmp_path):
    inputs = draw_day(tmp_path, QUIET)
    path = inputs.anomalies / "events.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["score_bits"]), path)
    with pytest.raises(ValueError, match=r"events\.parquet: no column score_bits"):
        write_report(inputs, tmp_path)


def test_unknown_status_is_refused(tmp_path):
    inputs = draw_day(tmp_path, replace(QUIET, status="fine"))
    with pytest.raises(ValueError, match="status 'fine', not"):
        write_report(inputs, tmp_path)


def test_long_list_of_events_is_cut_and_the_rest_counted(tmp_path):
    events = [DrawnEvent(n, n, 1, 9.0, "Again.", pictured=False) for n in range(230)]
    page = text_of(report(tmp_path, replace(QUIET, events=events)))
    assert page.count("Again.") == 200
    assert "30 lower-scoring events not listed here" in page


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as engine:
        launched = engine.chromium.launch(executable_path=str(CHROMIUM), args=list(CHROMIUM_ARGS))
        yield launched
        launched.close()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
@pytest.mark.parametrize("kind", ["busy", "warming up", "index"])
def test_page_fits_and_stays_silent(browser, tmp_path, kind, width, scheme):
    summary = report(tmp_path, WARMING_UP if kind == "warming up" else BUSY)
    page_file, out = summary.report, summary.report.parent
    if kind == "index":
        others = [entry("a-camera-with-quite-a-long-name_" * 2), entry("x", "2026-01-04")]
        page_file = write_index([index_entry(out, href="out/report.html"), *others], tmp_path)
    said: list[str] = []
    asked: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    undrawn = page.evaluate("[...document.images].filter(i => !i.naturalWidth).length")
    shot = tmp_path / "page.png"
    page.screenshot(path=str(shot), full_page=True)
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]
    assert overflow <= 0
    assert undrawn == 0
    with Image.open(shot) as picture:
        assert picture.width == width
        assert len(picture.convert("RGB").resize((64, 256)).getcolors(64 * 256)) > 50
