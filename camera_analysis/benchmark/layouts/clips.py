"""What every benchmark layout becomes: clips, their frames, and the truth about each frame.

Until a clip is iterated over, names, heads and small files of truth are read; frames and masks
come one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark.layouts.clip_files import (
    IMAGE_SUFFIXES,
    ImageRgb,
    LayoutError,
    Wanted,
    header_frames,
    image_files,
    picked_frames,
    picked_images,
)
from camera_analysis.labelling.regions import Box

BoolImage = npt.NDArray[np.bool_]

#: Decoders differ by a frame or two at the end of a video; more is a truth of another clip.
MOST_SURPLUS_FRAMES = 2


@dataclass(frozen=True)
class TruthRegion:
    """One abnormal thing in one frame; the same thing has the same track in all its frames."""

    track: int
    box: Box


@dataclass(frozen=True, kw_only=True)
class FrameTruth:
    """What is known about a frame.

    Attributes:
        abnormal: whether anything in it is abnormal.
        mask_hw: (H, W) abnormal pixels; None where the layout has no pixels.
        regions: abnormal things; None where the layout names neither boxes nor pixels.
    """

    abnormal: bool
    mask_hw: BoolImage | None = None
    regions: tuple[TruthRegion, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Consecutive frames of one camera.

    Attributes:
        name: unique within its benchmark and its part, training or test.
        camera: which view it shows; clips of one camera share one normal.
        fps: frames per second.
        length: number of frames, of a video as its header says; None where it does not say.
        pick: opens the clip for the frames that a question about their number (from 0) wants:
            (number, (H, W, 3) uint8 RGB) in the order of time. Others are not converted, nor
            decoded where nothing depends on them.
        truth: opens the truth of a test clip, in step with its frames; None for training clips.
        events: first and last frame (from 0, inclusive) of each abnormal event, where the layout
            lists them; None where they follow from the frames.
    """

    name: str
    camera: str
    fps: float
    length: int | None
    pick: Callable[[Wanted], Iterator[tuple[int, ImageRgb]]]
    truth: Callable[[], Iterator[FrameTruth]] | None = None
    events: tuple[tuple[int, int], ...] | None = None

    def frames(self) -> Iterator[ImageRgb]:
        """All frames in the order of time."""
        return (frame for _, frame in self.pick(lambda number: True))


@dataclass(frozen=True, kw_only=True)
class AnomalyBenchmark:
    """Training clips of ordinary life, and test clips with truth.

    Attributes:
        layout: its name in the registry.
        train: training clips.
        test: test clips.
        absent: metric -> why the truth of this layout does not allow it.
        regions_from: "boxes" or "masks": what the truth regions were taken from; "" for neither.
    """

    layout: str
    train: tuple[Clip, ...]
    test: tuple[Clip, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    regions_from: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be learned or judged."""
        for part, clips in (("training", self.train), ("test", self.test)):
            if not clips:
                raise LayoutError(f"{self.layout}: no {part} clips were found")
        taught = {clip.camera for clip in self.train}
        strangers = sorted({clip.camera for clip in self.test} - taught)
        if strangers:
            raise LayoutError(
                f"{self.layout}: test clips of {', '.join(strangers)}, but no training clip shows "
                f"that view; there are training clips of {', '.join(sorted(taught))}"
            )

    @property
    def cameras(self) -> tuple[str, ...]:
        """Cameras that have test clips, in the order of their first one."""
        return tuple(dict.fromkeys(clip.camera for clip in self.test))


def check_first_frames(benchmark: AnomalyBenchmark) -> None:
    """Look at the first frame of each clip and at its truth, before anything is learned.

    Raises:
        LayoutError: clips of one camera have different sizes, or a frame or its truth is wrong.
    """
    first: dict[str, tuple[str, tuple[int, ...]]] = {}
    for part, clips in (("training", benchmark.train), ("test", benchmark.test)):
        for clip in clips:
            frame = next(_looked_at(clip), None) if clip.camera in benchmark.cameras else None
            if frame is None:
                continue
            name = f"{part} clip {clip.name}"
            known, shape = first.setdefault(clip.camera, (name, frame.shape))
            if frame.shape != shape:
                raise LayoutError(
                    f"{name}: {frame.shape[1]} x {frame.shape[0]} pixels; {known} of the same "
                    f"camera has {shape[1]} x {shape[0]}; leave one out, or scale it"
                )


def _looked_at(clip: Clip) -> Iterator[ImageRgb]:
    return clip.frames() if clip.truth is None else (frame for frame, _ in judged_frames(clip))


def judged_frames(clip: Clip) -> Iterator[tuple[ImageRgb, FrameTruth]]:
    """Frames of a test clip with their truth.

    Raises:
        LayoutError: truth and frames differ in number by more than a decoder explains, or a mask
            has another size than its frame.
    """
    if clip.truth is None:
        raise LayoutError(f"{clip.name}: no truth, so it cannot be judged")
    truths, count, surplus = clip.truth(), 0, 0
    for frame in clip.frames():
        truth = next(truths, None)
        if truth is None:
            surplus += 1
            if surplus > MOST_SURPLUS_FRAMES:
                raise LayoutError(f"{clip.name}: truth ends after {count} frames, the clip goes on")
            continue
        if truth.mask_hw is not None and truth.mask_hw.shape != frame.shape[:2]:
            raise LayoutError(
                f"{clip.name}: frame {count} is {frame.shape[1]} x {frame.shape[0]} pixels, its "
                f"mask {truth.mask_hw.shape[1]} x {truth.mask_hw.shape[0]}"
            )
        count += 1
        yield frame, truth
    missing = sum(1 for _ in truths)
    if not count or missing > MOST_SURPLUS_FRAMES:
        raise LayoutError(f"{clip.name}: {count} frames, but truth of {count + missing}")


def footage_clip(
    path: Path,
    *,
    camera: str,
    fps: float,
    name: str = "",
    truth: Callable[[], Iterator[FrameTruth]] | None = None,
    truth_frames: int | None = None,
    events: tuple[tuple[int, int], ...] | None = None,
) -> Clip:
    """A clip of a video file or of a folder of images.

    Args:
        path: file or folder.
        camera: see :class:`Clip`, as for fps, name, truth and events.
        fps: see there.
        name: that of the file or folder where it is empty.
        truth: see there.
        truth_frames: how many frames the truth has; only images can be counted at once.
        events: see there.

    Raises:
        LayoutError: a folder without images, or with another number of them than its truth.
    """
    length: int | None
    if path.is_dir():
        files = image_files(path)
        if not files:
            raise LayoutError(f"{path}: no images ({', '.join(IMAGE_SUFFIXES)}) in this folder")
        if truth_frames is not None and abs(len(files) - truth_frames) > MOST_SURPLUS_FRAMES:
            raise LayoutError(f"{path}: {len(files)} frames, but truth of {truth_frames}")
        usual, length, pick = path.name, len(files), partial(picked_images, files)
    else:
        usual, length, pick = path.stem, header_frames(path), partial(picked_frames, path)
    return Clip(
        name=name or usual,
        camera=camera,
        fps=fps,
        length=length,
        pick=pick,
        truth=truth,
        events=events,
    )
