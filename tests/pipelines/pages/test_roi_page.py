"""Regions drawn in the browser stand in camera.yaml; strangers and mistakes change nothing."""

from __future__ import annotations

import http.client
import json
import shutil
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from camera_analysis.camera_file import load_camera
from pipelines.pages.line_page import LinePage
from pipelines.pages.regions_of_interest import Background
from pipelines.pages.roi_page import RoiPage
from tests.camera_analysis.factories_lens import FISHEYE, SIZE, edges

CHROMIUM = Path(shutil.which("chromium") or "/usr/bin/chromium")
WIDE, HIGH = 640, 360
YAML = """\
# by the yard
time_zone: Europe/Berlin
rois:
  - {name: mat, polygon_xy: [[10, 10], [60, 10], [60, 50]]}
interval_s: 2.0
"""
LENS = (
    "lens: {kind: fisheye, matrix: [[200,0,319.5],[0,200,179.5],[0,0,1]], distortion: [0,0,0,0]}\n"
)
SQUARE = [[100, 100], [200, 100], [200, 180]]


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "yard"
    place.mkdir()
    (place / "camera.yaml").write_text(YAML)
    return place


def serving(folder, space="raw"):
    plate = np.tile(
        np.linspace(60, 180, WIDE // 2).astype(np.uint8)[None, :, None], (HIGH // 2, 1, 3)
    )
    page = RoiPage(folder, Background(rgb=plate, native_wh=(WIDE, HIGH), day="2026-01-05"), space)
    Thread(target=page.serve, daemon=True).start()
    return page


@pytest.fixture
def page(folder):
    page = serving(folder)
    yield page
    page.close()


def ask(page, method="GET", path=None, body=None, host=None, media_type="application/json"):
    path = path or "/" + page.url.split("/")[3] + "/"
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    headers = {"Host": host or f"127.0.0.1:{page.port}"}
    if body is not None:
        headers["Content-Type"] = media_type
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def post(page, rois, **how):
    path = "/" + page.url.split("/")[3] + "/drawn"
    return ask(page, "POST", path, json.dumps({"drawn": rois}), **how)


def test_the_page_shows_the_plate_and_the_regions_that_there_are(page):
    status, text = ask(page)
    assert status == 200
    assert "data:image/png;base64," in text
    assert '"name": "mat"' in text
    assert 'src="http' not in text


def test_what_is_posted_replaces_the_regions_and_nothing_else(page, folder):
    status, text = post(page, [{"name": "desk", "polygon_xy": SQUARE}])
    assert (status, json.loads(text)) == (200, {"saved": "Saved: 1 region."})
    assert [roi.name for roi in load_camera(folder).rois] == ["desk"]
    assert (folder / "camera.yaml").read_text().startswith("# by the yard\n")


@pytest.mark.parametrize(
    ("rois", "says"),
    [
        ([{"name": "", "polygon_xy": SQUARE}], "has no name"),
        ([{"name": "a", "polygon_xy": SQUARE[:2]}], "three or more"),
        ([{"name": "a", "polygon_xy": SQUARE}] * 2, "names that differ"),
        ([{"name": "a", "polygon_xy": [[900, 900], [950, 900], [950, 950]]}], "lies outside"),
        ([{"name": "a", "polygon_xy": [[0, 0], [9, 0], [9, float("nan")]]}], "polygon_xy is nan"),
        ([{"name": "a", "polygon_xy": [[0, 0], [9, 0], [9, float("inf")]]}], "is no place"),
        ([{"name": "a", "polygon_xy": [[0, 0], [9, 0], [9, [1]]]}], "a number of polygon_xy"),
        ("desk", "rois is"),
    ],
)
def test_mistakes_are_said_and_change_nothing(page, folder, rois, says):
    status, text = post(page, rois)
    assert status == 400
    assert says in json.loads(text)["error"]
    assert (folder / "camera.yaml").read_text() == YAML


@pytest.mark.parametrize(
    ("length", "status"), [("²", 400), ("-1", 400), ("9" * 5000, 413), ("2000000", 413)]
)
def test_a_length_that_is_none_or_too_large_is_refused(page, length, status):
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    connection.putrequest("POST", "/" + page.url.split("/")[3] + "/drawn")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", length)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()


def test_a_document_nested_without_end_is_a_mistake_like_others(page, folder):
    path = "/" + page.url.split("/")[3] + "/drawn"
    status, text = ask(page, "POST", path, "[" * 500_000)
    assert (status, "nested too deeply" in text) == (400, True)
    assert (folder / "camera.yaml").read_text() == YAML


def test_nobody_without_the_token_or_from_another_name_gets_in(page, folder):
    good = [{"name": "desk", "polygon_xy": SQUARE}]
    assert ask(page, path="/")[0] == 404
    assert ask(page, path="/guess/")[0] == 404
    assert ask(page, host="evil.example")[0] == 404
    assert post(page, good, host="evil.example:80")[0] == 404
    assert post(page, good, media_type="text/plain")[0] == 415
    assert ask(page, "POST", "/guess/drawn", json.dumps({"drawn": good}))[0] == 404
    assert (folder / "camera.yaml").read_text() == YAML


def test_regions_of_the_rectified_view_stand_beside_those_of_the_raw_one(folder):
    with pytest.raises(ValueError, match="not calibrated"):
        serving(folder, "rectified")
    (folder / "camera.yaml").write_text(YAML + LENS)
    page = serving(folder, "rectified")
    assert '"mat"' not in ask(page)[1]
    assert post(page, [{"name": "desk", "polygon_xy": SQUARE}])[0] == 200
    page.close()
    assert [(roi.name, roi.space) for roi in load_camera(folder).rois] == [
        ("mat", "raw"),
        ("desk", "rectified"),
    ]


def test_clicked_edges_calibrate_the_lens_or_are_refused_with_the_number(folder):
    grey = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    page = LinePage(folder, Background(rgb=grey, native_wh=SIZE, day=""), "fisheye")
    Thread(target=page.serve, daemon=True).start()
    assert "straight in the world" in ask(page)[1]
    lines = [
        {"name": f"line_{n}", "polygon_xy": line.tolist()} for n, line in enumerate(edges(FISHEYE))
    ]
    status, text = post(page, lines[:2])
    assert (status, "2 lines, 3 are needed" in text) == (400, True)
    assert (folder / "camera.yaml").read_text() == YAML
    status, text = post(page, lines)
    assert (status, "on 5 lines" in text) == (200, True)
    assert load_camera(folder).lens.matrix[0][0] == pytest.approx(169, rel=0.06)
    page.close()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.is_file(), reason="no chromium on this machine")
