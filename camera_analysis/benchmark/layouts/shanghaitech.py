"""ShanghaiTech Campus: 13 cameras, named by the first number of each clip (``01_0014``).

``training/videos/*.avi`` (or ``training/frames/*/``), ``testing/frames/*/``,
``testing/test_frame_mask/*.npy`` and, where unpacked, ``testing/test_pixel_mask/*.npy``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

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
from camera_analysis.benchmark.layouts.truth_regions import tracked_masks

FPS = 24.0
FRAME_MASKS, PIXEL_MASKS = "testing/test_frame_mask", "testing/test_pixel_mask"
NO_PIXELS = f"{PIXEL_MASKS} is not there for every test clip"


def load_shanghaitech(folder: Path) -> AnomalyBenchmark:
    """ShanghaiTech Campus.

    Raises:
        LayoutError: another layout, a test clip without truth or with one that cannot be
            read, or a camera without training clips.
    """
    root = find_root(folder, ("training", "testing"), "ShanghaiTech")
    train = _footage(root, "training")
    test = _footage(root, "testing")
    pixels = all((root / PIXEL_MASKS / f"{path.stem}.npy").is_file() for path in test)
    absent = {} if pixels else dict.fromkeys(("pixel_auc", "rbdc", "tbdc"), NO_PIXELS)
    return AnomalyBenchmark(
        layout="shanghaitech",
        train=tuple(footage_clip(path, camera=_camera(path), fps=FPS) for path in train),
        test=tuple(_test_clip(root, path, pixels=pixels) for path in test),
        absent=absent,
        regions_from="masks" if pixels else "",
    )


def _footage(root: Path, part: str) -> tuple[Path, ...]:
    for name in ("frames", "videos"):
        if (root / part / name).is_dir() and (found := footage_files(root / part / name)):
            return found
    raise LayoutError(f"{root / part}: expected clips in frames/ or videos/; found none")


def _camera(path: Path) -> str:
    return path.stem.split("_")[0]


def _test_clip(root: Path, path: Path, *, pixels: bool) -> Clip:
    frame_file = root / FRAME_MASKS / f"{path.stem}.npy"
    if not frame_file.is_file():
        raise LayoutError(f"{path}: expected its truth in {FRAME_MASKS}/{path.stem}.npy")
    pixel_file = root / PIXEL_MASKS / f"{path.stem}.npy" if pixels else None
    abnormal, _ = _arrays(frame_file, pixel_file)
    return footage_clip(
        path,
        camera=_camera(path),
        fps=FPS,
        truth=_opener(frame_file, pixel_file),
        truth_frames=len(abnormal),
    )


def _opener(frame_file: Path, pixel_file: Path | None) -> Callable[[], Iterator[FrameTruth]]:
    return lambda: _read(frame_file, pixel_file)


def _read(frame_file: Path, pixel_file: Path | None) -> Iterator[FrameTruth]:
    abnormal, planes = _arrays(frame_file, pixel_file)
    if planes is None:
        yield from (FrameTruth(abnormal=bool(one)) for one in abnormal)
        return
    truths = tracked_masks(np.asarray(plane).astype(bool) for plane in planes)
    for one, truth in zip(abnormal, truths, strict=True):
        yield FrameTruth(abnormal=bool(one), mask_hw=truth.mask_hw, regions=truth.regions)


def _arrays(
    frame_file: Path, pixel_file: Path | None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.generic] | None]:
    """(N,) abnormal frames; (N, H, W) masks, where there are any."""
    abnormal = _array(frame_file, 1).astype(bool)
    planes = None if pixel_file is None else _array(pixel_file, 3)
    if planes is not None and len(planes) != len(abnormal):
        raise LayoutError(
            f"{pixel_file}: {len(planes)} masks, but {len(abnormal)} frames in {frame_file}"
        )
    return abnormal, planes


def _array(path: Path, dimensions: int) -> npt.NDArray[np.generic]:
    """Memory-mapped, so that a clip's masks are never all in memory."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except ValueError as error:
        raise LayoutError(
            f"{path}: not a plain .npy array: {error}; save numbers with numpy.save"
        ) from error
    if array.ndim != dimensions:
        raise LayoutError(f"{path}: shape {array.shape}; expected {dimensions} dimensions")
    return np.asarray(array) if dimensions == 1 else array
