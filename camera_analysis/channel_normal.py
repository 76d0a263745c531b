"""The learned normal of a camera in channels: counted, calibrated by cross-fitting, and applied.

The training footage is cut into short segments, spread evenly where there is more than is needed.
Its counts are kept in folds; a segment is scored against the counts of all other folds, which
subtraction gives without a second look. Of the segments, every second one calibrates the channels;
the others, which neither the counts nor the calibration have seen, say how high the sum of evidence
rises when nothing is wrong. Nothing is fitted to test footage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, pairwise

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark_layouts.clips import Clip, ImageRgb
from camera_analysis.channel_calibration import Calibration, calibrate
from camera_analysis.channel_codes import CodeConfig, CodeReader, FrameCodes
from camera_analysis.channel_counts import ChannelCounts
from camera_analysis.channel_maps import SCORED, ChannelMaps, MapConfig
from camera_analysis.channel_regions import (
    FoundRegion,
    RegionConfig,
    frame_evidence,
    peak_regions,
    smoothed_regions,
)
from camera_analysis.channel_surprise import TailConfig, TailTables

FloatImage = npt.NDArray[np.float32]
FloatVector = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class ChannelConfig:
    """One configuration for every camera."""

    codes: CodeConfig = field(default_factory=CodeConfig)
    tails: TailConfig = field(default_factory=TailConfig)
    maps: MapConfig = field(default_factory=MapConfig)
    regions: RegionConfig = field(default_factory=RegionConfig)
    # Frames of a camera that are learned from: 80 minutes at 5 a second.
    most_frames: int = 24_000
    # Seconds that a segment lasts at most; short footage is cut into twenty.
    segment_s: float = 60.0
    segments: int = 20
    # Parts that are left out in turn: what judges them then knows nearly as much as the whole.
    folds: int = 16
    # Nats that each channel pays for being asked: what a normal frame gives on average.
    toll: float = 1.0
    # Places by which maps are widened before they are added: peaks of one thing lie apart.
    widen: int = 3
    frame_smoothing_s: float = 0.3  # standard deviation


@dataclass(frozen=True)
class Segment:
    """Consecutive training frames: ``start`` to ``stop`` (exclusive) of a clip."""

    clip: Clip
    start: int
    stop: int
    fold: int


@dataclass(frozen=True, kw_only=True)
class ChannelVerdict:
    """One frame against the normal.

    Attributes:
        evidence_hw: (h, w) nats on the grid, summed over channels.
        regions: around its peaks, in pixels of the frame.
        of_channel: channel -> (h, w) evidence, in nats.
    """

    evidence_hw: FloatImage
    regions: list[FoundRegion]
    of_channel: dict[str, FloatImage]

    @property
    def channels(self) -> dict[str, float]:
        """Channel -> largest evidence of the frame, in nats."""
        return {channel: float(evidence.max()) for channel, evidence in self.of_channel.items()}


@dataclass(frozen=True, kw_only=True)
class ChannelNormal:
    """What is normal for a camera.

    Attributes:
        counts: the statistic.
        tables: scores that follow from it.
        calibrations: channel -> score to evidence.
        held_out: (scores, fps) of the normal segments that nothing was fitted to.
        config: as it was learned.
    """

    counts: ChannelCounts
    tables: TailTables
    calibrations: Mapping[str, Calibration]
    held_out: tuple[tuple[FloatVector, float], ...]
    config: ChannelConfig

    def judge(self, frames: Iterator[ImageRgb], fps: float) -> Iterator[ChannelVerdict]:
        """Verdicts of consecutive frames."""
        yield from _judge(frames, fps, self.tables, self.calibrations, self.config)


def learn_channels(
    clips: Sequence[Clip], config: ChannelConfig, progress: Progress | None = None
) -> ChannelNormal:
    """Learn from clips of one camera on which nothing is wrong.

    Args:
        clips: training clips, in the order of time.
        config: see there.
        progress: called as progress(what, frames done, frames in all).

    Raises:
        ValueError: no frames, or clips of different sizes.
    """
    segments = cut_segments(clips, config)
    folds = _count(segments, config, _reported(progress, "learning", segments))
    total = folds[0]
    for fold in folds[1:]:
        total = total + fold
    alone = len(folds) == 1
    others = [TailTables(total if alone else total - fold, config.tails) for fold in folds]
    calibrating, promising = segments[::2], segments[1::2] or segments
    maxima = _maxima(calibrating, others, config, _reported(progress, "calibrating", calibrating))
    calibrations = {channel: calibrate(np.array(values)) for channel, values in maxima.items()}
    tick = _reported(progress, "promising", promising)
    held_out = []
    for segment, frames in _walk(promising, tick):
        verdicts = _judge(frames, segment.clip.fps, others[segment.fold], calibrations, config)
        regions = [verdict.regions for verdict in verdicts]
        held_out.append((clip_scores(regions, segment.clip.fps, config)[0], segment.clip.fps))
    return ChannelNormal(
        counts=total,
        tables=TailTables(total, config.tails),
        calibrations=calibrations,
        held_out=tuple(held_out),
        config=config,
    )


def clip_scores(
    regions: Sequence[Sequence[FoundRegion]], fps: float, config: ChannelConfig
) -> tuple[FloatVector, list[list[FoundRegion]]]:
    """Score of each frame of a clip in nats, and its regions with the scores of their tracks."""
    calm = smoothed_regions(regions, fps, config.regions)
    return frame_evidence(calm, fps, config.frame_smoothing_s), calm


def cut_segments(clips: Sequence[Clip], config: ChannelConfig) -> list[Segment]:
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
    for clip, length in zip(clips, lengths, strict=True):
        wanted = min(usual, max(2, round(config.segment_s * clip.fps)))
        parts = min(length, max(1, round(length / wanted)))  # alike, none of them a remainder
        edges = [length * part // parts for part in range(parts + 1)] if length else []
        cuts += [(clip, start, stop) for start, stop in pairwise(edges)]
    stride = max(1, -(-total // config.most_frames))
    kept = cuts[::stride]
    folds = min(config.folds, len(kept))
    return [
        Segment(clip, start, stop, number * folds // len(kept))
        for number, (clip, start, stop) in enumerate(kept)
    ]


def _count_frames(clip: Clip) -> int:
    return sum(1 for _ in clip.frames())


def _walk(
    segments: Sequence[Segment], tick: Callable[[], None]
) -> Iterator[tuple[Segment, Iterator[ImageRgb]]]:
    """Each segment with its frames; a clip is opened once, whatever the number of its segments."""
    for clip, of_clip in groupby(segments, key=lambda segment: segment.clip):
        kept = list(of_clip)
        stream = clip.pick(partial(_in_any, kept))
        for segment in kept:
            yield segment, _taken(stream, segment, tick)


def _in_any(segments: Sequence[Segment], number: int) -> bool:
    return any(segment.start <= number < segment.stop for segment in segments)


def _taken(
    stream: Iterator[tuple[int, ImageRgb]], segment: Segment, tick: Callable[[], None]
) -> Iterator[ImageRgb]:
    for number, frame in stream:
        if number >= segment.start:
            tick()
            yield frame
        if number + 1 >= segment.stop:
            return


def _count(
    segments: Sequence[Segment], config: ChannelConfig, tick: Callable[[], None]
) -> list[ChannelCounts]:
    folds: dict[int, ChannelCounts] = {}
    for segment, frames in _walk(segments, tick):
        for read in _read(frames, config):
            grids = {channel: codes.shape for channel, codes in read.codes.items()}
            counts = folds.setdefault(segment.fold, ChannelCounts(grids))
            counts.add(read.codes)
    if not folds:
        raise ValueError("no training frame could be read")
    return [folds[fold] for fold in sorted(folds)]


def _maxima(
    segments: Sequence[Segment],
    others: Sequence[TailTables],
    config: ChannelConfig,
    tick: Callable[[], None],
) -> dict[str, list[float]]:
    """Channel -> its largest score in each frame in which it has anything to say.

    So evidence answers: of the frames in which something moves, how many show as much? In a view
    where little moves, that anything moves at all is no evidence.
    """
    maxima: dict[str, list[float]] = {channel: [] for channel in SCORED}
    for segment, frames in _walk(segments, tick):
        maps = ChannelMaps(others[segment.fold], segment.clip.fps, config.maps)
        for read in _read(frames, config):
            for channel, scores in maps.of(read.codes).items():
                if (highest := float(scores.max())) > 0:
                    maxima[channel].append(highest)
    return {channel: found or [0.0] for channel, found in maxima.items()}


def _read(frames: Iterator[ImageRgb], config: ChannelConfig) -> Iterator[FrameCodes]:
    reader: CodeReader | None = None
    for frame in frames:
        reader = reader or CodeReader(frame.shape[0], frame.shape[1], config.codes)
        yield reader.read(frame)


def _judge(
    frames: Iterator[ImageRgb],
    fps: float,
    tables: TailTables,
    calibrations: Mapping[str, Calibration],
    config: ChannelConfig,
) -> Iterator[ChannelVerdict]:
    maps = ChannelMaps(tables, fps, config.maps)
    reader: CodeReader | None = None
    for frame in frames:
        height, width = frame.shape[:2]
        reader = reader or CodeReader(height, width, config.codes)
        cell_xy = (
            config.codes.grid_px * width / reader.width,
            config.codes.grid_px * height / reader.height,
        )
        yield fuse(maps.of(reader.read(frame).codes), calibrations, cell_xy, config)


def fuse(
    surprise: Mapping[str, FloatImage],
    calibrations: Mapping[str, Calibration],
    cell_xy: tuple[float, float],
    config: ChannelConfig,
) -> ChannelVerdict:
    """Evidence of all channels of a frame, added where it meets.

    Args:
        surprise: channel -> (h, w) nats, of :class:`ChannelMaps`.
        calibrations: channel -> surprise to evidence.
        cell_xy: pixels of the frame per place, along x and y.
        config: see there.
    """
    around = np.ones((config.widen, config.widen), np.uint8)
    of_channel = {
        channel: calibrations[channel].evidence(scores) for channel, scores in surprise.items()
    }
    total = np.zeros(next(iter(of_channel.values())).shape, np.float32)
    for evidence in of_channel.values():
        total += cv2.dilate(np.maximum(evidence - config.toll, 0.0), around)
    return ChannelVerdict(
        evidence_hw=total,
        regions=peak_regions(total, cell_xy, config.regions),
        of_channel=of_channel,
    )


def _reported(
    progress: Progress | None, what: str, segments: Sequence[Segment]
) -> Callable[[], None]:
    total = sum(segment.stop - segment.start for segment in segments)
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(what, done, total)

    return tick
