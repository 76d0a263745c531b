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

#: One row per step; no clock, so that two runs give the same bytes.
HISTORY = pa.schema(
    [
        pa.field("step", pa.int32(), nullable=False),
        pa.field("loss", pa.float64(), nullable=False),
        pa.field("bce", pa.float64(), nullable=False),
        pa.field("dice", pa.float64(), nullable=False),
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
            *_result(history),
            *_limits(),
        ]
    )
    (out / CARD_FILE).write_text(text + "\n", encoding="utf-8")
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
        "| weights from elsewhere | none: trained from scratch |",
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


def _result(history: Sequence[HistoryRow]) -> list[str]:
    tenth = max(1, len(history) // 10)
    first = sum(row.loss for row in history[:tenth]) / tenth
    last = sum(row.loss for row in history[-tenth:]) / tenth
    scores = [row.val_iou for row in history if row.val_iou is not None]
    shown = f"{100 * scores[-1]:.1f} %" if scores else "not measured"
    return [
        "## Result",
        "",
        f"Loss {first:.3f} over the first tenth of steps, {last:.3f} over the last. Human IoU on"
        f" some validation images: {shown}; the evaluation on the test split is the verdict.",
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
