"""What the camera shows when nothing moves, learned for each file from samples spread over it.

If the camera was knocked within the file, the samples fall into views; the plate is that of the
view with the most samples, and frames of the others will be found to have moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.footage_samples import sample_footage
from camera_analysis.footage.sampled_frame import SampledFrame, VideoInfo
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.labelling.frame_quality import (
    PlateQuality,
    QualityLimits,
    is_moved,
    plate_quality,
    textured_share_of,
)
from camera_analysis.labelling.motion import ImageRgb, MotionConfig, Plate, learn_plate
from camera_analysis.labelling.registration import Edges, edges_of, measure_shift

Item = TypeVar("Item")

#: Samples behind a plate: of who stays in one place for nine tenths of a file, four are free.
PLATE_SAMPLES = 41


@dataclass(frozen=True, kw_only=True)
class View:
    """The plate of a file, prepared for comparison.

    Attributes:
        plate: background and noise.
        grey: (H, W) uint8 of the plate.
        quality: its edges, sharpness and brightness.
        native_wh: width and height of the footage.
    """

    plate: Plate
    grey: npt.NDArray[np.uint8]
    quality: PlateQuality
    native_wh: tuple[int, int]


class Spread(Generic[Item]):
    """Keeps at most ``capacity`` items of a stream of unknown length, evenly spread over it.

    Every stride-th item is kept; when there are too many, every other one goes and the stride
    doubles.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._stride = 1
        self._seen = 0
        self._kept: list[Item] = []

    def add(self, item: Item) -> None:
        """Offer the next item."""
        if self._seen % self._stride == 0:
            self._kept.append(item)
            if len(self._kept) > self._capacity:
                self._kept = self._kept[::2]
                self._stride *= 2
        self._seen += 1

    @property
    def items(self) -> tuple[Item, ...]:
        """What was kept, in order."""
        return tuple(self._kept)


def learn_view(
    file: FootageFile,
    info: VideoInfo,
    native_wh: tuple[int, int] | None,
    *,
    read: ReadConfig,
    motion: MotionConfig,
    limits: QualityLimits,
) -> View | None:
    """Plate of a file, or None where no frame of it can be read.

    Args:
        file: a video, or a run of images.
        info: its header.
        native_wh: the size that frames must have; None takes the first frame's.
        read: how frames are read and reduced.
        motion: how noise is learned.
        limits: frames that are dark or bright count only where there are no others.
    """
    interval_s = (info.duration_s or 0.0) / (PLATE_SAMPLES - 1) or 5.0
    spread: Spread[ImageRgb] = Spread(PLATE_SAMPLES)
    blank: Spread[ImageRgb] = Spread(PLATE_SAMPLES)  # better than nothing
    for sample in sample_footage(file, interval_s, config=read):
        if not isinstance(sample, SampledFrame):
            continue
        native_wh = native_wh or sample.native_wh
        if sample.native_wh == native_wh:
            fit = _shows_something(sample.frame_rgb, limits)
            (spread if fit else blank).add(sample.frame_rgb)
    kept = spread.items or blank.items
    if not kept or native_wh is None:
        return None
    frames = _largest_view(kept, limits)
    return view_of(learn_plate(frames, motion), native_wh)


def view_of(plate: Plate, native_wh: tuple[int, int]) -> View:
    """A plate, prepared for comparison."""
    grey = to_grey(plate.rgb)
    return View(plate=plate, grey=grey, quality=plate_quality(grey), native_wh=native_wh)


def to_grey(frame_rgb: ImageRgb) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 brightness of an (H, W, 3) frame."""
    return np.asarray(cv2.cvtColor(frame_rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def shows_the_scene(view: View, limits: QualityLimits) -> bool:
    """Whether anything is seen on a plate: not one of darkness, glare or a covered lens."""
    lit = limits.dark_luma < view.quality.luma_mean < limits.bright_luma
    textured = textured_share_of(view.grey, limits.block_contrast)
    return lit and textured >= limits.covered_textured_share


def _shows_something(frame_rgb: ImageRgb, limits: QualityLimits) -> bool:
    return limits.dark_luma < float(to_grey(frame_rgb).mean()) < limits.bright_luma


def _largest_view(frames: Sequence[ImageRgb], limits: QualityLimits) -> list[ImageRgb]:
    """The frames of the view with the most samples; each is compared with each view's first."""
    views: list[list[ImageRgb]] = []
    firsts: list[Edges] = []
    for frame in frames:
        edges = edges_of(to_grey(frame))
        for first, members in zip(firsts, views, strict=True):
            if not is_moved(measure_shift(first, edges), frame.shape[1], limits):
                members.append(frame)
                break
        else:
            firsts.append(edges)
            views.append([frame])
    return max(views, key=len)
