"""``model_card.md``: what a model is for, what it saw, how well it does, and what it cannot do.

The training writes the card; each evaluation adds its metrics to a copy beside its own tables, and
the champion's card is that of its evaluation. The form follows Mitchell et al., "Model Cards for
Model Reporting", 2019.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from segmentation.bootstrap import RESAMPLES
from segmentation.checkpoint import HistoryRow
from segmentation.data import SplitData
from segmentation.evaluated import Evaluated
from segmentation.evaluation_views import HEADINGS, per_cent
from segmentation.model_folder import ModelDescription
from segmentation.person_recall import LARGE_FROM, SMALL_BELOW
from segmentation.scores import ScopeScores
from segmentation.training_report import published_iou

CARD_FILE = "model_card.md"
_METRICS, _LIMITS = "## Metrics", "## Limits"
_NO_METRICS = "Not yet evaluated: the card beside the evaluation, and the champion's, have them."
#: Of a sha256: enough to tell versions apart.
_SHOWN_DIGITS = 16


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
        [_METRICS, "", _NO_METRICS],
        [_LIMITS, "", *_limits(description)],
    ]
    text = "\n\n".join("\n".join(lines) for lines in sections)
    (out / CARD_FILE).write_text(text + "\n", encoding="utf-8")
    return out / CARD_FILE


def write_evaluated_card(
    model_dir: Path, scopes: Sequence[ScopeScores], judged: Evaluated, out: Path
) -> Path | None:
    """Copy a model's card with its metrics in place of those that stood there.

    Args:
        model_dir: folder of the model.
        scopes: all images first, then each source.
        judged: what was judged, on what.
        out: existing folder; receives the card.

    Returns:
        The card; None where the model has none.
    """
    if not (model_dir / CARD_FILE).is_file():
        return None
    text = (model_dir / CARD_FILE).read_text(encoding="utf-8")
    before, _, rest = text.partition(_METRICS)
    after = rest[rest.find(_LIMITS) :] if _LIMITS in rest else ""
    metrics = "\n".join([_METRICS, "", *_metrics(scopes, judged)])
    (out / CARD_FILE).write_text(f"{before}{metrics}\n\n{after}", encoding="utf-8")
    return out / CARD_FILE


def _what(description: ModelDescription) -> list[str]:
    model, training, recipe = description.model, description.training, description.training.recipe
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
        f"| crops | {recipe['crop_px']} px, {recipe['batch_size']} a step |",
        f"| seed | {recipe['seed']} |",
        f"| weights from elsewhere | {_origin(description)} |",
    ]


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
    versions = [f"training `{data.digest[:_SHOWN_DIGITS]}`"]
    if validation:
        versions.append(f"validation `{validation.digest[:_SHOWN_DIGITS]}`")
    if description.training.sequences_digest:
        digest = description.training.sequences_digest
        versions.append(f"labelled sequences `{digest[:_SHOWN_DIGITS]}`")
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
    shown = f"{kind}:{digest[:_SHOWN_DIGITS]}"
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


def _metrics(scopes: Sequence[ScopeScores], judged: Evaluated) -> list[str]:
    side = f"at most {judged.max_side_px} px" if judged.max_side_px else "their full size"
    steps = f", then {judged.steps}" if judged.steps else ""
    table = [
        "| score | "
        + " | ".join(f"{scope.scope} (n = {scope.images:,})" for scope in scopes)
        + " |",
        "|---|" + "---|" * len(scopes),
        *(
            f"| {heading} | "
            + " | ".join(per_cent(s.scores[name], s.intervals[name]) for s in scopes)
            + " |"
            for name, heading in HEADINGS.items()
        ),
    ]
    return [
        f"Test split `{judged.data_digest[:_SHOWN_DIGITS]}`, images of {side}, run by"
        f" {judged.backend}{steps}; weights `{judged.model_version[:_SHOWN_DIGITS]}`. Per cent; in"
        f" brackets 95 % intervals over images ({RESAMPLES:,} bootstrap resamples): they do not"
        " say how much another seed of the training would change.",
        "",
        *table,
        "",
        *_weak_points(scopes[0]),
    ]


def _weak_points(everything: ScopeScores) -> list[str]:
    """The scores that a user runs into first, in words."""
    found, intervals = everything.scores, everything.intervals
    said = []
    if found["recall_small"] is not None:
        shown = per_cent(found["recall_small"], intervals["recall_small"])
        said.append(
            f"* Of the persons below {100 * SMALL_BELOW:.0f} % of the frame's height it finds"
            f" {shown} %."
        )
    if found["recall_large"] is not None:
        shown = per_cent(found["recall_large"], intervals["recall_large"])
        said.append(f"* Of those from {100 * LARGE_FROM:.0f} % on it finds {shown} %.")
    if found["empty_region_rate"] is not None:
        shown = per_cent(found["empty_region_rate"], intervals["empty_region_rate"])
        said.append(f"* It sees somebody in {shown} % of the images in which nobody is.")
    return said or ["Nothing more is defined on these images."]


def _limits(description: ModelDescription) -> list[str]:
    recipe = description.training.recipe
    return [
        "* Sources are mostly photographs taken by hand; a fixed camera sees other angles, sizes"
        " and light. Judge it on frames of the camera before relying on it.",
        f"* It was shown people of {recipe['min_person_px']} to {recipe['max_person_px']} px;"
        " smaller ones are missed, larger ones may fall to pieces.",
        "* Seen from straight above, lying, crouching or hidden by half, people are rare in the"
        " sources.",
        "* Statues, posters and reflections of people are often taken for people.",
        "* How well it does for people of different skin, age or dress was not measured: the"
        " sources do not say.",
        "* It knows no identities and tells nobody apart.",
    ]
