"""What every benchmark layout becomes: clips, their frames, and the truth about each frame.

Nothing is read but names until a clip is iterated over, and then one frame at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.regions import Box

ImageRgb = npt.NDArray[np.uint8]
BoolImage = npt.NDArray[np.bool_]
Wanted = Callable[[int], bool]

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")
VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm")
#: Decoders differ by a frame or two at the end of a video; more is a truth of another clip.
MOST_SURPLUS_FRAMES = 2


class LayoutError(ValueError):
    """A folder is not laid out as the benchmark is published; says what was expected and found."""


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


def find_root(folder: Path, needed: tuple[str, ...], layout: str, *, prefer: str = "") -> Path:
    """The folder that holds all needed entries: the given one, or the only one within two levels.

    Args:
        folder: what the user named.
        needed: names of entries.
        layout: for the error.
        prefer: of several, the one whose name contains this.

    Raises:
        LayoutError: none or several; lists what is there.
    """
    if not folder.is_dir():
        raise LayoutError(f"{folder}: no such folder; expected the {layout} layout there")
    below = [path for path in sorted(folder.glob("*")) if path.is_dir()]
    deeper = [path for parent in below for path in sorted(parent.glob("*")) if path.is_dir()]
    for level in ([folder], below, deeper):
        found = [path for path in level if all((path / name).exists() for name in needed)]
        chosen = [path for path in found if prefer in path.name.lower()] or found
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            names = ", ".join(path.name for path in chosen)
            raise LayoutError(
                f"{folder}: several folders of the {layout} layout: {names}; name one"
            )
    raise LayoutError(
        f"{folder}: not the {layout} layout: expected {', '.join(needed)}; found {_names(folder)}"
    )


def image_files(folder: Path) -> tuple[Path, ...]:
    """Images of a folder in the order of their numbers; hidden files are left out."""
    files = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    ]
    return tuple(sorted(files, key=lambda path: (_number(path.stem), path.name)))


def footage_files(folder: Path) -> tuple[Path, ...]:
    """Videos, or folders of images, directly in a folder; in the order of their names."""
    entries = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    return tuple(
        path
        for path in entries
        if path.suffix.lower() in VIDEO_SUFFIXES or (path.is_dir() and image_files(path))
    )


def footage_clip(
    path: Path,
    *,
    camera: str,
    fps: float,
    name: str = "",
    truth: Callable[[], Iterator[FrameTruth]] | None = None,
    events: tuple[tuple[int, int], ...] | None = None,
) -> Clip:
    """A clip of a video file or of a folder of images.

    Raises:
        LayoutError: a folder without images.
    """
    length: int | None
    if path.is_dir():
        files = image_files(path)
        if not files:
            raise LayoutError(f"{path}: no images ({', '.join(IMAGE_SUFFIXES)}) in this folder")
        usual, length, pick = path.name, len(files), partial(picked_images, files)
    else:
        usual, length, pick = path.stem, _header_frames(path), partial(picked_frames, path)
    return Clip(
        name=name or usual,
        camera=camera,
        fps=fps,
        length=length,
        pick=pick,
        truth=truth,
        events=events,
    )


def read_image(path: Path) -> ImageRgb:
    """(H, W, 3) uint8 RGB of an image file.

    Raises:
        LayoutError: it cannot be read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise LayoutError(f"{path}: not an image that can be read")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def read_mask(path: Path) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 codes of a mask file.

    Raises:
        LayoutError: it cannot be read.
    """
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise LayoutError(f"{path}: not a mask that can be read")
    return np.asarray(mask, np.uint8)


def picked_images(files: tuple[Path, ...], wanted: Wanted) -> Iterator[tuple[int, ImageRgb]]:
    """Images whose number is wanted."""
    return ((number, read_image(file)) for number, file in enumerate(files) if wanted(number))


def picked_frames(path: Path, wanted: Wanted) -> Iterator[tuple[int, ImageRgb]]:
    """Frames of a video whose number is wanted.

    Raises:
        LayoutError: it is no video, or breaks midway.
    """
    import av

    from camera_analysis.footage.video_file import ReadConfig, VideoError, open_video

    try:
        container, stream = open_video(path, ReadConfig())
        with container:
            for number, frame in enumerate(container.decode(stream)):
                if wanted(number):
                    yield number, np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    except (VideoError, av.FFmpegError) as error:
        raise LayoutError(f"{path}: cannot be read to its end: {error}") from error


def video_fps(path: Path) -> float:
    """Frames a second that a video's header says.

    Raises:
        LayoutError: it is no video, or does not say.
    """
    from camera_analysis.footage.video_file import ReadConfig, VideoError, open_video

    try:
        container, stream = open_video(path, ReadConfig())
    except VideoError as error:
        raise LayoutError(f"{path}: not a video that can be read: {error}") from error
    with container:
        if not stream.average_rate:
            raise LayoutError(f"{path}: does not say how many frames a second it has")
        return float(stream.average_rate)


def _header_frames(path: Path) -> int | None:
    """Frames that a video's header promises; None where it does not say.

    Raises:
        LayoutError: it is no video.
    """
    from camera_analysis.footage.video_file import (
        ReadConfig,
        VideoError,
        header_duration_s,
        open_video,
    )

    try:
        container, stream = open_video(path, ReadConfig())
    except VideoError as error:
        raise LayoutError(f"{path}: not a video that can be read: {error}") from error
    with container:
        if stream.frames:
            return int(stream.frames)
        seconds = header_duration_s(container, stream)
        rate = stream.average_rate
        return round(seconds * float(rate)) if seconds and rate else None


def _number(stem: str) -> int:
    """The last number in a name; -1 without one: frame_10 comes after frame_9."""
    digits = ""
    for character in reversed(stem):
        if character.isdigit():
            digits = character + digits
        elif digits:
            break
    return int(digits) if digits else -1


def _names(folder: Path, most: int = 8) -> str:
    names = sorted(path.name for path in folder.iterdir())
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) + rest) or "nothing"
