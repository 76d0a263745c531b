"""CDnet 2014 and SBI: sequences whose truth says which pixels move.

``<category>/<video>/{input,groundtruth}`` with ``temporalROI.txt``, or ``<sequence>/{input,
groundtruth}`` without one. Where the frames are one's own, ``input`` may be a video file. Codes
of a mask: 0 static, 50 shadow, 85 outside the region of interest, 170 unknown, 255 moving.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark.layouts.clip_files import (
    VIDEO_SUFFIXES,
    ImageRgb,
    LayoutError,
    Wanted,
    image_files,
    picked_frames,
    picked_images,
    read_mask,
    video_fps,
    visible,
)

INPUT, TRUTH, ROI_FILE = "input", "groundtruth", "temporalROI.txt"
NO_TRUTH = f"no folder {TRUTH} beside its frames"
NO_FRAMES = f"no {INPUT} beside its masks"


@dataclass(frozen=True, kw_only=True)
class ChangeSequence:
    """One video with masks of what moves.

    Attributes:
        name: of the video.
        category: group over which figures are averaged first; the name itself for SBI.
        frames: files in the order of time; none of a video file.
        masks: number of a frame, from 0 -> file of its mask; frames without one are not judged.
        first: first judged frame; the ones before are there to learn from.
        last: last judged frame, inclusive.
        video: the file that holds the frames, where it is one.
        fps: frames a second; None where a folder of images does not say.
    """

    name: str
    category: str
    frames: tuple[Path, ...]
    masks: dict[int, Path]
    first: int
    last: int
    video: Path | None = None
    fps: float | None = None

    def pick(self, wanted: Wanted) -> Iterator[tuple[int, ImageRgb]]:
        """Frames whose number, from 0, is wanted.

        Raises:
            LayoutError: a file cannot be read.
        """
        if self.video is not None:
            return picked_frames(self.video, wanted)
        return picked_images(self.frames, wanted)

    def read(self) -> Iterator[tuple[ImageRgb, npt.NDArray[np.uint8] | None]]:
        """Frames with their codes; None where a frame is not judged.

        Raises:
            LayoutError: a mask of another size than its frame.
        """
        judged = set(self.judged)
        for number, frame in self.pick(lambda _: True):
            yield frame, self.codes(number, frame) if number in judged else None

    @property
    def judged(self) -> list[int]:
        """Numbers of the judged frames that have a mask, in the order of time."""
        return [number for number in sorted(self.masks) if self.first <= number <= self.last]

    def codes(self, number: int, frame: ImageRgb) -> npt.NDArray[np.uint8]:
        """(H, W) codes of a frame that has a mask.

        Raises:
            LayoutError: they are of another size than the frame.
        """
        codes = read_mask(self.masks[number])
        if codes.shape != frame.shape[:2]:
            raise LayoutError(
                f"{self.masks[number]}: {codes.shape[1]} x {codes.shape[0]} pixels; its "
                f"frame has {frame.shape[1]} x {frame.shape[0]}"
            )
        return codes


@dataclass(frozen=True, kw_only=True)
class ChangeBenchmark:
    """Sequences of one collection.

    Attributes:
        layout: its name in the registry.
        sequences: those that can be judged.
        left_out: path in the folder of a sequence that has only frames or only masks -> why it
            cannot be judged.
    """

    layout: str
    sequences: tuple[ChangeSequence, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)


def load_cdnet(folder: Path) -> ChangeBenchmark:
    """CDnet 2014: the whole collection, one category, or one video."""
    return _load(folder, "cdnet2014")


def load_sbi(folder: Path) -> ChangeBenchmark:
    """SBI: all sequences, or one."""
    return _load(folder, "sbi")


def load_labelled(folder: Path) -> ChangeBenchmark:
    """One's own sequences: like SBI, and ``input`` may be a video, whose masks count from 1."""
    return _load(folder, "sbi", videos=True)


