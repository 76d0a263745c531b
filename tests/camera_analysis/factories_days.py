"""Drawn camera-days: label maps written as a pass writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.label_classes import CLASS_NAMES, HUMAN
from camera_analysis.labelling.labels import FRAMES, LabelsMeta, LabelWriter, write_labels_meta
from camera_analysis.normal.day_counts import count_day
from camera_analysis.normal.learned_normal import build_normal

HEIGHT, WIDTH = 48, 96
MORNING = datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class DrawnDay:
    """Folders of one drawn day."""

    index: Path
    labels: Path


def empty_scene(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.zeros((height, width), np.uint8)


def with_block(labels: np.ndarray, x: int, y: int, *, class_id: int = HUMAN, size=(8, 16)):
    """A copy with a block of (width, height) pixels whose left top corner is at x, y."""
    drawn = labels.copy()
    drawn[y : y + size[1], x : x + size[0]] = class_id
    return drawn


def lane_walk(frames: int, *, y: int = 8) -> list[np.ndarray]:
    """Somebody walks to and fro along a lane, four pixels a step."""
    there = list(range(0, WIDTH - 8, 4))
    path = there + there[::-1]
    return [with_block(empty_scene(), path[i % len(path)], y) for i in range(frames)]


def draw_day(
    folder: Path,
    maps: Sequence[np.ndarray],
    *,
    start: datetime = MORNING,
    interval_s: float = 1.0,
    offset_h: int = 0,
    classes: tuple[str, ...] = CLASS_NAMES,
    segmenter: str = "drawn",
) -> DrawnDay:
    """Write frame index and label maps of a drawn day."""
    day = DrawnDay(folder / "index", folder / "labels")
    day.index.mkdir(parents=True)
    day.labels.mkdir()
    height, width = maps[0].shape if maps else (HEIGHT, WIDTH)
    rows = [
        {
            "frame_id": i,
            "time_utc": (time := start + timedelta(seconds=i * interval_s)),
            "local_hour": (time.hour + offset_h) % 24,
            "file": "a.mp4",
            "pts_s": i * interval_s,
            "height": height,
            "width": width,
            "luma_mean": 100.0,
            "sharpness": 50.0,
            "still_share": 0.5,
            "shift_px": 0.0,
            "usable": True,
            "reason": "",
        }
        for i in range(len(maps))
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=FRAMES), day.index / "frames.parquet")
    with LabelWriter(day.labels) as writer:
        for i, labels in enumerate(maps):
            writer.add(i, labels)
    meta = LabelsMeta(classes=classes, height=height, width=width, segmenter=segmenter)
    write_labels_meta(meta, day.labels)
    plate = np.tile(np.linspace(60, 180, width).astype(np.uint8), (height, 1))
    cv2.imwrite(str(day.labels / "plate.png"), plate)
    return day


def fresh(folder: Path) -> Path:
    """The folder, made."""
    folder.mkdir(parents=True)
    return folder


def normal_of(folder: Path, day: DrawnDay, *, date: str = "2026-01-04") -> Path:
    """Counts and normal of one drawn day."""
    counts = fresh(folder / "counts")
    count_day(day.index, day.labels, counts)
    normal = fresh(folder / "normal")
    build_normal({date: counts}, [date], normal, plate=day.labels / "plate.png")
    return normal
