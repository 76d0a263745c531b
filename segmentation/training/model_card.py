"""``model_card.md``: what a model is for, what it saw, how well it does, and what it cannot do.

The training writes the card; each evaluation adds its metrics to a copy beside its own tables
(``card_metrics``), and the champion's card is that of its evaluation. The form follows Mitchell et
al., "Model Cards for Model Reporting", 2019.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segmentation.data import SplitData
from segmentation.model_folder import ModelDescription
from segmentation.training.checkpoint import HistoryRow
from segmentation.training.training_report import published_iou

CARD_FILE = "model_card.md"
METRICS, LIMITS = "## Metrics", "## Limits"
_NO_METRICS = "Not yet evaluated: the card beside the evaluation, and the champion's, have them."
#: Of a sha256: enough to tell versions apart.
SHOWN_DIGITS = 16


def write_card(
    description: ModelDescription,
    data: SplitData,
    validation: SplitData | None,
    history: Sequence[HistoryRow],
    out: Path,
) -> Path:
    """Write the card of a model that was just trained."""
    best = bool(description.training.recipe.get("patience_validations"))
    sections = [
        _what(description),
        _use(),
        _data(description, data, validation),
        _training(history, best=best),
        [METRICS, "", _NO_METRICS],
        [LIMITS, "", *_limits(description)],
    ]
    text = "\n\n".join("\n".join(lines) for lines in sections)
    (out / CARD_FILE).write_text(text + "\n", encoding="utf-8")
    return out / CARD_FILE


def _what(description: ModelDescription) -> list[str]:
    model, training = description.model, description.training
    recipe: Mapping[str, Any] = training.recipe
    return [
        f"# {model.architecture}, width {model.width}",
        "",
        "Marks the pixels of people in a colour image. Input: RGB of any size. Output: one"
        " probability per pixel.",
        "",
        "| | |",
        "|---|---|",
        f"| trained parameters | {description.parameters.trainable:,} |",
        f"| with batch-norm statistics | {description.parameters.total:,} |",
        f"| steps | {training.steps:,} of {recipe['steps']:,}, stopped by {training.stopped_by} |",
        f"| crops | {_crops(recipe)} |",
        f"| seed | {recipe['seed']} |",
        f"| weights from elsewhere | {_origin(description)} |",
    ]


def _crops(recipe: Mapping[str, Any]) -> str:
    """Size and number of the crops of a step, by stage."""
    now, said = dict(recipe), f"{recipe['crop_px']} px, {recipe['batch_size']} a step"
    for stage in recipe.get("stages") or ():
        now |= {name: value for name, value in stage.items() if value is not None}
        after = f"{100 * stage['begins']:g} % of the training"
        said += f"; after {after} {now['crop_px']} px, {now['batch_size']} a step"
    return said


def _use() -> list[str]:
    return [
        "## Intended use",
        "",
        "Where people are in the frames of a fixed camera: counts and maps of what is normal there,"
        " events that depart from it, and masks behind which people are hidden. Whoever runs it"
        " looks at what it finds.",
        "",
        "Not for telling who somebody is, not for decisions about single persons, and not where"
        " somebody's safety depends on being seen.",
    ]


def _data(
    description: ModelDescription, data: SplitData, validation: SplitData | None
) -> list[str]:
    with_people = sum(data.has_people(number) for number in range(len(data)))
    versions = [f"training `{data.digest[:SHOWN_DIGITS]}`"]
    if validation:
        versions.append(f"validation `{validation.digest[:SHOWN_DIGITS]}`")
    if description.training.sequences_digest:
        digest = description.training.sequences_digest
        versions.append(f"labelled sequences `{digest[:SHOWN_DIGITS]}`")
    counts = sorted(Counter(data.sources).items())
    return [
        "## Data",
        "",
        f"{len(data):,} images, {with_people:,} with people and {len(data) - with_people:,}"
        f" without; {len(validation) if validation else 0:,} more for validation.",
        "",
        f"Data version (sha256 over ids, images and masks): {', '.join(versions)}.",
        "",
        "| source | images | licence |",
        "|---|---|---|",
        *(f"| {source} | {count:,} | {data.licences[source]} |" for source, count in counts),
        "",
        "Some of these licences allow research only; whether they bind the weights is for whoever"
        " passes them on to find out.",
    ]


def _origin(description: ModelDescription) -> str:
    weights = description.model.weights
    if not weights:
        return "none: trained from scratch"
    held = description.training.recipe.get("head_steps", 0)
    kind, _, digest = weights.partition(":")
    shown = f"{kind}:{digest[:SHOWN_DIGITS]}"
    return f"`{shown}`; the backbone kept them for the first {held} steps"


def _training(history: Sequence[HistoryRow], *, best: bool) -> list[str]:
    tenth = max(1, len(history) // 10)
    first = sum(row.loss for row in history[:tenth]) / tenth
    last = sum(row.loss for row in history[-tenth:]) / tenth
    score = published_iou(history, best=best)
    shown = "not measured" if score is None else f"{100 * score:.1f} %"
    which = ", the best of all steps, which these are the weights of" if best else ""
    return [
        "## Training",
        "",
        f"Loss {first:.3f} over the first tenth of steps, {last:.3f} over the last. Human IoU on"
        f" some validation images: {shown}{which}; the evaluation on the test split is the"
        " verdict.",
    ]


def _limits(description: ModelDescription) -> list[str]:
    recipe: Mapping[str, Any] = description.training.recipe
    stages = [stage.get("max_person_px") for stage in recipe.get("stages") or ()]
    tallest = max(height for height in (recipe["max_person_px"], *stages) if height)
    return [
        "* Sources are mostly photographs taken by hand; a fixed camera sees other angles, sizes"
        " and light. Judge it on frames of the camera before relying on it.",
        f"* It was shown people of {recipe['min_person_px']} to {tallest} px;"
        " smaller ones are missed, larger ones may fall to pieces.",
        "* Seen from straight above, lying, crouching or hidden by half, people are rare in the"
        " sources.",
        "* Statues, posters and reflections of people are often taken for people.",
        "* How well it does for people of different skin, age or dress was not measured: the"
        " sources do not say.",
        "* It knows no identities and tells nobody apart.",
    ]
