"""upCam: ``train/DD/*.mp4`` of ordinary life; ``*.mp4`` beside ``<stem>.labels.csv`` to judge.

The labels are one 0 or 1 a frame. ``<stem>.events.md``, where it is there, names the events:
``- 002390 - 002719: **(A)** Laying down on bed.`` counts frames from 1.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark.layouts.clip_files import (
    VIDEO_SUFFIXES,
    LayoutError,
    find_root,
    visible,
)
from camera_analysis.benchmark.layouts.clips import (
    AnomalyBenchmark,
    Clip,
    FrameTruth,
    footage_clip,
)

FPS = 5.0
CAMERA = "upcam"
NO_PLACE = "the truth says when something is abnormal, not where"


def load_upcam(folder: Path) -> AnomalyBenchmark:
    """The upCam room.

    Raises:
        LayoutError: another layout, or no video with labels.
    """
    root = find_root(folder, ("train",), "upCam")
    train = _videos(root / "train")
    labelled = [
        (path, path.with_suffix(".labels.csv"))
        for path in _videos(root)
        if path.with_suffix(".labels.csv").is_file()
    ]
    if not labelled:
        raise LayoutError(f"{root}: expected a video beside its <stem>.labels.csv; found none")
    judged = {path for path, _ in labelled}
    return AnomalyBenchmark(
        layout="upcam",
        train=tuple(
            footage_clip(path, camera=CAMERA, fps=FPS) for path in train if path not in judged
        ),
        test=tuple(_test_clip(path, labels) for path, labels in labelled),
        absent=dict.fromkeys(("pixel_auc", "rbdc", "tbdc"), NO_PLACE),
    )


def _videos(folder: Path) -> list[Path]:
    found = visible(folder, folder.rglob("*"))
    return [path for path in found if path.suffix.lower() in VIDEO_SUFFIXES]


def _test_clip(path: Path, labels: Path) -> Clip:
    listed = path.with_suffix(".events.md")
    abnormal = _read(labels)
    return footage_clip(
        path,
        camera=CAMERA,
        fps=FPS,
        truth=lambda: (FrameTruth(abnormal=bool(one)) for one in abnormal),
        events=_events(listed, abnormal.size) if listed.is_file() else None,
    )


def _read(labels: Path) -> npt.NDArray[np.bool_]:
    try:
        text = labels.read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if line.strip()]
        values = np.loadtxt(lines, ndmin=1, delimiter=",") if lines else np.zeros(0)
    except ValueError as error:
        raise LayoutError(f"{labels}: expected one 0 or 1 a line; {error}") from error
    if not values.size or values.ndim != 1 or not np.isin(values, (0, 1)).all():
        found = ", ".join(text.split()[:3]) or "nothing"
        raise LayoutError(f"{labels}: expected one 0 or 1 a line; it begins with {found}")
    return values.astype(bool)


def _events(path: Path, frames: int) -> tuple[tuple[int, int], ...]:
    """Abnormal events that begin within the labelled frames; first and last frame from 0."""
    pattern = re.compile(r"(\d+)\s*-\s*(\d+):\s*\*\*\(A\)\*\*")
    found = pattern.findall(path.read_text(encoding="utf-8"))
    spans = [(int(first) - 1, min(int(last), frames) - 1) for first, last in found]
    return tuple((first, last) for first, last in spans if first <= last)
