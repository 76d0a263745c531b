"""UCSD Ped1 and Ped2: ``Train/TrainNNN/*``, ``Test/TestNNN/*``, ``Test/TestNNN_gt/*``.

Frames and masks may have any image format. Ped1 has masks for some clips only; the frames of the
others come from ``Test/*.m``, whose k-th line ``gt_frame = [60:152]`` is of clip number k, its
first frame being 1. Where ``Test/TestNNN_gt.txt`` lies beside the clips (boxes and tracks as
Street Scene writes them), its regions replace those of the masks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from camera_analysis.benchmark.layouts.clip_files import (
    LayoutError,
    find_root,
    image_files,
    read_mask,
)
from camera_analysis.benchmark.layouts.clips import (
    AnomalyBenchmark,
    Clip,
    FrameTruth,
    TruthRegion,
    footage_clip,
)
from camera_analysis.benchmark.layouts.truth_regions import boxes_of, tracked_masks

FPS = 10.0
NO_PIXELS = "not every test clip has pixel masks"


@dataclass(frozen=True)
class _Truths:
    """What there is for one test clip."""

    masks: tuple[Path, ...]
    ranges: tuple[tuple[int, int], ...] | None
    boxes: Mapping[str, tuple[TruthRegion, ...]] | None


def load_ucsd(folder: Path, *, variant: str = "") -> AnomalyBenchmark:
    """Ped1 or Ped2.

    Args:
        folder: with ``Train`` and ``Test``, or one above that.
        variant: "ped1" or "ped2" where the folder above holds both.

    Raises:
        LayoutError: another layout, or a test clip without truth.
    """
    root = find_root(folder, ("Train", "Test"), "UCSD", prefer=variant)
    train = _clip_folders(root / "Train", "Train")
    test = _clip_folders(root / "Test", "Test")
    ranges = _frame_ranges(root / "Test")
    truths = [_truths_of(path, ranges) for path in test]
    with_boxes = all(truth.boxes is not None for truth in truths)
    with_masks = all(truth.masks for truth in truths)
    absent = {} if with_masks else {"pixel_auc": NO_PIXELS}
    if not with_boxes and not with_masks:
        absent |= {"rbdc": NO_PIXELS, "tbdc": NO_PIXELS}
    return AnomalyBenchmark(
        layout="ucsd",
        train=tuple(footage_clip(path, camera=root.name, fps=FPS) for path in train),
        test=tuple(
            _test_clip(path, truth, root.name) for path, truth in zip(test, truths, strict=True)
        ),
        absent=absent,
        regions_from="boxes" if with_boxes else "masks" if with_masks else "",
    )


def _clip_folders(folder: Path, prefix: str) -> list[Path]:
    pattern = re.compile(rf"{prefix}\d+$", re.IGNORECASE)
    found = [
        path for path in sorted(folder.iterdir()) if path.is_dir() and pattern.match(path.name)
    ]
    if not found:
        raise LayoutError(f"{folder}: expected folders {prefix}001, {prefix}002, ...; found none")
    return found


def _truths_of(clip: Path, ranges: list[tuple[tuple[int, int], ...]]) -> _Truths:
    folder, boxes = clip.with_name(f"{clip.name}_gt"), clip.with_name(f"{clip.name}_gt.txt")
    masks = image_files(folder) if folder.is_dir() else ()
    stems = _stems(clip)
    if masks and len(masks) != len(stems):
        raise LayoutError(f"{folder}: {len(masks)} masks for {len(stems)} frames of {clip.name}")
    number = int(clip.name[len("Test") :])
    of_clip = ranges[number - 1] if 1 <= number <= len(ranges) else None
    if not masks and of_clip is None and not boxes.is_file():
        known = f", which names those of clips 1 to {len(ranges)}" if ranges else ""
        raise LayoutError(
            f"{clip}: no truth; expected masks in {folder.name}/ or the frames of clip {number} "
            f"in a .m file{known}"
        )
    return _Truths(masks, of_clip, boxes_of(boxes, stems) if boxes.is_file() else None)


def _stems(clip: Path) -> tuple[str, ...]:
    return tuple(file.stem for file in image_files(clip))


def _frame_ranges(folder: Path) -> list[tuple[tuple[int, int], ...]]:
    """Abnormal frames (from 0, inclusive) of each test clip, from the MATLAB script."""
    scripts = [path for path in sorted(folder.glob("*.m")) if not path.name.startswith(".")]
    if not scripts:
        return []
    text = scripts[0].read_text(encoding="utf-8", errors="replace")
    text = re.sub(r"%.*", "", text)
    found = re.findall(r"gt_frame\s*=\s*\[([^\]]*)\]", text)
    return [
        tuple(
            (int(first) - 1, int(last or first) - 1)
            for first, last in re.findall(r"(\d+)(?:\s*:\s*(\d+))?", r)
        )
        for r in found
    ]


def _test_clip(path: Path, truth: _Truths, camera: str) -> Clip:
    return footage_clip(path, camera=camera, fps=FPS, truth=_opener(path, truth))


def _opener(path: Path, truth: _Truths) -> Callable[[], Iterator[FrameTruth]]:
    stems = _stems(path)
    return lambda: _read_truth(stems, truth)


def _read_truth(stems: tuple[str, ...], truth: _Truths) -> Iterator[FrameTruth]:
    masked = tracked_masks(read_mask(file) > 127 for file in truth.masks)
    for number, stem in enumerate(stems):
        found = next(masked) if truth.masks else _in_ranges(number, truth.ranges)
        if truth.boxes is not None:
            regions = truth.boxes.get(stem, ())
            found = replace(found, regions=regions, abnormal=found.abnormal or bool(regions))
        yield found


def _in_ranges(number: int, ranges: tuple[tuple[int, int], ...] | None) -> FrameTruth:
    inside = any(first <= number <= last for first, last in ranges or ())
    return FrameTruth(abnormal=inside)
