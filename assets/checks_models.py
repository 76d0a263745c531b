"""Claims about trained, measured and promoted models."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from assets.claims import Claim, Finding, Inputs
from dataset_build.digests import sha256_of


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


def onnx_agrees(folder: Path) -> Finding:
    """The ONNX file beside the weights is theirs, and answered as they do when it was tried."""
    path = folder / "export.json"
    if not path.is_file():
        return Finding(passed=True, seen="no ONNX file was written")
    record = json.loads(path.read_text(encoding="utf-8"))
    if "why_not" in record:
        return Finding(passed=record["agrees"], seen=f"no ONNX file: {record['why_not']}")
    files = {"weights": "weights.safetensors", "onnx_sha256": "model.onnx"}
    others = [name for field, name in files.items() if sha256_of(folder / name) != record[field]]
    return Finding(
        passed=record["agrees"] and not others,
        seen=f"differs by {record['max_difference']:.1g} in probability;"
        f" other than when it was tried: {others}",
    )


def scores_are_shares(folder: Path) -> Finding:
    """Every score and both ends of its interval lie in [0, 1] where they are defined."""
    from segmentation.metrics import SCORES

    rows = pq.read_table(folder / "metrics.parquet").to_pylist()
    names = [f"{name}{end}" for name in SCORES for end in ("", "_low", "_high")]
    wrong = [
        (row["scope"], name)
        for row in rows
        for name in names
        if row[name] is not None and not 0.0 <= row[name] <= 1.0
    ]
    return Finding(
        passed=bool(rows) and not wrong, seen=f"{len(rows)} scopes, out of range: {wrong}"
    )


def images_add_up(folder: Path) -> Finding:
    """No image was judged twice, and the images' counts add up to those of the scores."""
    from segmentation.evaluation.image_table import COUNT_NAMES, count_blocks, sample_ids

    ids = sample_ids(folder)
    twice = len(ids) - len(ids.unique())
    whole = next(
        row
        for row in pq.read_table(folder / "metrics.parquet").to_pylist()
        if row["scope"] == "all"
    )
    sums = np.sum([block.sum(axis=0) for block in count_blocks(folder)], axis=0)
    wrong = [name for name, total in zip(COUNT_NAMES, sums, strict=False) if total != whole[name]]
    return Finding(
        passed=not twice and not wrong,
        seen=f"{len(ids)} images, {twice} of them twice; counts that differ: {wrong}",
    )


def best_comes_first(folder: Path) -> Finding:
    """Models are listed from best to worst, each at most once, all over as many images."""
    rows = pq.read_table(folder / "comparison.parquet").to_pylist()
    names = [row["model"] for row in rows]
    ahead = [row["model"] for row in rows if (row["behind_best"] or 0.0) > 0]
    images = {row["images"] for row in rows}
    return Finding(
        passed=len(set(names)) == len(names) > 0 and not ahead and len(images) == 1,
        seen=f"{len(names)} models over {sorted(images)} images; ahead of the first: {ahead}",
    )


def champion_was_evaluated(folder: Path) -> Finding:
    """The evaluation beside the promoted weights judged these weights."""
    from segmentation.evaluation.evaluated import read_evaluated
    from segmentation.model_folder import weights_digest

    judged, weights = read_evaluated(folder), weights_digest(folder)
    seen = judged.model_version if judged else "nothing"
    return Finding(passed=seen == weights, seen=f"weights {weights[:12]}, judged {seen[:12]}")


def no_rival_is_surely_better(folder: Path, evaluations: Inputs, models: Inputs) -> Finding:
    """Measured image by image, no candidate that took part beats the champion by the rule."""
    from segmentation.champions.champion import why_left_out
    from segmentation.champions.champion_card import read_card
    from segmentation.evaluation.evaluated import read_evaluated
    from segmentation.evaluation.paired import paired_improvement

    card, judged = read_card(folder), read_evaluated(folder)
    if card["decision"] == "forced":
        return Finding(passed=True, seen=f"{card['architecture']}: {card['why']}")
    digest, steps = (judged.data_digest, judged.steps) if judged else ("", "")
    rivals = [
        name
        for name in sorted(evaluations)
        if name not in card["left_out"]
        and not why_left_out(evaluations[name], models[name], digest, steps)
    ]
    beaten_by = []
    for name in rivals:
        found = paired_improvement(evaluations[name], folder, card["metric"])
        if found and found.is_sure and found.difference >= card["rule"]["min_improvement"]:
            beaten_by.append(name)
    return Finding(
        passed=not beaten_by,
        seen=f"{card['architecture']} among {len(rivals)}; surely better: {beaten_by or 'none'}",
    )


def times_are_in_order(folder: Path) -> Finding:
    """Every time is above 0, no median above its 95th percentile; eager float32 is among them."""
    rows = pq.read_table(folder / "speed.parquet").to_pylist()
    wrong = [
        (row["backend"], row["precision"], row["batch"])
        for row in rows
        if not 0.0 < row["latency_p50_ms"] <= row["latency_p95_ms"]
    ]
    compared = any((row["backend"], row["precision"]) == ("eager", "float32") for row in rows)
    return Finding(
        passed=compared and not wrong,
        seen=f"{len(rows)} rows, eager float32 {'' if compared else 'not '}among them,"
        f" out of order: {wrong}",
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
        Claim(
            name="onnx_agrees",
            says="The ONNX file beside the weights answers as eager PyTorch does.",
            look=onnx_agrees,
            blocking=False,
        ),
    ),
    "model_evaluation": (
        Claim(
            name="scores_are_shares",
            says="Scores and their intervals lie in [0, 1].",
            look=scores_are_shares,
        ),
        Claim(
            name="images_add_up",
            says="No image counts twice, and the images add up to the scores.",
            look=images_add_up,
        ),
    ),
    "model_speed": (
        Claim(
            name="times_are_in_order",
            says="Medians lie above 0 and below 95th percentiles; eager float32 was measured too.",
            look=times_are_in_order,
        ),
    ),
    "model_comparison": (
        Claim(
            name="best_comes_first",
            says="All models are judged on as many images, the best first.",
            look=best_comes_first,
        ),
    ),
    "champion_model": (
        Claim(
            name="champion_was_evaluated",
            says="The evaluation beside the weights is theirs.",
            look=champion_was_evaluated,
        ),
        Claim(
            name="no_rival_is_surely_better",
            says="No candidate of the same test split is surely better, unless a person said so.",
            look=no_rival_is_surely_better,
            against=("model_evaluation", "trained_model"),
        ),
        Claim(
            name="weights_are_finite",
            says="No weight is NaN or infinite.",
            look=weights_are_finite,
        ),
        Claim(
            name="onnx_agrees",
            says="The ONNX file beside the weights answers as eager PyTorch does.",
            look=onnx_agrees,
            blocking=False,
        ),
    ),
}
