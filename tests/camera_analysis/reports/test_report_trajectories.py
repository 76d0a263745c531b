"""The report says how many walked where, and that a camera looked at too rarely has no tracks."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from camera_analysis.events.path_verdict import PathSummary
from camera_analysis.reports.report import write_report
from camera_analysis.reports.report_trajectories import judged_in_words
from camera_analysis.tracks.tracker import Tracker
from tests.camera_analysis.factories_report import QUIET, draw_day
from tests.camera_analysis.factories_tracks import film, line
from tests.camera_analysis.tracks.test_trajectories import META, WALKS, Day


@pytest.fixture
def page_of(tmp_path):
    def write(frames, **settings):
        _, tracks = Day(tmp_path).make("tracked", frames, **settings)
        out = tmp_path / "out"
        out.mkdir()
        write_report(replace(draw_day(tmp_path / "day", QUIET), trajectories=tracks), out)
        return (out / "report.html").read_text(encoding="utf-8")

    return write


def test_the_page_counts_walks_and_shows_where_they_led(page_of):
    page = page_of(film(140, *WALKS))
    assert "7 tracks, of which 7 lead somewhere, on 2 average paths." in page
    assert "0 were lost" in page
    assert "Half of the tracks are slower than 30.0 pixels a second." in page
    assert 'alt="Average paths.' in page
    assert 'alt="Where walks begin and end.' in page
    assert "Walks most unlike" not in page  # seven are too few to be unlike


def test_a_stray_walk_is_ranked_and_no_alarm(page_of):
    usual = [line(10, 100, 310, 100, 12 * n, 12 * n + 10) for n in range(20)]
    page = page_of(film(256, *usual, line(150, 40, 150, 230, 242, 254)))
    row = page[page.index("Walks most unlike the others") :]
    row = row[: row.index("</tr>", row.index("<tbody>"))]
    assert ":04:02" in row  # the first row is the stray one
    assert "body heights" in row
    assert "A ranking within the day, no alarm" in page


def test_a_camera_without_tracks_says_how_to_have_them(page_of):
    rare = replace(META, step_s=1.0)
    assert "Set tracking: {fps: 5} in camera.yaml" in page_of(film(10, WALKS[0]), meta=rare)


def test_a_day_whose_tracking_failed_says_why_and_that_the_rest_was_judged(page_of, monkeypatch):
    def stumbles(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(Tracker, "update", stumbles)
    page = page_of(film(10, WALKS[0]))
    assert "No path evidence: tracking failed (ZeroDivisionError: division by zero)." in page
    assert "all else was judged as on other days" in page


def test_walks_that_alarm_without_an_event_are_counted():
    paths = PathSummary(status="judged", unusual=1234, without_event=1134)
    assert judged_in_words(asdict(paths)).endswith(
        " The 100 most unlike are events; the frames of the other 1,134 alarm too."
    )
