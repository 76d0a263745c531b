"""What judges a camera-day: its normal, what an event has to exceed, and what that promises.

The false alarms of a normal day, `alarms_per_day`, are shared among what may raise them: walks on
unusual paths have their share where they are evidence, and class surprise and the channels have
the rest, alike. An event of two sources counts for both, so that their sum errs to the safe side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from camera_analysis.channels.day_channels import (
    DayChannels,
    channels_by_cross_fit,
    channels_by_history,
)
from camera_analysis.events.alarm_promise import AlarmPromise, promise_of, source_promise
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.anomaly_files import JUDGED
from camera_analysis.events.departure_rule import DepartureRule, departure_rule, weakest
from camera_analysis.events.held_out_scale import CLASS_SCALE_FILE, HeldOutScale
from camera_analysis.events.path_events import PATH
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
    """The normal of each label map, by position, and what an event has to exceed."""

    status: str
    model_at: Callable[[int], SurpriseModel]
    normal_frames: int
    alarm_bits: float
    channels: DayChannels | None  # None: class surprise judges alone
    class_rule: DepartureRule | None = None  # None: what surprises for long enough is an event


def judge_by_history(
    normal: LearnedNormal,
    normal_dir: Path,
    labels_dir: Path,
    day: str,
    times: FrameTimes,
    alarms_per_day: float,
    config: AnomalyConfig,
) -> DayJudge:
    """Class and channels share the false alarms alike; without channels, class has them all."""
    if day in normal.days:
        raise ValueError(
            f"day {day} is in the window of its own normal ({', '.join(normal.days)}); "
            "leave it out, or judge a single clip by cross-fitting (mode: clip)"
        )
    model = SurpriseModel(normal.counts_khw, normal.frames, config)
    alarm_bits = alarm_threshold(normal.frames, model.classes, config)
    channels = channels_by_history(labels_dir, normal_dir, alarms_per_day / 2, times, config)
    scale = HeldOutScale.load(normal_dir / CLASS_SCALE_FILE)
    rule = None
    if scale is not None:
        rule = departure_rule(
            CLASS,
            scale.folds,
            alarms_per_day / 2 if channels else alarms_per_day,
            pq.read_metadata(labels_dir / LABELS_FILE).num_rows,
            weakest(alarm_bits, times.interval.total_seconds(), config),
        )
    return DayJudge(
        status=JUDGED,
        model_at=lambda _: model,
        normal_frames=normal.frames,
        alarm_bits=alarm_bits,
        channels=channels,
        class_rule=rule,
    )


def judge_by_cross_fit(
    labels_dir: Path,
    meta: LabelsMeta,
    times: FrameTimes,
    config: AnomalyConfig,
    progress: Progress | None,
) -> DayJudge | None:
    """None where a block would be judged by too few frames."""
    rows = pq.read_metadata(labels_dir / LABELS_FILE).num_rows
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
    return DayJudge(
        status=CROSS_FITTED,
        model_at=fit.model_at,
        normal_frames=fit.least_frames,
        alarm_bits=alarm_threshold(fit.least_frames, len(meta.classes), config),
        channels=channels_by_cross_fit(
            labels_dir, blocks, config.alarms_per_day / 2, times, config
        ),
    )


def day_promise(judge: DayJudge, paths: PathSummary) -> AlarmPromise | None:
    """Of all that may alarm; None where class surprise was not calibrated."""
    if judge.class_rule is None:
        return None
    sources = [judge.class_rule.promise]
    if judge.channels and judge.channels.promise:
        sources.append(judge.channels.promise)
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
