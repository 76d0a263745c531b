"""Truth regions and tracks: from files of boxes, or from pixel masks where there are no boxes.

A region of a mask is an 8-connected component; its box is what the criteria compare. A component
goes on the track of the component in the frame before that shares most pixels with it; each track
goes on in one component only, and one that is not seen in a frame has ended. So two things that
touch become one region, and one that is hidden for a moment becomes two tracks: scores against
such truth compare with published ones, whose boxes were drawn by hand, only with care.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark_layouts.clips import (
    BoolImage,
    FrameTruth,
    LayoutError,
    TruthRegion,
)
from camera_analysis.regions import Box

#: Components with fewer pixels are crumbs of an outline, not things.
FEWEST_PX = 8


def tracked_masks(masks_hw: Iterable[BoolImage]) -> Iterator[FrameTruth]:
    """Truth of consecutive frames from their masks.

    Args:
        masks_hw: (H, W) abnormal pixels of each frame.

    Yields:
        Truth with mask and regions; a frame is abnormal where any pixel is.
    """
    before = np.zeros((0, 0), np.int32)
    tracks_before: dict[int, int] = {}
    next_track = 0
    for mask_hw in masks_hw:
        parts, boxes = _components(mask_hw)
        shared = _shared_pixels(parts, before) if parts.shape == before.shape else []
        tracks: dict[int, int] = {}
        for _, part, earlier in shared:
            track = tracks_before.get(earlier)
            if track is not None and part in boxes and part not in tracks:
                if track not in tracks.values():
                    tracks[part] = track
        for part in boxes:
            if part not in tracks:
                tracks[part] = next_track
                next_track += 1
        regions = tuple(TruthRegion(tracks[part], box) for part, box in boxes.items())
        yield FrameTruth(abnormal=bool(mask_hw.any()), mask_hw=mask_hw, regions=regions)
        before, tracks_before = parts, tracks


def read_track_file(path: Path) -> dict[str, tuple[TruthRegion, ...]]:
    """Boxes of a test clip, as Street Scene publishes them.

    A line holds the file name of the frame, the number of the track, and x, y, width and height of
    the box, x and y its centre, separated by blanks or commas.

    Returns:
        Stem of the frame's file name -> its regions.

    Raises:
        LayoutError: a line that does not read so.
    """
    regions: dict[str, list[TruthRegion]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.replace(",", " ").split()
        if not fields:
            continue
        try:
            frame, track, x, y, width, height = fields
            half_w, half_h = float(width) / 2, float(height) / 2
            box = Box(
                int(np.floor(float(x) - half_w)),
                int(np.floor(float(y) - half_h)),
                int(np.ceil(float(x) + half_w)),
                int(np.ceil(float(y) + half_h)),
            )
            region = TruthRegion(int(float(track)), box)
        except ValueError as error:
            raise LayoutError(
                f"{path}: line {number} is {line!r}; expected "
                "'<frame file> <track> <x centre> <y centre> <width> <height>'"
            ) from error
        regions.setdefault(Path(frame).stem, []).append(region)
    return {frame: tuple(found) for frame, found in regions.items()}


def boxes_truth(
    stems: Iterable[str], regions: dict[str, tuple[TruthRegion, ...]]
) -> Iterator[FrameTruth]:
    """Truth of the frames with these file stems; frames without a box are normal."""
    for stem in stems:
        found = regions.get(stem, ())
        yield FrameTruth(abnormal=bool(found), regions=found)


def _components(mask_hw: BoolImage) -> tuple[npt.NDArray[np.int32], dict[int, Box]]:
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask_hw.astype(np.uint8), connectivity=8)
    boxes = {
        part: Box(x, y, x + width, y + height)
        for part, (x, y, width, height, area) in enumerate(stats.tolist())
        if part and area >= FEWEST_PX
    }
    return np.asarray(parts, np.int32), boxes


def _shared_pixels(
    parts: npt.NDArray[np.int32], before: npt.NDArray[np.int32]
) -> list[tuple[int, int, int]]:
    """(pixels, part, earlier part), most pixels first."""
    both = (parts > 0) & (before > 0)
    if not both.any():
        return []
    pairs, counts = np.unique(np.stack([parts[both], before[both]]), axis=1, return_counts=True)
    rows = [
        (int(count), int(part), int(earlier))
        for count, (part, earlier) in zip(counts, pairs.T, strict=True)
    ]
    return sorted(rows, key=lambda row: (-row[0], row[1], row[2]))