def _load(folder: Path, layout: str, *, videos: bool = False) -> ChangeBenchmark:
    if not folder.is_dir():
        raise LayoutError(f"{folder}: no such folder; expected the {layout} layout there")
    below = (visible(folder, folder.glob(depth)) for depth in ("*", "*/*", "*/*/*"))
    deep = [folder, *chain.from_iterable(below)]
    with_frames = [path for path in deep if (path / INPUT).is_dir() or (videos and _video_of(path))]
    with_truth = [path for path in deep if (path / TRUTH).is_dir()]
    homes = [path for path in with_frames if path in with_truth]
    if not homes:
        names = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise LayoutError(
            f"{folder}: not the {layout} layout: expected folders {INPUT} and {TRUTH} in each "
            f"video; found {names}"
        )
    halves = [(path, NO_TRUTH) for path in with_frames] + [(path, NO_FRAMES) for path in with_truth]
    return ChangeBenchmark(
        layout=layout,
        sequences=tuple(_sequence(home, layout) for home in homes),
        left_out={
            path.relative_to(folder).as_posix(): reason
            for path, reason in halves
            if path not in homes
        },
    )


def _video_of(home: Path) -> Path | None:
    found = sorted(home.glob(f"{INPUT}.*")) if home.is_dir() else []
    return next((path for path in found if path.suffix.lower() in VIDEO_SUFFIXES), None)


def _sequence(home: Path, layout: str) -> ChangeSequence:
    video = None if (home / INPUT).is_dir() else _video_of(home)
    if video is not None:
        return _of_video(home, video)
    frames = image_files(home / INPUT)
    by_number = {_number(path): path for path in image_files(home / TRUTH)}
    masks = {
        place: by_number[_number(path)]
        for place, path in enumerate(frames)
        if _number(path) in by_number
    }
    if not frames or not masks:
        raise LayoutError(
            f"{home}: {len(frames)} frames and {len(masks)} masks of the same numbers; expected "
            "in000001.* and gt000001.*"
        )
    first, last = _judged_span(home, frames)
    category = home.parent.name if layout == "cdnet2014" else home.name
    sequence = ChangeSequence(
        name=home.name, category=category, frames=frames, masks=masks, first=first, last=last
    )
    if not sequence.judged:
        raise LayoutError(
            f"{home / TRUTH}: no mask of the frames that {ROI_FILE} judges; there are "
            f"{len(masks)}, of other frames"
        )
    return sequence


def _of_video(home: Path, video: Path) -> ChangeSequence:
    masks = {_number(path) - 1: path for path in image_files(home / TRUTH)}
    if not masks or min(masks) < 0:
        raise LayoutError(f"{home}: expected masks gt000001.* and on, the first frame being 1")
    return ChangeSequence(
        name=home.name,
        category=home.name,
        frames=(),
        masks=masks,
        first=0,
        last=max(masks),
        video=video,
        fps=video_fps(video),
    )


def _judged_span(home: Path, frames: tuple[Path, ...]) -> tuple[int, int]:
    file = home / ROI_FILE
    if not file.is_file():
        return 0, len(frames) - 1
    numbers = [int(number) for number in re.findall(r"\d+", file.read_text(encoding="utf-8"))]
    if len(numbers) < 2 or numbers[0] > numbers[1]:
        raise LayoutError(f"{file}: expected the first and the last judged frame; found {numbers}")
    start = _number(frames[0])
    first, last = max(0, numbers[0] - start), min(len(frames) - 1, numbers[1] - start)
    if first > last:
        raise LayoutError(
            f"{file}: judges frames {numbers[0]} to {numbers[1]}, there are {len(frames)}, "
            f"{start} to {_number(frames[-1])}; expected the span of this video, or all its frames"
        )
    return first, last


def _number(path: Path) -> int:
    found = re.findall(r"\d+", path.stem)
    if not found:
        raise LayoutError(f"{path}: expected a number in the name")
    return int(found[-1])
