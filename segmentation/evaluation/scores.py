"""Scores of one or many sets of images, from sums of their counts, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from segmentation.evaluation.bootstrap import RESAMPLES, SEED, Interval, interval_of, resampled_sums
from segmentation.evaluation.calibration import BINS, calibration_error
from segmentation.evaluation.image_table import (
    BIN_NAMES,
    COUNT_NAMES,
    count_blocks,
    images_by_source,
)
from segmentation.metrics import ECE, RATIOS, SCORES

F64 = npt.NDArray[np.float64]

METRICS_FILE = "metrics.parquet"
#: The scope of all sources together.
ALL = "all"
#: One row for all images, one per source; a score is null where nothing defines it, and its
#: interval where a single image would.
METRICS = pa.schema(
    [
        pa.field("scope", pa.string(), nullable=False),
        *(pa.field(name, pa.float64()) for name in SCORES),
        *(pa.field(f"{name}_{end}", pa.float64()) for name in SCORES for end in ("low", "high")),
        *(pa.field(name, pa.int64(), nullable=False) for name in COUNT_NAMES),
        *(pa.field(name, pa.list_(pa.float64(), BINS), nullable=False) for name in BIN_NAMES),
    ]
)


@dataclass(frozen=True, kw_only=True)
class ScopeScores:
    """Scores of a set of images.

    Args:
        scope: a source, or ``ALL``.
        scores: by name of ``SCORES``; None where nothing defines it.
        intervals: 95 % over images; None for a single image.
        sums: (``MATRIX_COLUMNS``,) counts of all images.
    """

    scope: str
    scores: Mapping[str, float | None]
    intervals: Mapping[str, Interval | None]
    sums: F64

    @property
    def images(self) -> int:
        """Images judged."""
        return self.count("images")

    def count(self, name: str) -> int:
        """One of ``COUNT_NAMES``, over all images."""
        return int(self.sums[COUNT_NAMES.index(name)])

    def bins(self, name: str) -> F64:
        """(15,) of one of ``BIN_NAMES``, over all images."""
        first = len(COUNT_NAMES) + BINS * BIN_NAMES.index(name)
        return self.sums[first : first + BINS]


def scores_of(sums: F64) -> dict[str, F64]:
    """Every score of one or many sets of images.

    Args:
        sums: (..., ``MATRIX_COLUMNS``) counts.

    Returns:
        Score -> (...) values; NaN where nothing defines it.
    """
    column = {name: sums[..., place] for place, name in enumerate(COUNT_NAMES)}
    found = {}
    for name, ratio in RATIOS.items():
        part = np.sum([column[one] for one in ratio.part], axis=0)
        whole = np.sum([column[one] for one in ratio.whole], axis=0)
        nothing = np.full(np.shape(whole), np.nan)
        found[name] = np.asarray(np.divide(part, whole, out=nothing, where=whole > 0))
    px, human_px, probability = np.split(sums[..., len(COUNT_NAMES) :], len(BIN_NAMES), axis=-1)
    found[ECE] = calibration_error(px, human_px, probability)
    return found


def score_scopes(
    evaluation: Path,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    images_per_draw: int = 1,
) -> list[ScopeScores]:
    """Scores of all images, then of each source's, from the table of images.

    Args:
        evaluation: folder with ``images.parquet``.
        resamples: draws behind each interval.
        seed: of the draws.
        images_per_draw: neighbours in the table that are drawn together, as frames of a sequence
            must be; divides the rows that ``count_blocks`` yields at a time.
    """
    sources = images_by_source(evaluation)
    scopes: list[tuple[str, str | None, int]] = [(ALL, None, sum(sources.values()))]
    scopes += [(name, name, count) for name, count in sources.items()]
    return [
        _scope(evaluation, scope, source, images, resamples, seed, images_per_draw)
        for scope, source, images in scopes
    ]


def _scope(
    evaluation: Path,
    scope: str,
    source: str | None,
    images: int,
    resamples: int,
    seed: int,
    per_draw: int,
) -> ScopeScores:
    sums = np.sum([block.sum(axis=0) for block in count_blocks(evaluation, source)], axis=0)
    units = -(-images // per_draw)
    runs = (
        np.add.reduceat(block, np.arange(0, len(block), per_draw))
        for block in count_blocks(evaluation, source)
    )
    drawn = scores_of(resampled_sums(runs, units, resamples=resamples, seed=seed))
    scores = {name: float(value) for name, value in scores_of(sums).items()}
    return ScopeScores(
        scope=scope,
        scores={name: None if np.isnan(value) else value for name, value in scores.items()},
        intervals={
            name: interval_of(drawn[name]) if units > 1 and not np.isnan(value) else None
            for name, value in scores.items()
        },
        sums=sums,
    )


def write_metrics(scopes: list[ScopeScores], out: Path) -> Path:
    """Write ``metrics.parquet``."""
    rows = [_row(scope) for scope in scopes]
    table = pa.Table.from_pylist(rows, METRICS)
    pq.write_table(table, out / METRICS_FILE, compression="zstd")
    return out / METRICS_FILE


def overall_score(folder: Path, metric: str) -> float | None:
    """A score over all images of an evaluation; None where nothing defines it.

    Raises:
        ValueError: the table has no row for all images, or no such score.
    """
    rows = {row["scope"]: row for row in pq.read_table(folder / METRICS_FILE).to_pylist()}
    if metric not in rows.get(ALL, {}):
        raise ValueError(
            f"{folder / METRICS_FILE} has no {metric!r} for {ALL!r}; evaluate the model again"
        )
    score: float | None = rows[ALL][metric]
    return score


def _row(scope: ScopeScores) -> dict[str, object]:
    row: dict[str, object] = {"scope": scope.scope, **scope.scores}
    for name, interval in scope.intervals.items():
        row[f"{name}_low"] = interval.low if interval else None
        row[f"{name}_high"] = interval.high if interval else None
    row |= {name: scope.count(name) for name in COUNT_NAMES}
    return row | {name: scope.bins(name).tolist() for name in BIN_NAMES}
