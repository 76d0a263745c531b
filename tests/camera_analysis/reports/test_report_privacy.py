"""What a report says of the day's private video."""

from __future__ import annotations

import pytest

from camera_analysis.camera import Camera
from camera_analysis.privacy.private_day import write_private_day
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from camera_analysis.reports.html_page import render
from camera_analysis.reports.report_privacy import read_private
from tests.camera_analysis.factories_days import fresh
from tests.camera_analysis.factories_private import film

DAY = "2026-01-05"
SETTINGS = PrivateVideoSettings(method="mask", hold_s=0.25)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    footage = tmp_path_factory.mktemp("footage")
    film(footage / f"{DAY}T08-00-00.mp4", [n / 10 for n in range(40)])
    out = tmp_path_factory.mktemp("out")
    write_private_day(Camera(id="yard", folder=footage, private_video=SETTINGS), DAY, None, out)
    return out


def test_a_camera_that_asks_for_none_has_no_section(written):
    assert read_private(None, None) is None
    assert read_private(written, None) is None


def test_a_video_that_is_not_written_yet_is_announced(tmp_path):
    facts = read_private(None, SETTINGS)
    assert facts is not None and "Not written yet" in facts.problem
    write_private_day(Camera(id="yard", folder=tmp_path), DAY, None, fresh(tmp_path / "off"))
    later = read_private(tmp_path / "off", SETTINGS)
    assert later is not None and "Not written yet" in later.problem


def test_the_section_says_how_people_are_hidden_and_warns_without_a_network(written):
    facts = read_private(written, SETTINGS)
    assert facts is not None
    assert (facts.frames, facts.hidden_frames, len(facts.videos)) == (40, 0, 1)
    assert facts.method == "mask: one grey" and "0.25" in facts.hidden
    assert "Sound is left out" in facts.kept
    assert "stands still" in facts.warning
    assert facts.figure is not None and facts.figure.picture is not None


def test_settings_that_were_changed_later_are_not_told_of_the_stored_video(written):
    now = PrivateVideoSettings(method="blur", hide="people", keep_audio=True, margin_share=0.1)
    assert read_private(written, now) == read_private(written, SETTINGS)


def test_the_section_is_drawn_from_the_facts(written):
    facts = read_private(written, SETTINGS)
    page = render("report_privacy.html.j2", private=facts, show=lambda figure: figure.title)
    assert "Video with people hidden" in page and "People hidden" in page
    assert f"videos/{DAY}T08-00-00.mp4" in page
    assert render("report_privacy.html.j2", private=None).strip() == ""
