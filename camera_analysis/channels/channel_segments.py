"""Training footage in segments: evenly spread, in folds of whole clips, read once and kept small.

Learning looks at each frame three times: to count it, to calibrate the channels, and to see how
high their evidence rises when nothing is wrong. Optical flow costs most of that, so that codes are
kept, compressed, from the first look on.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise

import numpy as np

from camera_analysis.benchmark.layouts.clip_files import ImageRgb
from camera_analysis.benchmark.layouts.clips import Clip
from camera_analysis.channels.channel_codes import (
    CHANNELS,
    SPEED,
    TONE,
    CodeConfig,
    CodeMap,
    FloatImage,
)
from camera_analysis.channels.read_codes import read_codes

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class SegmentConfig:
    """Which training frames are learned from, and what is left out in turn."""

    # Frames of a camera that are learned from: four hours at 5 a second. A promise of one alarm an
    # hour rests on few alarms even so.
    most_frames: int = 72_000
    # Seconds that a segment lasts at most: a channel that looks back for a minute fills in it.
    # Short footage is cut into twenty.
    segment_s: float = 300.0
    segments: int = 20
    # Parts that are left out in turn: what judges them then knows nearly as much as the whole.
    folds: int = 16
    # With so many clips, folds are whole clips: frames of one clip share light and people.
    least_clips: int = 4


@dataclass(frozen=True)
class Segment:
    """Consecutive training frames: ``start`` to ``stop`` (exclusive) of a clip."""

    clip: Clip
    start: int
    stop: int
    fold: int


class KeptCodes:
    """Codes of a segment's frames and their flow, compressed to about an eighth.

    Args:
        frames: (H, W, 3) uint8 RGB, consecutive.
        config: how they are read.
        tick: called after each frame.
        usual: grey levels of the view, that tones are freed from changes of light by.
        fps: frames per second; 0 where they are not evenly spaced.
    """

    def __init__(
        self,
        frames: Iterator[ImageRgb],
        config: CodeConfig,
        tick: Callable[[], None],
        usual: FloatImage | None = None,
        fps: float = 0.0,
    ) -> None:
        self._packed: list[bytes] = []
        self._steps: list[bytes] = []
        self.grids: dict[str, tuple[int, int]] = {}
        before: CodeMap | np.uint8 = np.uint8(0)
        for read in read_codes(frames, config, usual, fps):
            codes = {**read.codes, TONE: read.codes[TONE] - before}  # mostly 0, and so packed well
            before = read.codes[TONE]
            self.grids = {
                channel: (code.shape[0], code.shape[1]) for channel, code in codes.items()
            }
            self._packed.append(zlib.compress(b"".join(codes[c].tobytes() for c in CHANNELS), 1))
            step = read.stiffness.step_hw2.astype(np.float16)
            self._steps.append(zlib.compress(step.tobytes(), 1))
            tick()

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._packed)

    def __iter__(self) -> Iterator[dict[str, CodeMap]]:
        """Channel -> (h, w) codes of each frame."""
        sizes = [self.grids[c][0] * self.grids[c][1] for c in CHANNELS] if self._packed else []
        cuts = np.cumsum(sizes)[:-1]
        before: CodeMap | np.uint8 = np.uint8(0)
        for packed in self._packed:
            flat = np.split(np.frombuffer(zlib.decompress(packed), np.uint8), cuts)
            codes = {c: part.reshape(self.grids[c]) for c, part in zip(CHANNELS, flat, strict=True)}
            before = codes[TONE] = codes[TONE] + before
            yield codes

    def steps(self) -> Iterator[FloatImage]:
        """(h, w, 2) flow of each frame in places, as it is followed along paths."""
        for packed in self._steps:
            flat = np.frombuffer(zlib.decompress(packed), np.float16)
            yield flat.reshape(*self.grids[SPEED], 2).astype(np.float32)


def cut_segments(clips: Sequence[Clip], config: SegmentConfig) -> list[Segment]:
    """Segments of the training clips, evenly spread, each with its fold.

    Raises:
        ValueError: no frames.
    """
    lengths = [clip.length if clip.length is not None else _count_frames(clip) for clip in clips]
    total = sum(lengths)
    if not total:
        raise ValueError("no training frames to learn from")
    usual = max(2, total // config.segments)
    cuts = []
    for number, (clip, length) in enumerate(zip(clips, lengths, strict=True)):
        wanted = min(usual, max(2, round(config.segment_s * clip.fps)))
        parts = min(length, max(1, round(length / wanted)))  # alike, none of them a remainder
        edges = [length * part // parts for part in range(parts + 1)] if length else []
        cuts += [(number, clip, start, stop) for start, stop in pairwise(edges)]
    stride = max(1, -(-total // config.most_frames))
    kept = cuts[::stride]
    left_out = [number for number, *_ in kept]
    if len(set(left_out)) < config.least_clips:
        left_out = list(range(len(kept)))
    order = {number: place for place, number in enumerate(dict.fromkeys(left_out))}
    folds = min(config.folds, len(order))
    return [
        Segment(clip, start, stop, order[unit] * folds // len(order))
        for unit, (_, clip, start, stop) in zip(left_out, kept, strict=True)
    ]


def walk(segments: Sequence[Segment]) -> Iterator[tuple[Segment, Iterator[ImageRgb]]]:
    """Each segment with its frames; a clip is opened once, whatever the number of its segments."""
    for clip, of_clip in groupby(segments, key=lambda segment: segment.clip):
        kept = list(of_clip)
        stream = clip.pick(partial(_in_any, kept))
        for segment in kept:
            yield segment, _taken(stream, segment)


def ticking(progress: Progress | None, what: str, total: int) -> Callable[[int], None]:
    """To be called with the number of frames that are done; progress is told of all of them."""
    done = 0

    def tick(frames: int) -> None:
        nonlocal done
        done += frames
        if progress:
            progress(what, done, total)

    return tick


def _count_frames(clip: Clip) -> int:
    return sum(1 for _ in clip.frames())


def _in_any(segments: Sequence[Segment], number: int) -> bool:
    return any(segment.start <= number < segment.stop for segment in segments)


def _taken(stream: Iterator[tuple[int, ImageRgb]], segment: Segment) -> Iterator[ImageRgb]:
    for number, frame in stream:
        if number >= segment.start:
            yield frame
        if number + 1 >= segment.stop:
            return
