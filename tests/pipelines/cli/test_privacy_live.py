"""``learned-normal privacy live`` on a drawn clip: somebody in red walks, no picture shows red."""

from __future__ import annotations

import re
import shutil
import threading
from http.client import HTTPConnection
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from camera_analysis.camera import Camera, CameraConfigError
from camera_analysis.camera_file import write_camera
from camera_analysis.footage.video_write import write_video
from camera_analysis.privacy.live_sources import LiveClock
from pipelines.cli.command import main
from pipelines.pages import live_preview
from pipelines.pages.live_source import live_source

CHROMIUM = Path(shutil.which("chromium") or "/usr/bin/chromium")
CLOCK = LiveClock(now=lambda: 0.0, sleep=lambda seconds: None)
PATIENCE_MS = 30_000


def frame_of(number):
    picture = np.full((96, 160, 3), 150, np.uint8)
    for x in range(5, 160, 24):
        cv2.rectangle(picture, (x, 8), (x + 12, 30 + x % 17), (90, 110, 60), -1)
    x = 10 + 4 * number % 130
    picture[35:75, x : x + 12] = (220, 30, 30)
    return picture


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "2026-01-05T08-00-00.mp4"
    write_video(path, (frame_of(number) for number in range(60)), 20)
    return path


def serve_and(monkeypatch, look):
    """Answer requests beside ``look``, which is given the server, and end with it."""

    def serve(server):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            look(server)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    monkeypatch.setattr(live_preview, "serve", serve)


def run(clip, home, *options):
    arguments = ["privacy", "live", str(clip), "--port", "0", "--home", str(home), *options]
    return CliRunner().invoke(main, arguments)


def red_pixels(jpeg):
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).astype(int)
    return int(((picture[..., 2] > 150) & (picture[..., 1] < 90)).sum())


def test_no_picture_of_the_stream_shows_anybody(clip, tmp_path, monkeypatch):
    pictures = []

    def look(server):
        connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
        connection.request("GET", "/stream")
        body = connection.getresponse().read()  # ends with the file
        connection.close()
        pictures.extend(re.findall(rb"\xff\xd8\xff.*?\xff\xd9", body, re.DOTALL))

    serve_and(monkeypatch, look)
    result = run(clip, tmp_path, "--method", "blank")
    assert result.exit_code == 0, result.output
    assert "only what moves is hidden" in result.output
    assert len(pictures) >= 5
    assert red_pixels(cv2.imencode(".jpg", frame_of(0)[..., ::-1])[1].tobytes()) > 300
    assert [red_pixels(picture) for picture in pictures] == [0] * len(pictures)


def test_another_address_gets_a_token_of_its_own(clip, tmp_path, monkeypatch):
    asked = []
    serve_and(monkeypatch, lambda server: asked.append(server.token))
    result = run(clip, tmp_path, "--host", "0.0.0.0", "--method", "pixelate")
    assert result.exit_code == 0, result.output
    assert "pixelate failed its audit: a matcher links" in result.output
    assert len(asked[0]) >= 32 and f"?token={asked[0]}" in result.output


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium")
def test_page_shows_picture_rate_and_latency(clip, tmp_path, monkeypatch):
    seen = {}

    def look(server):
        from playwright.sync_api import expect, sync_playwright

        with sync_playwright() as browser:
            chromium = browser.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = chromium.new_page()
            page.goto(server.page_address, wait_until="domcontentloaded")
            # ``wait_for_function`` evaluates a string, which the page's policy forbids.
            expect(page.locator("#status")).to_contain_text("people hidden", timeout=PATIENCE_MS)
            live = page.locator("#live")
            expect(live).to_have_js_property("naturalWidth", 160, timeout=PATIENCE_MS)
            seen["status"] = page.inner_text("#status")
            chromium.close()

    serve_and(monkeypatch, look)
    result = run(clip, tmp_path, "--again")
    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"people hidden \u00b7 [\d.]+ frames/s \u00b7 latency \d+ ms \u00b7 \d+ frames dropped",
        seen["status"],
    )


def test_source_is_an_address_a_file_or_a_camera(clip, tmp_path):
    def of(named):
        return live_source(named, tmp_path / "footage", CLOCK, max_side_px=640, again=False)

    address = of("rtsp://viewer:secret@10.0.0.7/main")
    assert (address.name, address.empty) == ("rtsp://10.0.0.7", None)
    assert of(str(clip)).empty.fill_rgb.shape == (96, 160, 3)
    folder = tmp_path / "footage" / "door"
    folder.mkdir(parents=True)
    write_camera(Camera(id="door", folder=folder), folder)
    with pytest.raises(ValueError, match="camera door has neither a stream nor footage"):
        of("door")
    shutil.copyfile(clip, folder / clip.name)
    assert of("door").camera.id == "door"
    assert of("door").empty is not None
    with pytest.raises(CameraConfigError, match="no camera yard"):
        of("yard")
    with pytest.raises(ValueError, match="no address that can be recorded"):
        of("file:///etc/passwd")
