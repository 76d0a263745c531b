"""How rarely a normal frame shows as much: the channels of a camera-day, calibrated by leaving out.

The footage behind a normal falls into folds: its days, or blocks of time where there is but one.
Each fold is scored against the counts of all the others, which subtraction gives. Largest surprises
of its frames calibrate the channels; by the calibrations of the other folds the same frames say how
high the sum of all channels rises when nothing is wrong, one after the other, so that what departs
can be followed (:mod:`camera_analysis.channels.channel_departures`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.channels.channel_calibration import Calibration, calibrate
from camera_analysis.channels.channel_counts import ChannelCounts
from camera_analysis.channels.channel_fusion import ChannelConfig, join_evidence
from camera_analysis.channels.channel_maps import DAY_SCORED, SCORED, ChannelMaps, MapConfig
from camera_analysis.channels.channel_surprise import TailConfig, TailTables
from camera_analysis.footage.frame_times import FrameTimes
from camera_analysis.labelling.code_tables import DAY_CODES, CodesMeta, iterate_codes
from camera_analysis.normal import held_out

FloatVector = npt.NDArray[np.float64]
FloatImage = npt.NDArray[np.float32]

SCALE_FILE = "channel_scale.parquet"
BITS_PER_NAT = float(1 / np.log(2))
#: Name of the sum of all channels.
ALL = "all"
#: The benchmark's rule on places twice as wide: the same reach in pixels. Size is joined: what was
#: measured of it on walkways was not measured on days.
DAY_CONFIG = ChannelConfig(
    codes=DAY_CODES,
    tails=TailConfig(reach=1, row_reach=2),
    maps=MapConfig(window=(3, 3), support=2.0),
    joined=SCORED,
)
#: Intervals that may lie between two samples that follow each other: two or three may be missing.
LONGEST_STEP = 3.5
#: With fewer calibrating frames the channels explain nothing and raise no alarm.
LEAST_FRAMES = 60

#: One row per calibrating frame and channel; "all" is the sum, in nats, the others surprise.
SCALE = pa.schema(
    [
        ("channel", pa.dictionary(pa.int8(), pa.string())),
        ("fold", pa.int16()),
        ("score", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Fold:
    """Frames at positions ``start`` to ``stop`` (exclusive) of a day, and their counts.

    Frames within ``alarms``, first and last instant, are none of a normal day.
    """

    labels_dir: Path
    start: int
    stop: int
    counts: ChannelCounts
    times: FrameTimes
    alarms: Sequence[tuple[datetime, datetime]] = ()


@dataclass
class ChannelScale:
    """Largest scores of calibrating frames: (channel or "all", fold) -> one score a frame.

    Attributes:
        scores: of a channel those that are above 0, of "all" one a frame in the order of time.
        times_s: fold -> of each of those frames, in seconds; while it is learned, not stored.
    """

    scores: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    times_s: dict[int, list[float]] = field(default_factory=dict, compare=False)

    def calibration(self, channel: str, *, without: int | None = None) -> Calibration | None:
        """From the scores of all folds but one; None where there are too few."""
        parts = [
            np.array(scores, np.float64)
            for (name, fold), scores in sorted(self.scores.items())
            if name == channel and fold != without
        ]
        if sum(part.size for part in parts) < LEAST_FRAMES:
            return None
        return calibrate(parts)

    def channels(self, *, without: int | None = None) -> dict[str, Calibration]:
        """Channel -> its calibration; channels that hardly ever showed anything are left out."""
        found = {c: self.calibration(c, without=without) for c in DAY_SCORED}
        return {channel: known for channel, known in found.items() if known is not None}

    def save(self, folder: Path) -> None:
        """Write ``channel_scale.parquet``."""
        rows = [(*key, score) for key in sorted(self.scores) for score in self.scores[key]]
        columns = [
            pa.array([row[0] for row in rows], pa.string()).dictionary_encode(),
            pa.array([row[1] for row in rows], pa.int16()),
            pa.array([row[2] for row in rows], pa.float64()),
        ]
        columns[0] = columns[0].cast(SCALE.field("channel").type)
        table = pa.Table.from_arrays(columns, schema=SCALE)
        pq.write_table(table, folder / SCALE_FILE, compression="zstd")

    @classmethod
    def load(cls, folder: Path) -> ChannelScale | None:
        """Read what :meth:`save` wrote; None where nothing was calibrated."""
        path = folder / SCALE_FILE
        if not path.is_file():
            return None
        scale = cls()
        for row in pq.read_table(path).to_pylist():
            scale.scores.setdefault((row["channel"], row["fold"]), []).append(row["score"])
        return scale


def blocks_of_day(
    labels_dir: Path, meta: CodesMeta, blocks: Sequence[tuple[int, int]], times: FrameTimes
) -> list[Fold]:
    """Folds of one day: blocks of positions, counted in one pass."""
    folds = [Fold(labels_dir, *block, ChannelCounts(meta.grids), times) for block in blocks]
    number = 0
    for position, frame in enumerate(iterate_codes(labels_dir, meta)):
        while position >= folds[number].stop:
            number += 1
        folds[number].counts.add(frame.codes)
    return folds


def learn_scale(folds: Sequence[Fold], meta: CodesMeta) -> ChannelScale:
    """Score the folds' frames, each against the counts of all other folds.

    Args:
        folds: two or more; with fewer nothing can be left out, and the scale is empty.
        meta: of their codes.
    """
    scale = ChannelScale()
    total = sum_counts(folds)
    others = {
        number: TailTables(total - fold.counts, DAY_CONFIG.tails)
        for number, fold in enumerate(folds)
        if total is not None and total.frames > fold.counts.frames
    }
    frames = sum(fold.stop - fold.start for fold in folds)
    every = max(1, -(-frames // held_out.MOST_FRAMES))

    def read(number: int) -> Iterator[tuple[float, Mapping[str, FloatImage]]]:
        phase = number * every // len(folds)  # other hours of each day
        return _surprise(folds[number], others[number], meta, every, phase)

    for number in others:
        for _, maps in read(number):
            for channel, scores in maps.items():
                if (highest := float(scores.max())) > 0:
                    scale.scores.setdefault((channel, number), []).append(highest)
    for number in others:
        known = scale.channels(without=number)
        for time_s, maps in read(number):
            surprise = {c: m for c, m in maps.items() if c in known}
            highest = float(join_evidence(surprise, known, DAY_CONFIG)[0].max()) if known else 0.0
            scale.scores.setdefault((ALL, number), []).append(highest)
            scale.times_s.setdefault(number, []).append(time_s)
    return scale


def sum_counts(folds: Sequence[Fold]) -> ChannelCounts | None:
    """Counts of all folds; None without any."""
    total: ChannelCounts | None = None
    for fold in folds:
        total = fold.counts if total is None else total + fold.counts
    return total


def day_maps(tables: TailTables, interval_s: float) -> ChannelMaps:
    """What turns the codes of samples of a day, so many seconds apart, into surprise."""
    return ChannelMaps(tables, 1 / interval_s, DAY_CONFIG.maps)


def follows(before: datetime, now: datetime, interval: timedelta) -> bool:
    """Whether one sample follows another, though some between them may be missing."""
    return now - before <= interval * LONGEST_STEP


def _surprise(
    fold: Fold, tables: TailTables, meta: CodesMeta, every: int, phase: int
) -> Iterator[tuple[float, Mapping[str, FloatImage]]]:
    """Second and surprise of the frames of every so many stretches of a fold.

    Frames before a stretch are read as far as its channels look back, and not told.
    """
    maps = day_maps(tables, fold.times.interval.total_seconds())
    lead = maps.look_back

    def is_told(position: int) -> bool:
        stretch = (position - fold.start) // held_out.STRETCH
        return fold.start <= position < fold.stop and stretch % every == phase

    def is_read(position: int) -> bool:
        later = max(0, (position - fold.start) // held_out.STRETCH + 1)
        next_told = fold.start + (later + (phase - later) % every) * held_out.STRETCH
        leads = next_told < fold.stop and next_told - position <= lead
        return is_told(position) or leads

    before: datetime | None = None
    positions = [position for position in range(fold.stop) if is_read(position)]
    frames = iterate_codes(fold.labels_dir, meta, set(positions).__contains__)
    for position, frame in zip(positions, frames, strict=True):
        now = fold.times.utc(frame.frame_id)
        if before is None or not follows(before, now, fold.times.interval):
            maps.forget()
        before, surprise = now, maps.of(frame.codes)
        if is_told(position) and not any(first <= now <= last for first, last in fold.alarms):
            yield now.timestamp(), surprise
