"""No picture that leaves the line shows what a mover looks like, whatever the plate's setting."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from camera_analysis.camera import Camera
from camera_analysis.events.anomaly import judge_day
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.video import read_samples
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.footage.video_write import write_video
from camera_analysis.labelling.label_pass import process_day
from camera_analysis.normal.day_counts import count_day
from camera_analysis.normal.learned_normal import build_normal
from camera_analysis.reports.report import ReportInputs, write_report
from tests.camera_analysis.factories_days import fresh
from tests.camera_analysis.factories_scene import noisy, room, walker_box

HEIGHT, WIDTH = 128, 192
CELL = 8
#: Two saturated colours that neither the room nor any palette of the pictures has, side by side.
LIME, VIOLET = (40, 250, 20), (150, 10, 240)
EMPTY_DAY, BUSY_DAY = "2026-01-04", "2026-01-05"


def with_checkered_walker(scene, step):
    x0, y0, x1, y1 = (2 * edge for edge in walker_box(step))
    rows, columns = np.mgrid[y0:y1, x0:x1] // CELL
    worn = scene.copy()
    worn[y0:y1, x0:x1] = np.where((rows + columns)[..., None] % 2, LIME, VIOLET)
    return worn


def shows_the_pattern(picture_rgb) -> bool:
    """Whether the two colours lie within a few pixels of each other, at any scale."""
    near = [
        cv2.inRange(
            np.ascontiguousarray(picture_rgb[..., :3]),
            np.array(colour, float) - 69,
            np.array(colour, float) + 69,
        )
        // 255
        for colour in (LIME, VIOLET)
    ]
    grown = cv2.dilate(near[0], np.ones((13, 13), np.uint8))
    return bool((grown & near[1]).sum() > 4)


def decoded(png: bytes):
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def film(folder):
    """An empty day, and a day on which somebody in checkers walks through the view."""
    scene = room(height=HEIGHT, width=WIDTH)
    for day, worn in ((EMPTY_DAY, False), (BUSY_DAY, True)):
        frames = (
            noisy(with_checkered_walker(scene, n) if worn else scene, n, 1.0) for n in range(60)
        )
        write_video(folder / f"{day}T08-00-00.mp4", frames, 2, crf=8)


def run_the_line(camera, root: Path) -> Path:
    """Everything the line writes of both days, below one folder; returns the report."""
    folders = {}
    for day in (EMPTY_DAY, BUSY_DAY):
        at = {name: fresh(root / day / name) for name in ("index", "labels", "counts")}
        process_day(camera, day, None, at["index"], at["labels"])
        count_day(at["index"], at["labels"], at["counts"])
        folders[day] = at
    judged, normal, anomalies = folders[BUSY_DAY], fresh(root / "normal"), fresh(root / "anomalies")
    build_normal(
        {EMPTY_DAY: folders[EMPTY_DAY]["counts"]},
        [EMPTY_DAY],
        normal,
        plate=judged["labels"] / "plate.png",
        judged_day=BUSY_DAY,
    )
    judge_day(
        judged["index"],
        judged["labels"],
        normal,
        anomalies,
        day=BUSY_DAY,
        zone=camera.zone,
        config=AnomalyConfig(),
        mode=camera.mode,
    )
    inputs = ReportInputs(
        camera=camera,
        day=BUSY_DAY,
        frame_index=judged["index"],
        label_maps=judged["labels"],
        activity_counts=judged["counts"],
        learned_normal=normal,
        anomalies=anomalies,
    )
    return write_report(inputs, fresh(root / "report")).report


@pytest.mark.parametrize("plate", ["blurred", "clear"])
def test_no_picture_shows_what_somebody_wears(tmp_path, plate):
    footage = fresh(tmp_path / "footage")
    film(footage)
    camera = Camera(id="yard", folder=footage, interval_s=0.5, plate=plate)
    page = run_the_line(camera, tmp_path / "line").read_text(encoding="utf-8")
    pictures = {path: path.read_bytes() for path in (tmp_path / "line").rglob("*.png")}
    inlined = [base64.b64decode(png) for png in re.findall(r"data:image/png;base64,([^\"]+)", page)]
    assert len(inlined) >= 10
    assert any(path.name.startswith("marked_") for path in pictures)
    leaks = [path.name for path, png in pictures.items() if shows_the_pattern(decoded(png))]
    assert leaks == []
    only_inlined = set(inlined) - set(pictures.values())
    assert not any(shows_the_pattern(decoded(png)) for png in only_inlined)


def test_the_search_finds_the_pattern_where_it_is(tmp_path):
    """The frames themselves, at their own size and enlarged: the search is not blind."""
    film(tmp_path)
    config = ReadConfig(max_side_px=640)
    samples = read_samples(tmp_path / f"{BUSY_DAY}T08-00-00.mp4", 0.5, config=config)
    frames = [item.frame_rgb for item in samples if isinstance(item, SampledFrame)]
    assert sum(shows_the_pattern(frame) for frame in frames) > 50
    assert shows_the_pattern(cv2.resize(frames[20], (900, 600)))