def test_a_polygon_clicked_in_the_browser_is_found_in_camera_yaml(page, folder, tmp_path):
    engine = pytest.importorskip("playwright.sync_api").sync_playwright
    clicks = [(320, 90), (480, 90), (480, 270), (320, 270)]  # full-frame pixels
    with engine() as playwright:
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        tab = browser.new_page(viewport={"width": 900, "height": 800})
        problems = []
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        tab.goto(page.url)
        view = tab.locator("#view")
        box = view.bounding_box()
        for x, y in [*clicks, clicks[0]]:
            tab.mouse.click(
                box["x"] + (x + 0.5) * box["width"] / WIDE,
                box["y"] + (y + 0.5) * box["height"] / HIGH,
            )
        tab.get_by_label("Name of region 2").fill("workplace 3")
        tab.screenshot(path=str(tmp_path / "drawn.png"))
        tab.get_by_text("Save to camera.yaml").click()
        tab.get_by_text("Saved: 2 regions.").wait_for()
        tab.get_by_label("Name of region 1").fill("workplace 3")
        tab.get_by_text("Save to camera.yaml").click()
        tab.get_by_text("names that differ").wait_for()
        browser.close()
    assert not [problem for problem in problems if "400" not in problem]
    mat, drawn = load_camera(folder).rois
    assert (mat.name, drawn.name) == ("mat", "workplace 3")
    assert np.allclose(drawn.polygon_xy, clicks, atol=1)
