"""Occupancy of a labelled clip: precision, recall and F1 beside the bottom-centre rule.

``python benchmarks/occupancy.py CLIP CAMERA_YAML LABELS_CSV [--model FOLDER] [--json FILE]``. Each
half by time is judged with the threshold that the other half chose. Without a model everything that
moves counts.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from camera_analysis.camera_file import load_camera
from camera_analysis.labelling.label_pass import process_day
from camera_analysis.labelling.labels import read_labels_meta
from camera_analysis.occupancy.occupancy import day_scores
from camera_analysis.occupancy.occupancy_calibration import (
    calibrate_occupancy,
    read_labels,
    table_lines,
)
from camera_analysis.occupancy.roi_masks import Grid, roi_masks

START = "2026-01-05T08-00-00"


def main() -> None:
    """Label the clip, calibrate, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("camera_yaml", type=Path)
    parser.add_argument("labels_csv", type=Path)
    parser.add_argument("--model", type=Path, help="Folder of a trained model.")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    segmenter = None
    if asked.model:
        from segmentation.inference.inference_config import InferenceConfig
        from segmentation.inference.predict import HumanSegmenter

        segmenter = HumanSegmenter(asked.model, "cpu", inference=InferenceConfig())
    with tempfile.TemporaryDirectory() as work:
        place, index, labels = (Path(work, name) for name in ("clip", "index", "labels"))
        for folder in (place, index, labels):
            folder.mkdir()
        (place / f"{START}{asked.clip.suffix}").symlink_to(asked.clip.resolve())
        (place / "camera.yaml").write_text(asked.camera_yaml.read_text())
        camera = load_camera(place)
        summary = process_day(camera, START[:10], segmenter, index, labels)
        meta = read_labels_meta(labels)
        grid = Grid(native_wh=meta.native_wh or (0, 0), label_wh=(meta.width, meta.height))
        masks = roi_masks(camera.rois, camera.lens, grid)
        scores = day_scores(camera, masks, grid, meta, index, labels)
    seen = read_labels(asked.labels_csv, camera.zone)
    found = calibrate_occupancy(seen, [scores], camera.occupancy, camera.interval_s)
    print(f"{asked.clip.name}: {summary.usable} frames, segmenter {meta.segmenter[:12]}")
    print("\n".join(table_lines(found)))
    if asked.json:
        asked.json.write_text(json.dumps(asdict(found), indent=1) + "\n")


if __name__ == "__main__":
    main()
