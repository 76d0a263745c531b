"""What a training leaves for its readers: its history, and the score that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from segmentation.training.checkpoint import HistoryRow

HISTORY_FILE = "history.parquet"
CURVES_FILE = "curves.png"

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


def published_iou(history: Sequence[HistoryRow], *, best: bool) -> float | None:
    """Validation IoU of the weights that get published: the best ones', else the last ones'."""
    scores = [row.val_iou for row in history if row.val_iou is not None]
    if not scores:
        return None
    return max(scores) if best else scores[-1]
