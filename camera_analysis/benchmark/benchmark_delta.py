"""The baseline: the delta map of activity patterns, mode of the label maps against the label map.

A frame's score is the share of its pixels whose label differs from the mode; regions are the
connected pixels that differ, scored by their area; a pixel scores 1 or 0. It is learned from a
sample of the training frames, for a mode does not change with more of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark.layouts.clip_files import ImageRgb
from camera_analysis.benchmark.layouts.clips import Clip
from camera_analysis.channels.channel_regions import FoundRegion
from camera_analysis.label_classes import CLASS_NAMES
from camera_analysis.labelling.label_fusion import FusionConfig, label_frame
from camera_analysis.labelling.motion import MotionConfig, Plate, learn_plate
from camera_analysis.labelling.regions import Box
from camera_analysis.labelling.segmenter import Segmenter, human_probability
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.learned_normal import modal_map

LabelArray = npt.NDArray[np.uint8]
BoolImage = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class DeltaConfig:
    """How the baseline is learned."""

    plate_frames: int = 60  # a median of so many does not change with more
    most_frames: int = 3_000  # label maps behind the mode
    most_regions: int = 8  # of a frame, the largest
    motion: MotionConfig = field(default_factory=MotionConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)


@dataclass(frozen=True, kw_only=True)
class DeltaVerdict:
    """One frame against the mode: (H, W) True where its label differs, regions, share of pixels."""

    delta_hw: BoolImage
    regions: list[FoundRegion]
    share: float


class DeltaMap:
    """Plate and mode of one camera.

    Args:
        clips: training clips.
        segmenter: None labels by movers alone.
        config: see there.
        progress: called as progress(frames done, frames in all).

    Raises:
        ValueError: no frames.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        segmenter: Segmenter | None,
        config: DeltaConfig,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._segmenter = segmenter
        self._config = config
        total = sum(clip.length or 0 for clip in clips) or config.most_frames
        self._plate = self._learn_plate(clips, total)
        self._plate_human = human_probability(segmenter, self._plate.rgb)
        self._mode = self._learn_mode(clips, total, progress)

    def judge(self, frames: Iterator[ImageRgb]) -> Iterator[DeltaVerdict]:
        """Verdicts of consecutive frames."""
        for frame in frames:
            differs = self._labels(frame) != self._mode
            yield DeltaVerdict(
                delta_hw=differs,
                regions=_regions(differs, self._config.most_regions),
                share=float(differs.mean()),
            )

    def _learn_plate(self, clips: Sequence[Clip], total: int) -> Plate:
        sampled = list(every_nth(clips, max(1, total // self._config.plate_frames)))
        return learn_plate(sampled, self._config.motion)

    def _learn_mode(
        self,
        clips: Sequence[Clip],
        total: int,
        progress: Callable[[int, int], None] | None,
    ) -> npt.NDArray[np.int16]:
        stride = max(1, -(-total // self._config.most_frames))
        counts: ClassCounts | None = None
        for done, frame in enumerate(every_nth(clips, stride), start=1):
            labels = self._labels(frame)
            counts = counts or ClassCounts(labels.shape[0], labels.shape[1], CLASS_NAMES)
            counts.add(labels, 0)
            if progress:
                progress(done, -(-total // stride))
        if counts is None:
            raise ValueError("no training frame could be read")
        return modal_map(counts.total())

    def _labels(self, frame: ImageRgb) -> LabelArray:
        return label_frame(
            frame,
            self._plate,
            human_probability(self._segmenter, frame),
            self._plate_human,
            motion=self._config.motion,
            fusion=self._config.fusion,
        )


def every_nth(clips: Sequence[Clip], stride: int) -> Iterator[ImageRgb]:
    """Every so many frames of all clips, the first one included."""
    before = 0
    for clip in clips:
        last = -1
        for number, frame in clip.pick(partial(_is_nth, before, stride)):
            yield frame
            last = number
        before += clip.length if clip.length is not None else last + 1


def _is_nth(before: int, stride: int, number: int) -> bool:
    return (before + number) % stride == 0


def _regions(differs: npt.NDArray[np.bool_], most: int) -> list[FoundRegion]:
    _, _, stats, _ = cv2.connectedComponentsWithStats(differs.view(np.uint8), connectivity=8)
    found = [
        FoundRegion(Box(x, y, x + width, y + height), area / differs.size)
        for x, y, width, height, area in stats[1:].tolist()
    ]
    return sorted(found, key=lambda region: (-region.evidence, region.box.x0, region.box.y0))[:most]
