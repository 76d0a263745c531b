"""A benchmark from its clips to its metrics: our normal and the delta map, side by side.

Each camera's normal is learned from its training clips alone, with one configuration for all. Test
frames are read once; what is kept of them is a few numbers each, so memory does not grow with
footage.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import tee
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark.alarm_events import held_scores
from camera_analysis.benchmark.benchmark_delta import DeltaConfig, DeltaMap, DeltaVerdict
from camera_analysis.benchmark.benchmark_scores import ClipScores, MethodScores
from camera_analysis.benchmark.layouts.clip_files import ImageRgb
from camera_analysis.benchmark.layouts.clips import (
    AnomalyBenchmark,
    Clip,
    FrameTruth,
    check_first_frames,
    judged_frames,
)
from camera_analysis.channels.channel_fusion import ChannelConfig, ChannelVerdict
from camera_analysis.channels.channel_maps import SCORED
from camera_analysis.channels.channel_normal import ChannelNormal, clip_scores, learn_channels
from camera_analysis.channels.channel_regions import FoundRegion
from camera_analysis.channels.channel_segments import Progress
from camera_analysis.events.alarm_budget import threshold_for_budget
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.labelling.time_smoothing import gaussian_mean

FloatVector = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BenchmarkConfig:
    """One configuration for every benchmark."""

    channels: ChannelConfig = field(default_factory=ChannelConfig)
    delta: DeltaConfig = field(default_factory=DeltaConfig)
    false_alarms_per_hour: float = 1.0  # promised; the thresholds are set for it


@dataclass(frozen=True, kw_only=True)
class BenchmarkResult:
    """What was found.

    Attributes:
        ours: metrics of the learned normal in channels.
        delta_map: metrics of the baseline.
        channels: channel -> (clip, frame) evidence, one vector per test clip.
    """

    ours: MethodScores
    delta_map: MethodScores
    channels: dict[str, list[FloatVector]]

    def channel_scores(self, channel: str) -> MethodScores:
        """Frame metrics of one channel alone, each frame's highest place smoothed over time."""
        alone = MethodScores({}, self.ours.budget)
        for clip, values in zip(self.ours.clips, self.channels[channel], strict=True):
            alone.clips.append(
                ClipScores(clip.name, clip.fps, values, clip.abnormal, clip.events, np.inf)
            )
        return alone


def run_benchmark(
    benchmark: AnomalyBenchmark,
    segmenter: Segmenter | None,
    *,
    config: BenchmarkConfig | None = None,
    progress: Progress | None = None,
) -> BenchmarkResult:
    """Learn and judge every camera of a benchmark.

    Args:
        benchmark: from :mod:`camera_analysis.benchmark.layouts.registry`.
        segmenter: tells people from other movers for the delta map; None judges by movers alone.
        config: see there.
        progress: called as progress(what, frames done, frames in all).

    Raises:
        ValueError: footage that cannot be learned from, or truth that does not fit it.
    """
    config = config or BenchmarkConfig()
    check_first_frames(benchmark)
    budget = config.false_alarms_per_hour
    result = BenchmarkResult(
        ours=MethodScores(benchmark.absent, budget),
        delta_map=MethodScores(benchmark.absent, budget),
        channels={channel: [] for channel in SCORED},
    )
    for camera in benchmark.cameras:
        train = [clip for clip in benchmark.train if clip.camera == camera]
        test = [clip for clip in benchmark.test if clip.camera == camera]
        said = _with_camera(progress, camera if len(benchmark.cameras) > 1 else "")
        normal = learn_channels(train, config.channels, said)
        delta = DeltaMap(train, segmenter, config.delta, _named(said, "learning the delta map"))
        thresholds = (
            _threshold(normal.held_out, budget),
            _threshold(_delta_on_normal(delta, train, config), budget),
        )
        for clip in test:
            _judge_clip(clip, normal, delta, thresholds, result, config, said)
    return result


def _threshold(clips: Sequence[tuple[FloatVector, float]], budget: float) -> float:
    """Of held scores, by (scores, fps) of normal clips."""
    return threshold_for_budget([(held_scores(scores, fps), fps) for scores, fps in clips], budget)


