"""The best of the evaluated models, with its files, and why it was chosen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segmentation.evaluate import overall_score, read_evaluated
from segmentation.model_folder import (
    DESCRIPTION_FILE,
    WEIGHTS_FILE,
    read_description,
    weights_digest,
)
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
        left_out: models that cannot be compared -> why.
    """

    architecture: str
    iou: float
    why: str
    candidates: Mapping[str, float]
    unscored: tuple[str, ...]
    left_out: Mapping[str, str]


def choose_champion(
    evaluations: Mapping[str, Path],
    models: Mapping[str, Path],
    out: Path,
    *,
    data_digest: str,
) -> ChampionSummary:
    """Copy the files of the model with the highest IoU, and say why it was chosen.

    Only weights that were evaluated, on the split that ``data_digest`` names, are compared. Of
    equals, the one with fewer false alarms wins, then the smaller, then the first by name.

    Args:
        evaluations: model -> folder with its metrics.parquet and evaluation.json.
        models: model -> folder with its weights.
        out: existing folder; receives the model's files and champion.json.
        data_digest: of the newest test split.

    Raises:
        ValueError: no evaluation can be compared or none has an IoU, or a model's folder is
            missing.
    """
    missing = sorted(set(evaluations) - set(models))
    if missing:
        raise ValueError(f"evaluated but without weights: {', '.join(missing)}; train them again")
    left_out = {
        name: why
        for name in sorted(evaluations)
        if (why := why_left_out(evaluations[name], models[name], data_digest))
    }
    fit = sorted(set(evaluations) - set(left_out))
    found = {name: _candidate(name, evaluations[name], models[name]) for name in fit}
    candidates = sorted((c for c in found.values() if c is not None), key=_rank)
    if not candidates:
        raise ValueError(_nothing_to_promote(fit, left_out))
    best = candidates[0]
    summary = ChampionSummary(
        architecture=best.name,
        iou=best.iou,
        why=_why(candidates),
        candidates={candidate.name: candidate.iou for candidate in candidates},
        unscored=tuple(name for name, candidate in found.items() if candidate is None),
        left_out=left_out,
    )
    for name in MODEL_FILES:
        if (models[best.name] / name).is_file():
            shutil.copyfile(models[best.name] / name, out / name)
    _write(summary, out)
    return summary


def why_left_out(evaluation: Path, model: Path, data_digest: str) -> str:
    """Why an evaluation says nothing about these weights on this split; empty where it does."""
    judged = read_evaluated(evaluation)
    if judged is None:
        return "the evaluation does not say which weights it judged; evaluate again"
    if judged.model_version != weights_digest(model):
        return "trained again since it was evaluated; evaluate again"
    if judged.data_digest != data_digest:
        return "evaluated on another test split than the newest; evaluate again"
    return ""


def _nothing_to_promote(fit: Sequence[str], left_out: Mapping[str, str]) -> str:
    if left_out and not fit:
        reasons = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        return f"no model to promote: none of {len(left_out)} can be compared ({reasons})"
    return (
        f"no model to promote: {len(fit)} evaluated, none with a human IoU; evaluate on a test"
        " split that has people in it"
    )


def _candidate(name: str, evaluation: Path, model: Path) -> Candidate | None:
    iou = overall_score(evaluation, METRIC)
    if iou is None:
        return None
    return Candidate(
        name=name,
        iou=iou,
        empty_alarm_rate=overall_score(evaluation, "empty_alarm_rate"),
        parameters=read_description(model).parameters.total,
    )


def _rank(candidate: Candidate) -> tuple[float, float, int, str]:
    alarms = 1.0 if candidate.empty_alarm_rate is None else candidate.empty_alarm_rate
    return -candidate.iou, alarms, candidate.parameters, candidate.name


def _why(ranked: list[Candidate]) -> str:
    best = ranked[0]
    score = f"human IoU {100 * best.iou:.1f} % on the test split"
    if len(ranked) == 1:
        return f"{score}; the only model that could be compared"
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
        "left_out": dict(summary.left_out),
    }
    text = json.dumps(values, indent=1, sort_keys=True)
    (out / CHAMPION_FILE).write_text(text + "\n", encoding="utf-8")
