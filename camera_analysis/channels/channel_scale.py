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
from camera_analysis.labelling.code_tables import (
    CODES_FILE,
    DAY_CODES,
    CodesMeta,
    iterate_codes,
    read_codes_meta,
)

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
#: Frames of a stretch, where a window has too many to look at all of them: what departs is followed
#: within one.
STRETCH = 600
#: Frames of a window that calibrate: a minute of computing.
MOST_FRAMES = 24_000
#: With fewer calibrating frames the channels explain nothing and raise no alarm.
LEAST_FRAMES = 60

#: One row per calibrating frame and channel; "all" is the sum, in nats, the others surprise.
SCALE = pa.schema(
    [
        ("channel", pa.dictionary(pa.int8(), pa.string())),
        ("fold", pa.int16()),
        ("score", pa.float64()),
        ("begins", pa.bool_()),  # of "all": the frame before it was not looked at
    ]
)


@dataclass(frozen=True)
class Fold:
    """Frames at positions ``start`` to ``stop`` (exclusive) of a day, and their counts."""

    labels_dir: Path
    start: int
    stop: int
    counts: ChannelCounts


@dataclass
class ChannelScale:
    """Largest scores of calibrating frames: (channel or "all", fold) -> one score a frame.

    Attributes:
        scores: of a channel those that are above 0, of "all" one a frame in the order of time.
        begins: fold -> of each of its frames, whether the one before it was not looked at.
    """

    scores: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    begins: dict[int, list[bool]] = field(default_factory=dict)

    def stretches(self) -> dict[int, list[FloatVector]]:
        """Fold -> evidence of all channels together, in nats, of frames that follow each other."""
        found = {}
        for fold, begins in sorted(self.begins.items()):
            evidence = np.array(self.scores.get((ALL, fold), ()), np.float64)
            found[fold] = np.split(evidence, np.flatnonzero(begins)[1:])
        return found

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
        rows = [
            (*key, score, begins)
            for key in sorted(self.scores)
            for score, begins in zip(self.scores[key], self._begins_of(*key), strict=True)
        ]
        columns = [
            pa.array([row[0] for row in rows], pa.string()).dictionary_encode(),
            pa.array([row[1] for row in rows], pa.int16()),
            pa.array([row[2] for row in rows], pa.float64()),
            pa.array([row[3] for row in rows], pa.bool_()),
        ]
        columns[0] = columns[0].cast(SCALE.field("channel").type)
        table = pa.Table.from_arrays(columns, schema=SCALE)
        pq.write_table(table, folder / SCALE_FILE, compression="zstd")

    @classmethod
    def load(cls, folder: Path) -> ChannelScale | None:
        """Read what :meth:`save` wrote; None where nothing was calibrated, or by another rule."""
        path = folder / SCALE_FILE
        if not path.is_file() or not pq.read_schema(path).equals(SCALE):
            return None
        scale = cls()
        for row in pq.read_table(path).to_pylist():
            scale.scores.setdefault((row["channel"], row["fold"]), []).append(row["score"])
            if row["channel"] == ALL:
                scale.begins.setdefault(row["fold"], []).append(row["begins"])
        return scale

    def _begins_of(self, channel: str, fold: int) -> Sequence[bool]:
        return self.begins[fold] if channel == ALL else [False] * len(self.scores[channel, fold])


def blocks_of_day(
    labels_dir: Path, meta: CodesMeta, blocks: Sequence[tuple[int, int]]
) -> list[Fold]:
    """Folds of one day: blocks of positions, counted in one pass."""
    folds = [Fold(labels_dir, *block, _empty(meta)) for block in blocks]
    number = 0
    for position, frame in enumerate(iterate_codes(labels_dir, meta)):
        while position >= folds[number].stop:
            number += 1
        folds[number].counts.add(frame.codes)
    return folds


def whole_days(labels: Mapping[str, Path], counts: Mapping[str, ChannelCounts]) -> list[Fold]:
    """Folds of a window: its days."""
    return [
        Fold(labels[day], 0, pq.read_metadata(labels[day] / CODES_FILE).num_rows, counts[day])
        for day in sorted(counts)
        if day in labels
    ]


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
    every = max(1, -(-frames // MOST_FRAMES))
    for number, tables in others.items():
        for _, maps in _surprise(folds[number], tables, meta, every):
            for channel, scores in maps.items():
                if (highest := float(scores.max())) > 0:
                    scale.scores.setdefault((channel, number), []).append(highest)
    for number, tables in others.items():
        known = scale.channels(without=number)
        for begins, maps in _surprise(folds[number], tables, meta, every):
            surprise = {c: m for c, m in maps.items() if c in known}
            highest = float(join_evidence(surprise, known, DAY_CONFIG)[0].max()) if known else 0.0
            scale.scores.setdefault((ALL, number), []).append(highest)
            scale.begins.setdefault(number, []).append(begins)
    return scale


def sum_counts(folds: Sequence[Fold]) -> ChannelCounts | None:
    """Counts of all folds; None without any."""
    total: ChannelCounts | None = None
    for fold in folds:
        total = fold.counts if total is None else total + fold.counts
    return total


def day_maps(tables: TailTables, meta: CodesMeta) -> ChannelMaps:
    """What turns the codes of consecutive samples of a day into surprise.

    Args:
        tables: the normal.
        meta: of that day's codes.
    """
    return ChannelMaps(tables, 1 / meta.tone_s if meta.tone_s else 1.0, DAY_CONFIG.maps)


def _surprise(
    fold: Fold, tables: TailTables, meta: CodesMeta, every: int
) -> Iterator[tuple[bool, Mapping[str, FloatImage]]]:
    """Whether a frame begins a stretch, and its surprise; of every so many stretches of a fold.

    Frames before a stretch are read as far as its channels look back, and not told.
    """
    maps = day_maps(tables, read_codes_meta(fold.labels_dir) or meta)
    lead = maps.look_back

    def is_told(position: int) -> bool:
        return (position - fold.start) // STRETCH % every == 0

    def is_read(position: int) -> bool:
        if not fold.start <= position < fold.stop:
            return False
        later = (position - fold.start) // STRETCH + 1
        next_told = fold.start + (later + -later % every) * STRETCH
        return is_told(position) or next_told - position <= lead

    positions = [position for position in range(fold.start, fold.stop) if is_read(position)]
    frames = iterate_codes(fold.labels_dir, meta, is_read)
    read = told = fold.start - 2
    for position, frame in zip(positions, frames, strict=True):
        if position != read + 1 or not frame.goes_on:
            maps.forget()
            told = fold.start - 2
        surprise = maps.of(frame.codes)
        if is_told(position):
            yield position != told + 1, surprise
            told = position
        read = position


def _empty(meta: CodesMeta) -> ChannelCounts:
    return ChannelCounts(meta.grids)
