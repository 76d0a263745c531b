"""Truth regions and tracks: from files of boxes, or from pixel masks where there are no boxes.

The components of a mask, gaps of a few pixels closed, are told apart by what they continue. A
component goes on the track of the one in the frame before that shares most pixels with it, else on
a track that was lost less than ten frames ago near its place, else it begins a track. Components of
one track that lie together are one region, for a passer-by in front cuts a thing in two; where they
have moved apart, the smaller begins a track of its own. Two things that touch are one region as
long as they do. Scores against such truth compare with published ones, whose boxes were drawn by
hand, only with care.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import find_objects

from camera_analysis.benchmark.layouts.clip_files import LayoutError
from camera_analysis.benchmark.layouts.clips import (
    BoolImage,
    FrameTruth,
    TruthRegion,
)
from camera_analysis.labelling.regions import Box

_log = logging.getLogger(__name__)

#: Components with fewer pixels are crumbs of an outline, not things.
FEWEST_PX = 8
#: Pixels of one thing are at most so far apart, less one: wheel and saddle, hand and bag.
JOIN_PX = 7
#: Frames for which a thing may be hidden and still be the same: a walker passes in front of it.
LONGEST_GAP = 10
#: Two boxes lie together where they touch after growing by this share of their longer side.
NEAR_SHARE = 0.25


def tracked_masks(masks_hw: Iterable[BoolImage]) -> Iterator[FrameTruth]:
    """Truth of consecutive frames from their masks.

    Args:
        masks_hw: (H, W) abnormal pixels of each frame.

    Yields:
        Truth with mask and regions; a frame is abnormal where any pixel is.
    """
    tracker = _MaskTracker()
    for mask_hw in masks_hw:
        yield FrameTruth(
            abnormal=bool(mask_hw.any()), mask_hw=mask_hw, regions=tracker.regions(mask_hw)
        )


class _MaskTracker:
    """Which component of a mask is which thing."""

    def __init__(self) -> None:
        self._before = np.zeros((0, 0), np.int32)
        self._track_of: dict[int, int] = {}  # component of the frame before -> track
        self._last: dict[int, tuple[int, Box]] = {}  # track -> frame and box where it was seen
        self._frame = 0
        self._tracks = 0

    def regions(self, mask_hw: BoolImage) -> tuple[TruthRegion, ...]:
        parts, boxes = _components(mask_hw)
        shared = _shared_pixels(parts, self._before) if parts.shape == self._before.shape else []
        tracks: dict[int, int] = {}
        for _, part, earlier in shared:
            if part in boxes and part not in tracks and earlier in self._track_of:
                tracks[part] = self._track_of[earlier]
        found: dict[int, Box] = {}
        by_size = sorted(boxes, key=lambda part: (-boxes[part].area, part))
        for part in by_size:
            track = tracks.get(part)
            if track is None:
                track = self._lost_near(boxes[part], set(found) | set(tracks.values()))
            if track in found and not _together(found[track], boxes[part]):
                track = None
            if track is None:
                track, self._tracks = self._tracks, self._tracks + 1
            tracks[part] = track
            found[track] = found[track].union(boxes[part]) if track in found else boxes[part]
        self._last |= {track: (self._frame, box) for track, box in found.items()}
        self._before, self._track_of, self._frame = parts, tracks, self._frame + 1
        return tuple(TruthRegion(track, box) for track, box in sorted(found.items()))

    def _lost_near(self, box: Box, taken: set[int]) -> int | None:
        """The track lost last, and not long ago, whose place this is."""
        for track, (frame, last) in sorted(self._last.items(), key=lambda row: -row[1][0]):
            if self._frame - frame > LONGEST_GAP:
                return None
            if track not in taken and _together(last, box):
                return track
        return None


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


def boxes_of(path: Path, stems: Sequence[str]) -> dict[str, tuple[TruthRegion, ...]]:
    """As :func:`read_track_file`, for frames with these file stems.

    Raises:
        LayoutError: no box is of any of these frames: all would be taken for normal ones.
    """
    regions = read_track_file(path)
    absent = regions.keys() - set(stems)
    if stems and absent and len(absent) == len(regions):
        raise LayoutError(
            f"{path}: truth is of the frames {min(absent)!r} to {max(absent)!r}, and none of them "
            f"is there; expected the names of image files, {stems[0]!r} to {stems[-1]!r}"
        )
    if absent:
        _log.warning("%d frames of the truth are not there, first %r", len(absent), min(absent))
    return regions


def boxes_truth(
    stems: Sequence[str], regions: Mapping[str, tuple[TruthRegion, ...]]
) -> Iterator[FrameTruth]:
    """Truth of the frames with these file stems; frames without a box are normal."""
    return (FrameTruth(abnormal=stem in regions, regions=regions.get(stem, ())) for stem in stems)


def _together(one: Box, other: Box) -> bool:
    return one.grown(NEAR_SHARE).common(other.grown(NEAR_SHARE)) > 0


def _components(mask_hw: BoolImage) -> tuple[npt.NDArray[np.int32], dict[int, Box]]:
    """Labels of the widened components, and the boxes of the pixels that were there before."""
    grown = cv2.dilate(mask_hw.astype(np.uint8), np.ones((JOIN_PX, JOIN_PX), np.uint8))
    _, parts = cv2.connectedComponents(grown, connectivity=8)
    labels = np.asarray(parts, np.int32)
    boxes = {}
    for part, (rows, columns) in enumerate(find_objects(np.where(mask_hw, labels, 0)), start=1):
        if np.count_nonzero(mask_hw[rows, columns]) >= FEWEST_PX:
            boxes[part] = Box(columns.start, rows.start, columns.stop, rows.stop)
    return labels, boxes


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
