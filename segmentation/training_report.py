"""What a training leaves for its readers: history, curves, a card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from segmentation.checkpoint import HistoryRow
from segmentation.data import SplitData
from segmentation.model_folder import ModelDescription

HISTORY_FILE = "history.parquet"
CARD_FILE = "model_card.md"
CURVES_FILE = "curves.png"
#: Of ``sha256:...``: enough to tell files apart.
_SHOWN_DIGITS = 23

#: One row per step; no clock, so that two runs give the same bytes.
HISTORY = pa.schema(
    [
        pa.field("step", pa.int32(), nullable=False),
        pa.field("loss", pa.float64(), nullable=False),
        pa.field("pixel_loss", pa.float64(), nullable=False),
        pa.field("region_loss", pa.float64(), nullable=False),
        pa.field("auxiliary_loss", pa.float64(), nullable=False),
        pa.field("detail_loss", pa.float64(), nullable=False),
        pa.field("lr", pa.float64(), nullable=False),
        pa.field("grad_norm", pa.float64(), nullable=False),
        pa.field("val_iou", pa.float64()),
    ]
)


def write_history(history: Sequence[HistoryRow], out: Path) -> Path:
    """Write ``history.parquet``."""
    table = pa.Table.from_pylist([asdict(row) for row in history], HISTORY)
    pq.write_table(table, out / HISTORY_FILE, compression="zstd")
    return out / HISTORY_FILE


def write_card(
    description: ModelDescription,
    data: SplitData,
    validation: SplitData | None,
    history: Sequence[HistoryRow],
    out: Path,
) -> Path:
    """Write ``model_card.md``: what it is, what it saw, what it may be used for."""
    text = "\n".join(
        [
            *_what(description),
            *_data(description, data, validation),
            *_result(history, best=bool(description.training.recipe.get("patience_validations"))),
            *_limits(),
        ]
    )
    (out / CARD_FILE).write_text(text + "\n", encoding="utf-8")
    return out / CARD_FILE


def published_iou(history: Sequence[HistoryRow], *, best: bool) -> float | None:
    """Validation IoU of the weights that get published: the best ones', else the last ones'."""
    scores = [row.val_iou for row in history if row.val_iou is not None]
    if not scores:
        return None
    return max(scores) if best else scores[-1]


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
        "",
    ]


def _data(
    description: ModelDescription, data: SplitData, validation: SplitData | None
) -> list[str]:
    with_people = sum(data.has_people(number) for number in range(len(data)))
    lines = [
        "## Data",
        "",
        f"{len(data):,} images, {with_people:,} with people and {len(data) - with_people:,}"
        f" without; {len(validation) if validation else 0:,} more for validation."
        f" Digest `{description.training.data_digest[:16]}`.",
        "",
        "| source | images |",
        "|---|---|",
    ]
    counts = sorted(Counter(data.sources).items())
    return [*lines, *(f"| {source} | {count:,} |" for source, count in counts), ""]


def _origin(description: ModelDescription) -> str:
    weights = description.model.weights
    if not weights:
        return "none: trained from scratch"
    held = description.training.recipe.get("head_steps", 0)
    return f"`{weights[:_SHOWN_DIGITS]}`; the backbone kept them for the first {held} steps"


def _result(history: Sequence[HistoryRow], *, best: bool) -> list[str]:
    tenth = max(1, len(history) // 10)
    first = sum(row.loss for row in history[:tenth]) / tenth
    last = sum(row.loss for row in history[-tenth:]) / tenth
    score = published_iou(history, best=best)
    shown = "not measured" if score is None else f"{100 * score:.1f} %"
    which = ", the best of all steps, which these are the weights of" if best else ""
    return [
        "## Result",
        "",
        f"Loss {first:.3f} over the first tenth of steps, {last:.3f} over the last. Human IoU on"
        f" some validation images: {shown}{which}; the evaluation on the test split is the"
        " verdict.",
        "",
    ]


def _limits() -> list[str]:
    return [
        "## Limits",
        "",
        "* Sources are mostly photographs taken by hand; a fixed camera sees other angles, sizes"
        " and light. Judge it on frames of the camera before relying on it.",
        "* It knows no identities and tells nobody apart.",
        "* Not for decisions about single persons.",
    ]
