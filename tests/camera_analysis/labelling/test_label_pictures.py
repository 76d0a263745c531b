from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from camera_analysis.label_classes import CLASS_COLOURS_RGB, CLASS_NAMES, HUMAN
from camera_analysis.labelling.label_pictures import (
    QualitySeries,
    ShownMap,
    save_plate,
    save_preview,
    save_quality,
)

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 1, 5, 12, tzinfo=ZONE)


def colours_in(path):
    return {tuple(pixel) for pixel in cv2.imread(str(path))[..., ::-1].reshape(-1, 3).tolist()}


def test_the_contact_sheet_shows_class_colours(tmp_path):
    labels = np.zeros((40, 60), np.uint8)
    labels[10:30, 10:30] = HUMAN
    maps = [ShownMap(time_local=NOON, labels_hw=labels)] * 4
    save_preview(maps, CLASS_NAMES, "yard 2026-01-05", tmp_path / "a.png")
    save_preview([], CLASS_NAMES, "yard 2026-01-05", tmp_path / "none.png")
    assert set(CLASS_COLOURS_RGB) <= colours_in(tmp_path / "a.png")
    assert cv2.imread(str(tmp_path / "a.png")).shape[1] == 900


def test_a_blurred_plate_keeps_an_eighth_of_the_detail(tmp_path):
    checks = np.indices((64, 128)).sum(axis=0) // 2 % 2 * 255
    plate = np.repeat(checks.astype(np.uint8)[..., None], 3, axis=2)
    save_plate(plate, "blurred", tmp_path / "a.png")
    save_plate(plate, "clear", tmp_path / "b.png")
    assert cv2.imread(str(tmp_path / "a.png")).std() < 5
    assert (cv2.imread(str(tmp_path / "b.png")) == plate).all()


def test_the_quality_strip_is_drawn_for_many_one_or_no_frames(tmp_path):
    for count in (0, 1, 50):
        series = QualitySeries(
            seconds=NOON.timestamp() + 60.0 * np.arange(count),
            luma_mean=np.full(count, 90, np.float32),
            sharpness=np.full(count, 20, np.float32),
            shift_px=np.zeros(count, np.float32),
            reasons=(np.arange(count) % 2).astype(np.uint8),
            reason_names=("", "dark"),
        )
        save_quality(series, ZONE, "yard 2026-01-05", tmp_path / f"{count}.png")
        assert cv2.imread(str(tmp_path / f"{count}.png")).shape[1] == 900
