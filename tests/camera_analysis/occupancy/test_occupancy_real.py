"""On a clip labelled by eye: better than the bottom-centre rule, on halves that chose nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from camera_analysis.camera_file import load_camera
from camera_analysis.labelling.label_pass import process_day
from camera_analysis.labelling.labels import read_labels_meta
from camera_analysis.occupancy.occupancy import day_scores
from camera_analysis.occupancy.occupancy_calibration import (
    BOTTOM_CENTRE,
    calibrate_occupancy,
    read_labels,
)
from camera_analysis.occupancy.roi_masks import Grid, roi_masks

DATA = Path(__file__).resolve().parents[2] / "data"


def test_the_labels_by_eye_lie_where_they_are_looked_for():
    assert len(read_labels(DATA / "intel_one_by_one_regions.csv", ZoneInfo("UTC"))) == 298
    assert (DATA / "intel_one_by_one_camera.yaml").is_file()


@pytest.mark.slow
@pytest.mark.real_data
def test_mask_overlap_finds_who_stands_at_the_table(samples, tmp_path):
    clip = samples / "videos" / "intel_one-by-one-person-detection.mp4"
    if not clip.is_file():
        pytest.skip(f"no {clip.name}")
    (tmp_path / "2026-01-05T08-00-00.mp4").symlink_to(clip)
    text = (DATA / "intel_one_by_one_camera.yaml").read_text()
    (tmp_path / "camera.yaml").write_text("id: intel\n" + text)
    camera = replace(load_camera(tmp_path), interval_s=1.4)  # the labelled frames alone
    index, labels = tmp_path / "index", tmp_path / "labels"
    index.mkdir()
    labels.mkdir()
    process_day(camera, "2026-01-05", None, index, labels)
    meta = read_labels_meta(labels)
    assert meta.native_wh == (768, 432)
    grid = Grid(native_wh=meta.native_wh, label_wh=(meta.width, meta.height))
    masks = roi_masks(camera.rois, camera.lens, grid)
    scores = day_scores(camera, masks, grid, meta, index, labels)
    seen = read_labels(DATA / "intel_one_by_one_regions.csv", camera.zone)
    found = calibrate_occupancy(seen, [scores], camera.occupancy, camera.interval_s)
    assert (found.labels, found.occupied) == (298, 149)
    assert found.held_out["roi_share"].f1 > 0.95
    assert found.held_out["roi_share"].f1_interval.low > found.held_out[BOTTOM_CENTRE].f1 + 0.1