@dataclass
class _Kept:
    """What is kept of a clip's frames."""

    truth: list[FrameTruth] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    ours: list[list[FoundRegion]] = field(default_factory=list)
    delta: list[list[FoundRegion]] = field(default_factory=list)
    delta_share: list[float] = field(default_factory=list)
    channels: dict[str, list[float]] = field(default_factory=lambda: {c: [] for c in SCORED})

    def add(self, truth: FrameTruth, ours: ChannelVerdict, delta: DeltaVerdict) -> None:
        self.truth.append(FrameTruth(abnormal=truth.abnormal, regions=truth.regions))
        self.peaks.append(ours.peak)
        self.ours.append(ours.regions)
        self.delta.append(delta.regions)
        self.delta_share.append(delta.share)
        for channel, value in ours.channels.items():
            self.channels[channel].append(value)


def _judge_clip(
    clip: Clip,
    normal: ChannelNormal,
    delta: DeltaMap,
    thresholds: tuple[float, float],
    result: BenchmarkResult,
    config: BenchmarkConfig,
    progress: Progress | None,
) -> None:
    waiting: deque[tuple[FrameTruth, DeltaVerdict]] = deque()
    frames = _noted(judged_frames(clip), delta, waiting)
    kept = _Kept()
    for ours in normal.judge(frames, clip.fps):
        truth, against = waiting.popleft()
        kept.add(truth, ours, against)
        if truth.mask_hw is not None and "pixel_auc" not in result.ours.absent:
            height, width = truth.mask_hw.shape
            result.ours.pixels.add(cv2.resize(ours.evidence_hw, (width, height)), truth.mask_hw)
            result.delta_map.pixels.add(against.delta_hw.astype(np.float32), truth.mask_hw)
        if progress:
            progress(f"judging {clip.name}", len(kept.truth), clip.length or len(kept.truth))
    abnormal = np.array([truth.abnormal for truth in kept.truth])
    scores, regions = clip_scores(kept.peaks, kept.ours, clip.fps, config.channels)
    shares = _calm(kept.delta_share, clip.fps, config.channels)
    for method, values, found, threshold in (
        (result.ours, scores, regions, thresholds[0]),
        (result.delta_map, shares, kept.delta, thresholds[1]),
    ):
        of_clip = ClipScores(clip.name, clip.fps, values, abnormal, clip.events, threshold)
        method.add_clip(of_clip, found, kept.truth)
    for channel, evidence in kept.channels.items():
        result.channels[channel].append(_calm(evidence, clip.fps, config.channels))


def _noted(
    frames: Iterator[tuple[ImageRgb, FrameTruth]],
    delta: DeltaMap,
    waiting: deque[tuple[FrameTruth, DeltaVerdict]],
) -> Iterator[ImageRgb]:
    """The frames; what else is known of each waits until our verdict comes, seconds later."""
    told, seen = tee(frames)
    for (frame, truth), verdict in zip(told, delta.judge(f for f, _ in seen), strict=True):
        waiting.append((truth, verdict))
        yield frame


def _delta_on_normal(
    delta: DeltaMap, train: Sequence[Clip], config: BenchmarkConfig
) -> list[tuple[FloatVector, float]]:
    """Scores of the baseline on ordinary stretches; a mode hardly knows which frames it is of."""
    found = []
    for clip, frames in ordinary_stretches(train, config.delta.most_frames):
        shares = [verdict.share for verdict in delta.judge(frames)]
        found.append((_calm(shares, clip.fps, config.channels), clip.fps))
    return found


def ordinary_stretches(
    clips: Sequence[Clip], most_frames: int
) -> Iterator[tuple[Clip, Iterator[ImageRgb]]]:
    """The first frames of each training clip, as many of each."""
    each = max(2, most_frames // len(clips))
    for clip in clips:
        yield clip, (frame for _, frame in zip(range(each), clip.frames(), strict=False))


def _calm(values: Sequence[float], fps: float, config: ChannelConfig) -> FloatVector:
    """Smoothed over time by a mean."""
    return gaussian_mean(np.asarray(values, np.float64), config.frame_smoothing_s * fps)


def _with_camera(progress: Progress | None, camera: str) -> Progress | None:
    if progress is None or not camera:
        return progress
    told = progress
    return lambda what, done, total: told(f"camera {camera}: {what}", done, total)


def _named(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    told = progress
    return lambda done, total: told(what, done, total)


def summary(result: BenchmarkResult) -> dict[str, Any]:
    """Both methods' metrics, and the frame AUC of each channel alone."""
    alone = {}
    for channel in SCORED:
        document = result.channel_scores(channel).document()
        alone[channel] = {key: document[key] for key in ("frame_auc_micro", "frame_auc_macro")}
    return {
        "ours": result.ours.document(),
        "delta_map": result.delta_map.document(),
        "channels": alone,
    }
