"""Street Scene: ``Train/TrainNNN/*.jpg``, ``Test/TestNNN/*.jpg`` with ``TestNNN_gt.txt`` inside."""

from __future__ import annotations

import re
from pathlib import Path

from camera_analysis.benchmark.layouts.clip_files import (
    LayoutError,
    find_root,
    image_files,
)
from camera_analysis.benchmark.layouts.clips import (
    AnomalyBenchmark,
    Clip,
    footage_clip,
)
from camera_analysis.benchmark.layouts.truth_regions import boxes_of, boxes_truth

FPS = 15.0
NO_PIXELS = "Street Scene's truth is boxes, not pixels"


def load_street_scene(folder: Path) -> AnomalyBenchmark:
    """Street Scene.

    Raises:
        LayoutError: another layout, or a test clip without its file of boxes.
    """
    root = find_root(folder, ("Train", "Test"), "Street Scene")
    return AnomalyBenchmark(
        layout="street_scene",
        train=tuple(
            footage_clip(path, camera=root.name, fps=FPS)
            for path in _clip_folders(root / "Train", "Train")
        ),
        test=tuple(_test_clip(path, root.name) for path in _clip_folders(root / "Test", "Test")),
        absent={"pixel_auc": NO_PIXELS},
        regions_from="boxes",
    )


def _clip_folders(folder: Path, prefix: str) -> list[Path]:
    found = [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and re.fullmatch(rf"{prefix}\d+", path.name, re.IGNORECASE)
    ]
    if not found:
        raise LayoutError(f"{folder}: expected folders {prefix}001, {prefix}002, ...; found none")
    return found


def _test_clip(path: Path, camera: str) -> Clip:
    name = f"{path.name}_gt.txt"
    file = next((place for place in (path / name, path.with_name(name)) if place.is_file()), None)
    if file is None:
        raise LayoutError(f"{path}: expected its truth in {name}; there is no such file")
    stems = [image.stem for image in image_files(path)]
    regions = boxes_of(file, stems)
    return footage_clip(path, camera=camera, fps=FPS, truth=lambda: boxes_truth(stems, regions))
