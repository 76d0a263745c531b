"""Claims about trained, measured and promoted models."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from assets.claims import Claim, Finding, Inputs


def weights_are_finite(folder: Path) -> Finding:
    """No NaN and no infinity in any tensor."""
    from segmentation.tensor_file import read_tensors

    tensors = read_tensors(folder / "weights.safetensors")
    bad = [name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())]
    return Finding(passed=not bad, seen=f"{len(tensors)} tensors, not finite: {bad}")


def loss_went_down(folder: Path) -> Finding:
    """Mean loss of the last tenth of steps lies below that of the first tenth."""
    loss = np.asarray(pq.read_table(folder / "history.parquet")["loss"].to_pylist(), float)
    tenth = max(1, len(loss) // 10)
    first, last = float(np.nanmean(loss[:tenth])), float(np.nanmean(loss[-tenth:]))
    return Finding(
        passed=last < first, seen=f"loss {first:.3f} at the start, {last:.3f} at the end"
    )


def scores_are_shares(folder: Path) -> Finding:
    """IoU, Dice and pixel accuracy lie in [0, 1] where they are defined."""
    rows = pq.read_table(folder / "metrics.parquet").to_pylist()
    names = ("iou", "dice", "pixel_accuracy")
    wrong = [
        (row["scope"], name)
        for row in rows
        for name in names
        if row[name] is not None and not 0.0 <= row[name] <= 1.0
    ]
    return Finding(
        passed=bool(rows) and not wrong, seen=f"{len(rows)} scopes, out of range: {wrong}"
    )


def champion_is_the_best_evaluated(folder: Path, evaluations: Inputs, models: Inputs) -> Finding:
    """The promoted weights were evaluated; none measured on the same images has a higher IoU."""
    from segmentation.champion import METRIC, why_left_out
    from segmentation.evaluate import overall_score, read_evaluated

    name = json.loads((folder / "champion.json").read_text())["architecture"]
    judged = read_evaluated(evaluations[name])
    digest = judged.data_digest if judged else ""
    why = why_left_out(evaluations[name], folder, digest)
    if why:
        return Finding(passed=False, seen=f"{name}: {why}")
    rivals = [one for one in evaluations if not why_left_out(evaluations[one], models[one], digest)]
    scores = {one: overall_score(evaluations[one], METRIC) or 0.0 for one in {name, *rivals}}
    best = max(scores.values())
    return Finding(
        passed=scores[name] >= best,
        seen=f"{name} at {scores[name]:.3f}; best of {len(scores)} {best:.3f}",
    )


CLAIMS: Mapping[str, Sequence[Claim]] = {
    "trained_model": (
        Claim(
            name="weights_are_finite",
            says="No weight is NaN or infinite.",
            look=weights_are_finite,
        ),
        Claim(
            name="loss_went_down",
            says="The loss fell during training.",
            look=loss_went_down,
            blocking=False,
        ),
    ),
    "model_evaluation": (
        Claim(
            name="scores_are_shares",
            says="IoU, Dice and pixel accuracy lie in [0, 1].",
            look=scores_are_shares,
        ),
    ),
    "champion_model": (
        Claim(
            name="champion_is_the_best_evaluated",
            says="Its weights were evaluated; nothing measured alike has a higher human IoU.",
            look=champion_is_the_best_evaluated,
            against=("model_evaluation", "trained_model"),
        ),
        Claim(
            name="weights_are_finite",
            says="No weight is NaN or infinite.",
            look=weights_are_finite,
        ),
    ),
}
