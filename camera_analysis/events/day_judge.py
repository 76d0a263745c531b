"""What judges a camera-day: its normal, what an event has to exceed, and what that promises.

Of the false alarms of a normal day, `alarms_per_day`, walks on unusual paths have their share where
they are evidence. What departs by class and what departs in the channels have the rest together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from camera_analysis.channels.channel_judge import DEPARTS_BITS
from camera_analysis.channels.day_channels import (
    DayChannels,
    channels_by_cross_fit,
    channels_by_history,
)
from camera_analysis.events.alarm_promise import (
    AlarmPromise,
    SourcePromise,
    promise_of,
    source_promise,
)
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.departure_rule import CHANNELS, Source, departure_rule
from camera_analysis.events.departures import PastDepartures, weakest
from camera_analysis.events.events import PATH
from camera_analysis.events.held_out_scale import (
    CHANNEL_STRENGTHS_FILE,
    CLASS_SCALE_FILE,
    HeldOutScale,
)
from camera_analysis.events.judged_day import JUDGED
from camera_analysis.events.path_verdict import JUDGED as PATHS_JUDGED
from camera_analysis.events.path_verdict import PathSummary
from camera_analysis.footage.frame_times import FrameTimes
from camera_analysis.labelling.labels import LABELS_FILE, LabelsMeta
from camera_analysis.labelling.regions import CLASS
from camera_analysis.normal.cross_fit import CrossFit, cut_blocks
from camera_analysis.normal.learned_normal import LearnedNormal
from camera_analysis.normal.surprise import SurpriseModel, alarm_threshold

#: Called with (label maps read, label maps to read over all passes).
Progress = Callable[[int, int], None]

CROSS_FITTED = "cross_fitted"


@dataclass(frozen=True, kw_only=True)
class DayJudge:
    """The normal of each label map, by position, and what an event has to exceed.

    Args:
        status: how it is judged.
        model_at: position -> normal of the classes.
        normal_frames: behind it.
        alarm_bits: surprise by class from which a region departs.
        channels: None where class surprise judges alone.
        class_least_bits: strength that an event by class exceeds; None for whatever surprises for
            long enough.
        channel_least_bits: the same in the channels; None without them.
        channel_past: what departed in them behind the normal; None where nothing was held out.
        promise: of false events by both; None where nothing was held out to know it by class.
    """

    status: str
    model_at: Callable[[int], SurpriseModel]
    normal_frames: int
    alarm_bits: float
    channels: DayChannels | None
    class_least_bits: float | None = None
    channel_least_bits: float | None = None
    channel_past: PastDepartures | None = None
    promise: SourcePromise | None = None


def judge_by_history(
    normal: LearnedNormal,
    normal_dir: Path,
    labels_dir: Path,
    day: str,
    times: FrameTimes,
    alarms_per_day: float,
    config: AnomalyConfig,
) -> DayJudge:
    """By the days before it; class and channels have so many false alarms together."""
    if day in normal.days:
        raise ValueError(
            f"day {day} is in the window of its own normal ({', '.join(normal.days)}); "
            "leave it out, or judge a single clip by cross-fitting (mode: clip)"
        )
    model = SurpriseModel(normal.counts_khw, normal.frames, config)
    alarm_bits = alarm_threshold(normal.frames, model.classes, config)
    channels = channels_by_history(labels_dir, normal_dir, times)
    rows, interval_s = _rows(labels_dir), times.interval.total_seconds()

    def source(name: str, file: str, frames_of_day: int, departs_bits: float) -> Source:
        scale = HeldOutScale.load(normal_dir / file)
        folds = scale.folds if scale else ()
        smallest = weakest(departs_bits, interval_s, config)
        return Source(name=name, folds=folds, smallest=smallest, frames_of_day=frames_of_day)

    past = None
    sources = [source(CLASS, CLASS_SCALE_FILE, rows, alarm_bits)]
    if channels:
        found = source(CHANNELS, CHANNEL_STRENGTHS_FILE, channels.rows, DEPARTS_BITS)
        channels = channels if found.days else None
        past = PastDepartures(found.folds) if found.days else None
        sources.append(found)
    rule = departure_rule(sources, alarms_per_day)
    least_bits = rule.least_bits if rule else {}
    return DayJudge(
        status=JUDGED,
        model_at=lambda _: model,
        normal_frames=normal.frames,
        alarm_bits=alarm_bits,
        channels=channels,
        class_least_bits=least_bits.get(CLASS),
        channel_least_bits=least_bits.get(CHANNELS),
        channel_past=past,
        promise=rule.promise if rule and CLASS in least_bits else None,
    )


def judge_by_cross_fit(
    labels_dir: Path,
    meta: LabelsMeta,
    times: FrameTimes,
    config: AnomalyConfig,
    progress: Progress | None,
) -> DayJudge | None:
    """None where a block would be judged by too few frames."""
    rows = _rows(labels_dir)
    guard = round(config.guard_s / times.interval.total_seconds())
    blocks = cut_blocks(rows, config.blocks, guard)
    fit = CrossFit(
        labels_dir,
        meta,
        blocks,
        config,
        progress=lambda done: progress(done, 2 * rows) if progress else None,
    )
    if fit.least_frames < config.min_normal_frames:
        return None
    channels = channels_by_cross_fit(labels_dir, blocks, times)
    return DayJudge(
        status=CROSS_FITTED,
        model_at=fit.model_at,
        normal_frames=fit.least_frames,
        alarm_bits=alarm_threshold(fit.least_frames, len(meta.classes), config),
        channels=channels,
        channel_least_bits=_least_of_clip(channels, config) if channels else None,
    )


def day_promise(judge: DayJudge, paths: PathSummary) -> AlarmPromise | None:
    """Of all that may alarm; None where class surprise was not calibrated."""
    if judge.promise is None:
        return None
    sources = [judge.promise]
    if paths.status == PATHS_JUDGED:
        sources.append(
            source_promise(
                PATH,
                promised=paths.alarms_per_day,
                events=round(paths.measured * paths.days),
                days=paths.days,
                is_known=True,
            )
        )
    return promise_of(sources)


def _least_of_clip(channels: DayChannels, config: AnomalyConfig) -> float:
    """Strength that an event in the channels of a clip exceeds.

    Nothing tells how strong its like is on other days. So an event is as strong as ``min_samples``
    frames that are as rare as half of the alarms of a day allow, for all channels together
    (Bonferroni); the other half is that of class.
    """
    frames = config.alarms_per_day / 2 * config.min_samples
    rarest = max(DEPARTS_BITS, float(np.log2(channels.rows * len(channels.scored) / frames)))
    return weakest(rarest, channels.times.interval.total_seconds(), config)


def _rows(labels_dir: Path) -> int:
    return int(pq.read_metadata(labels_dir / LABELS_FILE).num_rows)
