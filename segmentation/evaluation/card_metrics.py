"""The metrics of an evaluation in a copy of the model's card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segmentation.evaluation.bootstrap import RESAMPLES
from segmentation.evaluation.evaluated import Evaluated
from segmentation.evaluation.evaluation_views import HEADINGS, per_cent
from segmentation.evaluation.person_recall import LARGE_FROM, SMALL_BELOW
from segmentation.evaluation.scores import ScopeScores
from segmentation.training.model_card import CARD_FILE, LIMITS, METRICS, SHOWN_DIGITS


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
    before, _, rest = text.partition(METRICS)
    after = rest[rest.find(LIMITS) :] if LIMITS in rest else ""
    metrics = "\n".join([METRICS, "", *_metrics(scopes, judged)])
    (out / CARD_FILE).write_text(f"{before}{metrics}\n\n{after}", encoding="utf-8")
    return out / CARD_FILE


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
        f"Test split `{judged.data_digest[:SHOWN_DIGITS]}`, images of {side}, run by"
        f" {judged.backend}{steps}; weights `{judged.model_version[:SHOWN_DIGITS]}`. Per cent; in"
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
