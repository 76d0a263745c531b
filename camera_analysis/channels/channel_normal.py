"""The learned normal of a camera in channels: counted, calibrated by cross-fitting, and applied.

The counts of the training footage are kept in folds. A frame of a fold is scored against the counts
of all other folds, which subtraction gives without a second look; its channels are calibrated by
the frames of the other folds; what their evidence then comes to says how high it rises when nothing
is wrong. Nothing is fitted to test footage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import groupby, islice, tee

import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark.layouts.clip_files import ImageRgb
from camera_analysis.benchmark.layouts.clips import Clip
from camera_analysis.channels.channel_calibration import Calibration
from camera_analysis.channels.channel_codes import CodeReader
from camera_analysis.channels.channel_counts import ChannelCounts
from camera_analysis.channels.channel_fusion import (
    ChannelConfig,
    ChannelVerdict,
    fuse,
    join_evidence,
)
from camera_analysis.channels.channel_maps import ChannelMaps
from camera_analysis.channels.channel_moments import (
    calibrate_channels,
    channel_moments,
    history_seconds,
)
from camera_analysis.channels.channel_regions import FoundRegion, smoothed_regions
from camera_analysis.channels.channel_segments import (
    KeptCodes,
    Progress,
    Segment,
    cut_segments,
    ticking,
    walk,
)
from camera_analysis.channels.channel_surprise import TailTables
from camera_analysis.channels.path_evidence import evidence_reading, frame_peaks, smoothed_peaks
from camera_analysis.channels.path_readings import Reading
from camera_analysis.channels.place_habits import FoldedHabits, Habits
from camera_analysis.channels.read_codes import read_codes
from camera_analysis.channels.tone_light import usual_picture

FloatImage = npt.NDArray[np.float32]
FloatVector = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ChannelNormal:
    """What is normal for a camera.

    Attributes:
        counts: the statistic.
        tables: scores that follow from it.
        calibrations: channel -> score to evidence; of channels that could be calibrated.
        habits: what places are used to.
        held_out: (scores, fps) of each training clip, its segments one after the other, each
            judged without its own fold.
        usual: grey levels of the view, that tones are freed from changes of light by.
        config: as it was learned.
    """

    counts: ChannelCounts
    tables: TailTables
    calibrations: Mapping[str, Calibration]
    habits: Habits
    held_out: tuple[tuple[FloatVector, float], ...]
    usual: FloatImage
    config: ChannelConfig

    def judge(self, frames: Iterator[ImageRgb], fps: float) -> Iterator[ChannelVerdict]:
        """Verdicts of consecutive frames, each some seconds after it came in."""
        yield from _judge(frames, fps, self)


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
    usual = _usual(clips, config)
    footage = _read(cut_segments(clips, config.segments), usual, config, progress)
    folds = _count(footage)
    total = ChannelCounts(next(iter(folds.values())).grids)
    for counts in folds.values():
        total = total + counts
    alone = len(folds) == 1

    @lru_cache(maxsize=1)  # segments of a fold come one after the other
    def others(fold: int) -> TailTables:
        return TailTables(total if alone else total - folds[fold], config.tails)

    frames = sum(len(codes) for _, codes in footage)
    tick = ticking(progress, "calibrating", frames)
    moments = channel_moments(footage, others, config.maps, tick)
    habits = FoldedHabits(moments, history_seconds(footage), config.habits)

    @lru_cache(maxsize=1)
    def known(fold: int) -> tuple[dict[str, Calibration], Habits]:
        return calibrate_channels(moments, None if alone else fold), habits.without(fold)

    held_out, tick = [], ticking(progress, "judging what was left out", frames)
    for segment, codes in footage:
        maps = ChannelMaps(others(segment.fold), segment.clip.fps, config.maps)
        calm = _scores_left_out(codes, maps, known(segment.fold), segment.clip.fps, config)
        held_out.append((segment.clip, calm))
        tick(len(codes))
    return ChannelNormal(
        counts=total,
        tables=TailTables(total, config.tails),
        calibrations=calibrate_channels(moments, None),
        habits=habits.without(None),
        held_out=_by_clip(held_out),
        usual=usual,
        config=config,
    )


def clip_scores(
    peaks: Sequence[float],
    regions: Sequence[Sequence[FoundRegion]],
    fps: float,
    config: ChannelConfig,
) -> tuple[FloatVector, list[list[FoundRegion]]]:
    """Score of each frame of a clip in nats, and its regions with the scores of their tracks.

    A frame's score is of the frame, not of its tracks: those reach beyond what they follow.
    """
    scores = smoothed_peaks(peaks, fps, config.frame_smoothing_s)
    return scores, smoothed_regions(regions, fps, config.regions)


def _usual(clips: Sequence[Clip], config: ChannelConfig) -> FloatImage:
    """What the view usually looks like, by the first frames of clips spread over all."""
    pictures = []
    for clip in clips[:: max(1, len(clips) // config.usual_clips)]:
        for frame in islice(clip.frames(), 1):
            reader = CodeReader(frame.shape[0], frame.shape[1], config.codes)
            pictures.append(reader.picture(frame))
    if not pictures:
        raise ValueError("no training frames to learn from")
    return usual_picture(pictures)


def _read(
    segments: Sequence[Segment],
    usual: FloatImage,
    config: ChannelConfig,
    progress: Progress | None,
) -> list[tuple[Segment, KeptCodes]]:
    total = sum(segment.stop - segment.start for segment in segments)
    tick = partial(ticking(progress, "learning", total), 1)
    read = [
        (segment, KeptCodes(frames, config.codes, tick, usual, segment.clip.fps))
        for segment, frames in walk(segments)
    ]
    return [(segment, codes) for segment, codes in read if len(codes)]


def _count(footage: Sequence[tuple[Segment, KeptCodes]]) -> dict[int, ChannelCounts]:
    folds: dict[int, ChannelCounts] = {}
    for segment, codes in footage:
        counts = folds.setdefault(segment.fold, ChannelCounts(codes.grids))
        for read in codes:
            counts.add(read)
    if not folds:
        raise ValueError("no training frame could be read")
    return folds


def _scores_left_out(
    codes: KeptCodes,
    maps: ChannelMaps,
    known: tuple[Mapping[str, Calibration], Habits],
    fps: float,
    config: ChannelConfig,
) -> FloatVector:
    """Score of each frame of a segment, as :func:`clip_scores` gives it."""
    calibrations, habits = known
    joined = (join_evidence(maps.of(read), calibrations, config, habits)[0] for read in codes)
    readings = (evidence_reading(*both) for both in zip(joined, codes.steps(), strict=True))
    return smoothed_peaks([*frame_peaks(readings, fps)], fps, config.frame_smoothing_s)


def _by_clip(
    judged: Sequence[tuple[Clip, FloatVector]],
) -> tuple[tuple[FloatVector, float], ...]:
    """Segments of a clip one after the other: what lasts is one alarm there, as it is in a test."""
    return tuple(
        (np.concatenate([scores for _, scores in of_clip]), clip.fps)
        for clip, of_clip in groupby(judged, key=lambda part: part[0])
    )


def _judge(
    frames: Iterator[ImageRgb], fps: float, normal: ChannelNormal
) -> Iterator[ChannelVerdict]:
    config = normal.config
    maps = ChannelMaps(normal.tables, fps, config.maps)

    def each() -> Iterator[tuple[ChannelVerdict, Reading]]:
        for read in read_codes(frames, config.codes, normal.usual, fps):
            surprise = maps.of(read.codes)
            known = normal.calibrations
            verdict = fuse(surprise, known, read.place_px, config, normal.habits)
            yield verdict, evidence_reading(verdict.evidence_hw, read.stiffness.step_hw2)

    verdicts, followed = tee(each())
    peaks = frame_peaks((reading for _, reading in followed), fps)
    for (verdict, _), peak in zip(verdicts, peaks, strict=True):
        yield replace(verdict, peak=peak)
