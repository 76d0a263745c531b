"""How rarely a normal frame shows as much: the channels of a camera-day, calibrated by leaving out.

The footage behind a normal falls into folds: its days, or blocks of time where there is but one.
Each fold is scored against the counts of all the others, which subtraction gives. Of its stretches,
every second one calibrates the channels, and the others say how high the sum of all channels rises
when nothing is wrong. Both are largest scores of frames, so that what is made of them is a
conformal p-value of a frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.channels.channel_calibration import Calibration, calibrate
from camera_analysis.channels.channel_counts import ChannelCounts
from camera_analysis.channels.channel_fusion import ChannelConfig, fuse
from camera_analysis.channels.channel_maps import SCORED, ChannelMaps, MapConfig
from camera_analysis.channels.channel_surprise import TailConfig, TailTables
from camera_analysis.labelling.code_tables import (
    CODES_FILE,
    DAY_CHANNELS,
    DAY_CODES,
    CodedFrame,
    CodesMeta,
    iterate_codes,
)

FloatVector = npt.NDArray[np.float64]

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
#: Frames of a stretch at most; those of one walk through the view belong together. Short footage is
#: cut into this many.
LONGEST_STRETCH, STRETCHES = 60, 40
#: Frames of a window that calibrate: half a minute of computing.
MOST_FRAMES = 24_000
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
    """Frames at positions ``start`` to ``stop`` (exclusive) of a day, and their counts."""

    labels_dir: Path
    start: int
    stop: int
    counts: ChannelCounts


@dataclass
class ChannelScale:
    """Largest scores of calibrating frames: (channel or "all", fold) -> one score a frame."""

    scores: dict[tuple[str, int], list[float]] = field(default_factory=dict)

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
        found = {c: self.calibration(c, without=without) for c in DAY_CHANNELS}
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
    length = max(1, min(LONGEST_STRETCH, frames // STRETCHES))
    stride = max(1, -(-frames // MOST_FRAMES))
    pick = partial(_stretches, meta=meta, length=length, every=2 * stride)
    for number, tables in others.items():
        maps = ChannelMaps(tables, 1.0, DAY_CONFIG.maps)
        for frame in pick(folds[number], phase=0):
            for channel, scores in maps.of(frame.codes).items():
                if (highest := float(scores.max())) > 0:
                    scale.scores.setdefault((channel, number), []).append(highest)
    for number, tables in others.items():
        maps, known = ChannelMaps(tables, 1.0, DAY_CONFIG.maps), scale.channels(without=number)
        for frame in pick(folds[number], phase=stride):
            surprise = {c: m for c, m in maps.of(frame.codes).items() if c in known}
            highest = (
                float(fuse(surprise, known, meta.cell_px, DAY_CONFIG).evidence_hw.max())
                if known
                else 0.0
            )
            scale.scores.setdefault((ALL, number), []).append(highest)
    return scale


def sum_counts(folds: Sequence[Fold]) -> ChannelCounts | None:
    """Counts of all folds; None without any."""
    total: ChannelCounts | None = None
    for fold in folds:
        total = fold.counts if total is None else total + fold.counts
    return total


def _stretches(
    fold: Fold, *, meta: CodesMeta, length: int, every: int, phase: int
) -> Iterator[CodedFrame]:
    def chosen(position: int) -> bool:
        within = fold.start <= position < fold.stop
        return within and (position // length) % every == phase

    return iterate_codes(fold.labels_dir, meta, chosen)


def _empty(meta: CodesMeta) -> ChannelCounts:
    return ChannelCounts(dict.fromkeys(DAY_CHANNELS, meta.grid))
