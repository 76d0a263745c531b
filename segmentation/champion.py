"""The best of the evaluated models, with its files, and why it was chosen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from segmentation.evaluate import ALL, METRICS_FILE
from segmentation.model_folder import DESCRIPTION_FILE, WEIGHTS_FILE, read_description
from segmentation.training_report import CARD_FILE, CURVES_FILE, HISTORY_FILE

CHAMPION_FILE = "champion.json"
#: What models are compared by.
METRIC = "iou"
#: What is promoted of a model's folder, where it is there; never what a store adds to it.
MODEL_FILES = (WEIGHTS_FILE, DESCRIPTION_FILE, CARD_FILE, CURVES_FILE, HISTORY_FILE)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An evaluated model.

    Args:
        iou: human IoU over all images of the test split.
        empty_alarm_rate: share of images without people that raise a false alarm; None without any.
        parameters: numbers in the network.
    """

    name: str
    iou: float
    empty_alarm_rate: float | None
    parameters: int


@dataclass(frozen=True, kw_only=True)
class ChampionSummary:
    """Which model was promoted.

    Args:
        iou: its human IoU on the test split.
        why: one sentence.
        candidates: model -> IoU.
        unscored: models whose IoU nothing defines.
    """

    architecture: str
    iou: float
    why: str
    candidates: Mapping[str, float]
    unscored: tuple[str, ...]


def choose_champion(
    evaluations: Mapping[str, Path], models: Mapping[str, Path], out: Path
) -> ChampionSummary:
    """Copy the files of the model with the highest IoU, and say why it was chosen.

    Of equals, the one with fewer false alarms wins, then the smaller, then the first by name.

    Args:
        evaluations: model -> folder with its metrics.parquet.
        models: model -> folder with its weights.
        out: existing folder; receives the model's files and champion.json.

    Raises:
        ValueError: nothing was evaluated, no evaluation has an IoU, or a model's folder is missing.
    """
    missing = sorted(set(evaluations) - set(models))
    if missing:
        raise ValueError(f"evaluated but without weights: {', '.join(missing)}; train them again")
    found = {name: _candidate(name, evaluations[name], models[name]) for name in evaluations}
    candidates = sorted((c for c in found.values() if c is not None), key=_rank)
    if not candidates:
        raise ValueError(
            f"no model to promote: {len(evaluations)} evaluated, none with a human IoU; evaluate"
            " on a test split that has people in it"
        )
    best = candidates[0]
    summary = ChampionSummary(
        architecture=best.name,
        iou=best.iou,
        why=_why(candidates),
        candidates={candidate.name: candidate.iou for candidate in candidates},
        unscored=tuple(sorted(name for name, candidate in found.items() if candidate is None)),
    )
    for name in MODEL_FILES:
        if (models[best.name] / name).is_file():
            shutil.copyfile(models[best.name] / name, out / name)
    _write(summary, out)
    return summary


def _candidate(name: str, evaluation: Path, model: Path) -> Candidate | None:
    rows = {row["scope"]: row for row in pq.read_table(evaluation / METRICS_FILE).to_pylist()}
    if ALL not in rows:
        raise ValueError(f"{evaluation / METRICS_FILE} has no row {ALL!r}; evaluate {name} again")
    if rows[ALL][METRIC] is None:
        return None
    return Candidate(
        name=name,
        iou=rows[ALL][METRIC],
        empty_alarm_rate=rows[ALL]["empty_alarm_rate"],
        parameters=read_description(model).parameters.total,
    )


def _rank(candidate: Candidate) -> tuple[float, float, int, str]:
    alarms = 1.0 if candidate.empty_alarm_rate is None else candidate.empty_alarm_rate
    return -candidate.iou, alarms, candidate.parameters, candidate.name


def _why(ranked: list[Candidate]) -> str:
    best = ranked[0]
    score = f"human IoU {100 * best.iou:.1f} % on the test split"
    if len(ranked) == 1:
        return f"{score}; the only model that was evaluated"
    second = ranked[1]
    if second.iou == best.iou:
        return f"{score}, as {second.name}; fewer false alarms, or smaller"
    return f"{score}; the next, {second.name}, has {100 * second.iou:.1f} %"


def _write(summary: ChampionSummary, out: Path) -> None:
    values = {
        "architecture": summary.architecture,
        "metric": METRIC,
        "score": summary.iou,
        "why": summary.why,
        "candidates": dict(sorted(summary.candidates.items())),
        "unscored": list(summary.unscored),
    }
    text = json.dumps(values, indent=1, sort_keys=True)
    (out / CHAMPION_FILE).write_text(text + "\n", encoding="utf-8")
