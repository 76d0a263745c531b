"""The channels of a camera-day as its frames are judged, one after the other.

With a history, a day is judged by the channels of the days before it; a single clip by
cross-fitting, each block by the counts of all the others. Where the window has no channels, or too
few frames to calibrate them, class surprise judges alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from camera_analysis.channels.channel_judge import ChannelFrame, ChannelJudge
from camera_analysis.channels.channel_scale import (
    ALL,
    ChannelScale,
    blocks_of_day,
    learn_scale,
    sum_counts,
)
from camera_analysis.events.alarm_promise import SourcePromise, channel_promise
from camera_analysis.events.events import EventConfig
from camera_analysis.labelling.code_tables import (
    CODES_FILE,
    CodesMeta,
    iterate_codes,
    read_codes_meta,
)
from camera_analysis.normal.cross_fit import Block
from camera_analysis.normal.hourly_channels import HourlyChannels


@dataclass(frozen=True, kw_only=True)
class DayChannels:
    """Verdicts of a day's frames.

    Args:
        labels_dir: folder of the day's codes.
        meta: of the codes.
        judge_at: position of a frame -> what judges it.
        alarm_bits: a region reaches it.
        promise: of events of a normal day that reach it, beside what was measured.
    """

    labels_dir: Path
    meta: CodesMeta
    judge_at: Callable[[int], ChannelJudge]
    alarm_bits: float
    promise: SourcePromise

    def frames(self) -> Iterator[tuple[int, ChannelFrame]]:
        """frame_id and verdict of each frame, in the order of time."""
        for position, frame in enumerate(iterate_codes(self.labels_dir, self.meta)):
            yield frame.frame_id, self.judge_at(position).judge(frame)


def alarm_bits_for(frames: int, alarms_per_day: float) -> float:
    """Bits that a normal frame reaches so rarely that a day of so many has so many of them."""
    return float(np.log2(max(frames, 2) / alarms_per_day))


def channels_by_history(
    labels_dir: Path, normal_dir: Path, alarms_per_day: float, config: EventConfig
) -> DayChannels | None:
    """Judged by the stored normal; None where it or the day has no channels that fit.

    Args:
        labels_dir: folder of the day's ``codes.parquet``.
        normal_dir: folder of the learned normal.
        alarms_per_day: events of a normal day by chance, each of ``min_samples`` frames at least.
        config: what counts as an event.
    """
    meta, scale = read_codes_meta(labels_dir), ChannelScale.load(normal_dir)
    counts = HourlyChannels.load(normal_dir)
    if meta is None or scale is None or counts is None or counts.meta != meta:
        return None
    channels, together = scale.channels(), scale.calibration(ALL)
    if not channels or together is None:
        return None
    alarm_bits = alarm_bits_for(_rows(labels_dir), alarms_per_day * config.min_samples)
    judge = ChannelJudge(counts.total(), meta, channels, together, alarm_bits)
    return DayChannels(
        labels_dir=labels_dir,
        meta=meta,
        judge_at=lambda _: judge,
        alarm_bits=alarm_bits,
        promise=_promise(scale, alarm_bits, alarms_per_day, labels_dir, config),
    )


def channels_by_cross_fit(
    labels_dir: Path, blocks: tuple[Block, ...], alarms_per_day: float, config: EventConfig
) -> DayChannels | None:
    """Each block judged by all the others; None without codes or with too few frames."""
    meta = read_codes_meta(labels_dir)
    if meta is None or not _rows(labels_dir):
        return None
    folds = blocks_of_day(labels_dir, meta, [(block.start, block.end) for block in blocks])
    scale, total = learn_scale(folds, meta), sum_counts(folds)
    alarm_bits = alarm_bits_for(_rows(labels_dir), alarms_per_day * config.min_samples)
    judges: dict[int, ChannelJudge] = {}
    for number, fold in enumerate(folds):
        channels = scale.channels(without=number)
        together = scale.calibration(ALL, without=number)
        if total is None or not channels or together is None:
            return None
        others = total - fold.counts
        judges[number] = ChannelJudge(others, meta, channels, together, alarm_bits)

    def judge_at(position: int) -> ChannelJudge:
        number = next(n for n, block in enumerate(blocks) if position < block.end)
        return judges[number]

    return DayChannels(
        labels_dir=labels_dir,
        meta=meta,
        judge_at=judge_at,
        alarm_bits=alarm_bits,
        promise=_promise(scale, alarm_bits, alarms_per_day, labels_dir, config),
    )


def _promise(
    scale: ChannelScale,
    alarm_bits: float,
    alarms_per_day: float,
    labels_dir: Path,
    config: EventConfig,
) -> SourcePromise:
    return channel_promise(
        scale,
        alarm_bits,
        alarms_per_day,
        _rows(labels_dir),
        min_samples=config.min_samples,
        max_gap=int(config.max_gap_samples),
    )


def _rows(labels_dir: Path) -> int:
    return int(pq.read_metadata(labels_dir / CODES_FILE).num_rows)
