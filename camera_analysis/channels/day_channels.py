"""The channels of a camera-day as its frames are judged, one after the other.

With a history, a day is judged by the channels of the days before it; a single clip by
cross-fitting, each block by the counts of all the others. Where the window has no channels, or too
few frames to calibrate them, class surprise judges alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from camera_analysis.channels.channel_judge import ChannelFrame, ChannelJudge
from camera_analysis.channels.channel_scale import (
    ALL,
    ChannelScale,
    blocks_of_day,
    follows,
    learn_scale,
    sum_counts,
)
from camera_analysis.footage.frame_times import FrameTimes
from camera_analysis.labelling.code_tables import (
    CODES_FILE,
    CodedFrame,
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
        times: of the day's frames.
        rows: frames of the day.
        scored: channels that are calibrated.
    """

    labels_dir: Path
    meta: CodesMeta
    judge_at: Callable[[int], ChannelJudge]
    times: FrameTimes
    rows: int
    scored: tuple[str, ...]

    def frames(self) -> Iterator[tuple[int, ChannelFrame]]:
        """frame_id and verdict of each frame, in the order of time."""
        known: ChannelJudge | None = None
        before: deque[CodedFrame] = deque()
        for position, frame in enumerate(iterate_codes(self.labels_dir, self.meta)):
            judge = self.judge_at(position)
            if before and not self._follows(before[-1], frame):
                known, before = None, deque()
            if judge is not known:
                judge.follow(before)
                before = deque(before, maxlen=max(1, judge.look_back))
                known = judge
            yield frame.frame_id, judge.judge(frame)
            before.append(frame)

    def _follows(self, before: CodedFrame, frame: CodedFrame) -> bool:
        moments = self.times.utc(before.frame_id), self.times.utc(frame.frame_id)
        return follows(*moments, self.times.interval)


def channels_by_history(
    labels_dir: Path, normal_dir: Path, times: FrameTimes
) -> DayChannels | None:
    """Judged by the stored normal; None where it or the day has no channels that fit.

    Args:
        labels_dir: folder of the day's ``codes.parquet``.
        normal_dir: folder of the learned normal.
        times: of the day's frames.
    """
    meta, scale = read_codes_meta(labels_dir), ChannelScale.load(normal_dir)
    counts = HourlyChannels.load(normal_dir)
    if meta is None or scale is None or counts is None or counts.meta != meta:
        return None
    channels, together, rows = scale.channels(), scale.calibration(ALL), _rows(labels_dir)
    if not channels or together is None or not rows:
        return None
    interval_s = times.interval.total_seconds()
    judge = ChannelJudge(counts.total(), meta, channels, together, interval_s)
    return DayChannels(
        labels_dir=labels_dir,
        meta=meta,
        judge_at=lambda _: judge,
        times=times,
        rows=rows,
        scored=tuple(channels),
    )


def channels_by_cross_fit(
    labels_dir: Path, blocks: tuple[Block, ...], times: FrameTimes
) -> DayChannels | None:
    """Each block judged by all the others; None without codes or with too few frames."""
    meta = read_codes_meta(labels_dir)
    rows = _rows(labels_dir) if meta else 0
    if meta is None or not rows:
        return None
    interval_s = times.interval.total_seconds()
    parts = [(block.start, block.end) for block in blocks]
    folds = blocks_of_day(labels_dir, meta, parts, times)
    scale, total = learn_scale(folds, meta), sum_counts(folds)
    judges: dict[int, ChannelJudge] = {}
    for number, fold in enumerate(folds):
        channels = scale.channels(without=number)
        together = scale.calibration(ALL, without=number)
        if total is None or not channels or together is None:
            return None
        others = total - fold.counts
        judges[number] = ChannelJudge(others, meta, channels, together, interval_s)

    def judge_at(position: int) -> ChannelJudge:
        number = next(n for n, block in enumerate(blocks) if position < block.end)
        return judges[number]

    return DayChannels(
        labels_dir=labels_dir,
        meta=meta,
        judge_at=judge_at,
        times=times,
        rows=rows,
        scored=tuple(scale.channels()),
    )


def _rows(labels_dir: Path) -> int:
    return int(pq.read_metadata(labels_dir / CODES_FILE).num_rows)
