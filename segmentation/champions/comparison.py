"""All evaluated models side by side: one test set, one protocol, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from segmentation.champions.champion import Entrant, why_left_out
from segmentation.champions.comparison_views import draw_comparison, write_comparison_table
from segmentation.evaluation.paired import Resampled, resample
from segmentation.evaluation.scores import ALL, METRICS_FILE
from segmentation.metrics import LESS_IS_BETTER, SCORES
from segmentation.model_folder import read_description

COMPARISON_FILE = "comparison.parquet"
PAIRS_FILE = "pairs.parquet"
PICTURE_FILE = "accuracy_speed_size.png"

_ENDS = ("low", "high")
#: One row per model, the best first; a figure is null where nothing was measured.
COMPARISON = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("images", pa.int64(), nullable=False),
        *(pa.field(name, pa.float64()) for name in SCORES),
        *(pa.field(f"{name}_{end}", pa.float64()) for name in SCORES for end in _ENDS),
        *(pa.field(f"behind_best{end}", pa.float64()) for end in ("", "_low", "_high")),
        pa.field("parameters", pa.int64(), nullable=False),
        pa.field("images_per_s", pa.float64()),
        pa.field("latency_p50_ms", pa.float64()),
        pa.field("speed_of", pa.string(), nullable=False),
    ]
)
#: One row per pair: how much better ``one`` is than ``other``, by the metric of the comparison.
PAIRS = pa.schema(
    [
        pa.field("one", pa.string(), nullable=False),
        pa.field("other", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        *(pa.field(f"better{end}", pa.float64()) for end in ("", "_low", "_high")),
        pa.field("images", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class ComparisonSummary:
    """What was compared.

    Args:
        models: compared.
        images: of the test set, the same for all.
        best: the model with the best score; not surely better than the next.
        left_out: models that could not be compared -> why.
        without_speed: models whose speed was not measured.
    """

    models: int
    images: int
    metric: str
    best: str
    left_out: Mapping[str, str]
    without_speed: tuple[str, ...]


def compare_models(
    entrants: Mapping[str, Entrant],
    out: Path,
    *,
    data_digest: str,
    steps: str = "",
    metric: str = "iou",
) -> ComparisonSummary:
    """Compare every model that was evaluated on the newest test split.

    Args:
        entrants: architecture -> its weights, its evaluation and, where measured, its speed.
        out: existing folder; receives comparison.parquet, pairs.parquet, comparison.md and
            accuracy_speed_size.png.
        data_digest: of the newest test split.
        steps: what is done to answers here, by ``PostprocessConfig.name``; others are left out.
        metric: by which models are ranked and paired.

    Raises:
        ValueError: nothing can be compared; says why of every model.
    """
    reasons = {
        name: why_left_out(one.evaluation, one.model, data_digest, steps)
        for name, one in sorted(entrants.items())
    }
    left_out = {name: why for name, why in reasons.items() if why}
    fit = {name: one for name, one in sorted(entrants.items()) if name not in left_out}
    if not fit:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise ValueError(f"no model to compare ({why or 'none was evaluated'}); evaluate one")
    drawn = resample({name: one.evaluation for name, one in fit.items()}, metric)
    ranked = _ranked(drawn)
    rows = [_row(name, fit[name], drawn, ranked[0]) for name in ranked]
    without_speed = tuple(str(row["model"]) for row in rows if row["images_per_s"] is None)
    _write(rows, COMPARISON, out / COMPARISON_FILE)
    _write(_pairs(drawn, ranked), PAIRS, out / PAIRS_FILE)
    write_comparison_table(rows, out, metric=metric, left_out=left_out)
    draw_comparison(rows, out / PICTURE_FILE, metric=metric)
    return ComparisonSummary(
        models=len(rows),
        images=drawn.images,
        metric=metric,
        best=ranked[0],
        left_out=left_out,
        without_speed=without_speed,
    )


def _ranked(drawn: Resampled) -> list[str]:
    """Models from best to worst; those without a score last."""
    sign = 1.0 if drawn.metric in LESS_IS_BETTER else -1.0

    def place(name: str) -> tuple[bool, float, str]:
        score = drawn.scores[name]
        undefined = score != score  # NaN
        return undefined, 0.0 if undefined else sign * score, name

    return sorted(drawn.scores, key=place)


def _row(name: str, entrant: Entrant, drawn: Resampled, best: str) -> dict[str, object]:
    rows = pq.read_table(entrant.evaluation / METRICS_FILE).to_pylist()
    measured = next(row for row in rows if row["scope"] == ALL)
    speed = entrant.speed
    behind = drawn.improvement(name, best) if name != best else None
    interval = behind.interval if behind else None
    return {
        "model": name,
        "images": drawn.images,
        **{score: measured[score] for score in SCORES},
        **{f"{score}_{end}": measured[f"{score}_{end}"] for score in SCORES for end in _ENDS},
        "behind_best": behind.difference if behind else None,
        "behind_best_low": interval.low if interval else None,
        "behind_best_high": interval.high if interval else None,
        "parameters": read_description(entrant.model).parameters.total,
        "images_per_s": speed.images_per_s if speed else None,
        "latency_p50_ms": speed.latency_p50_ms if speed else None,
        "speed_of": speed.how if speed else "",
    }


def _pairs(drawn: Resampled, ranked: Sequence[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one, other in combinations(ranked, 2):
        found = drawn.improvement(one, other)
        interval = found.interval if found else None
        rows.append(
            {
                "one": one,
                "other": other,
                "metric": drawn.metric,
                "better": found.difference if found else None,
                "better_low": interval.low if interval else None,
                "better_high": interval.high if interval else None,
                "images": drawn.images,
            }
        )
    return rows


def _write(rows: Sequence[Mapping[str, object]], schema: pa.Schema, path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows), schema), path, compression="zstd")
