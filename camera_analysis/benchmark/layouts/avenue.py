"""CUHK Avenue: ``training_videos/*.avi``, ``testing_videos/*.avi``, a ``volLabel`` of masks each.

The masks lie in ``testing_label_mask/N_label.mat`` (or ``ground_truth_demo/testing_label_mask``),
one cell per frame. Videos may have been unpacked to folders of images.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from camera_analysis.benchmark.layouts.clip_files import (
    LayoutError,
    find_root,
    footage_files,
)
from camera_analysis.benchmark.layouts.clips import (
    AnomalyBenchmark,
    Clip,
    FrameTruth,
    footage_clip,
)
from camera_analysis.benchmark.layouts.matlab_cells import (
    MatlabCellsError,
    count_cells,
    iterate_cells,
)
from camera_analysis.benchmark.layouts.truth_regions import tracked_masks

FPS = 25.0
CAMERA, CELLS = "avenue", "volLabel"
MASK_FOLDERS = (
    "testing_label_mask",
    "ground_truth_demo/testing_label_mask",
    "ground_truth/testing_label_mask",
    "ground_truth",
    "testing_vol",
)


def load_avenue(folder: Path) -> AnomalyBenchmark:
    """CUHK Avenue.

    Raises:
        LayoutError: another layout, a test video without masks, or masks that cannot be read.
    """
    root = find_root(folder, ("training_videos", "testing_videos"), "CUHK Avenue")
    masks = _mask_files(folder, root)
    return AnomalyBenchmark(
        layout="avenue",
        train=tuple(
            footage_clip(path, camera=CAMERA, fps=FPS)
            for path in footage_files(root / "training_videos")
        ),
        test=tuple(
            _test_clip(path, _mask_of(path, masks))
            for path in footage_files(root / "testing_videos")
        ),
        regions_from="masks",
    )


def _mask_files(folder: Path, root: Path) -> dict[int, Path]:
    for base in dict.fromkeys((root, root.parent, folder)):
        for name in MASK_FOLDERS:
            files = sorted((base / name).glob("*.mat"))
            found = {_number(path): path for path in files if not path.name.startswith(".")}
            if found:
                return found
    raise LayoutError(
        f"{root}: expected masks N_label.mat in one of {', '.join(MASK_FOLDERS)}; found none"
    )


def _mask_of(video: Path, masks: dict[int, Path]) -> Path:
    number = _number(video)
    if number not in masks:
        raise LayoutError(f"{video}: no masks of number {number}; there are {sorted(masks)}")
    return masks[number]


def _number(path: Path) -> int:
    found = re.search(r"\d+", path.stem)
    if not found:
        raise LayoutError(f"{path}: expected a number in the name")
    return int(found.group())


def _test_clip(video: Path, file: Path) -> Clip:
    try:
        frames = count_cells(file, CELLS)
    except MatlabCellsError as error:
        raise LayoutError(f"{file}: {error}") from error
    return footage_clip(video, camera=CAMERA, fps=FPS, truth=_opener(file), truth_frames=frames)


def _opener(file: Path) -> Callable[[], Iterator[FrameTruth]]:
    return lambda: _read(file)


def _read(file: Path) -> Iterator[FrameTruth]:
    try:
        yield from tracked_masks(cell.astype(bool) for cell in iterate_cells(file, CELLS))
    except MatlabCellsError as error:
        raise LayoutError(f"{file}: {error}") from error
