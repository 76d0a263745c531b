"""CDnet 2014 and SBI: sequences whose truth says which pixels move.

``<category>/<video>/{input,groundtruth}`` with ``temporalROI.txt``, or ``<sequence>/{input,
groundtruth}`` without one. Codes of a mask: 0 static, 50 shadow, 85 outside the region of interest,
170 unknown, 255 moving.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark.layouts.clips import (
    ImageRgb,
    LayoutError,
    image_files,
    read_image,
    read_mask,
)

INPUT, TRUTH, ROI_FILE = "input", "groundtruth", "temporalROI.txt"


@dataclass(frozen=True, kw_only=True)
class ChangeSequence:
    """One video with masks of what moves.

    Attributes:
        name: of the video.
        category: group over which figures are averaged first; the name itself for SBI.
        frames: files in the order of time.
        masks: number of a frame, from 0 -> file of its mask; frames without one are not judged.
        first: first judged frame; the ones before are there to learn from.
        last: last judged frame, inclusive.
    """

    name: str
    category: str
    frames: tuple[Path, ...]
    masks: dict[int, Path]
    first: int
    last: int

    def read(self) -> Iterator[tuple[ImageRgb, npt.NDArray[np.uint8] | None]]:
        """Frames with their codes; None where a frame is not judged.

        Raises:
            LayoutError: a mask of another size than its frame.
        """
        for number, file in enumerate(self.frames):
            frame, codes = read_image(file), None
            if self.first <= number <= self.last and number in self.masks:
                codes = read_mask(self.masks[number])
                if codes.shape != frame.shape[:2]:
                    raise LayoutError(
                        f"{self.masks[number]}: {codes.shape[1]} x {codes.shape[0]} pixels; its "
                        f"frame has {frame.shape[1]} x {frame.shape[0]}"
                    )
            yield frame, codes


@dataclass(frozen=True, kw_only=True)
class ChangeBenchmark:
    """Sequences of one collection."""

    layout: str
    sequences: tuple[ChangeSequence, ...]


def load_cdnet(folder: Path) -> ChangeBenchmark:
    """CDnet 2014: the whole collection, one category, or one video."""
    return _load(folder, "cdnet2014")


def load_sbi(folder: Path) -> ChangeBenchmark:
    """SBI: all sequences, or one."""
    return _load(folder, "sbi")


def _load(folder: Path, layout: str) -> ChangeBenchmark:
    if not folder.is_dir():
        raise LayoutError(f"{folder}: no such folder; expected the {layout} layout there")
    depths = (folder, *sorted(folder.glob("*")), *sorted(folder.glob("*/*")))
    deep = (*depths, *sorted(folder.glob("*/*/*")))
    homes = [path for path in deep if (path / INPUT).is_dir() and (path / TRUTH).is_dir()]
    if not homes:
        names = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise LayoutError(
            f"{folder}: not the {layout} layout: expected folders {INPUT} and {TRUTH} in each "
            f"video; found {names}"
        )
    return ChangeBenchmark(
        layout=layout, sequences=tuple(_sequence(home, layout) for home in homes)
    )


def _sequence(home: Path, layout: str) -> ChangeSequence:
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
    return ChangeSequence(
        name=home.name, category=category, frames=frames, masks=masks, first=first, last=last
    )


def _judged_span(home: Path, frames: tuple[Path, ...]) -> tuple[int, int]:
    file = home / ROI_FILE
    if not file.is_file():
        return 0, len(frames) - 1
    numbers = [int(number) for number in re.findall(r"\d+", file.read_text(encoding="utf-8"))]
    if len(numbers) < 2 or numbers[0] > numbers[1]:
        raise LayoutError(f"{file}: expected the first and the last judged frame; found {numbers}")
    start = _number(frames[0])
    return max(0, numbers[0] - start), min(len(frames) - 1, numbers[1] - start)


def _number(path: Path) -> int:
    found = re.findall(r"\d+", path.stem)
    if not found:
        raise LayoutError(f"{path}: expected a number in the name")
    return int(found[-1])
