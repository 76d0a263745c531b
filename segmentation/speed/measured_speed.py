"""What ``model_speed`` measured of one network, run as it is run here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from segmentation.inference.inference_config import InferenceConfig

SPEED_FILE = "speed.parquet"

#: PyTorch, channels last, norms folded: what runs where nothing faster is right.
_EAGER = ("channels-last", "float32")


@dataclass(frozen=True, kw_only=True)
class MeasuredSpeed:
    """The speed of a network, run in one of the measured ways.

    Args:
        images_per_s: at the batch that is fastest.
        latency_p50_ms: the least that was measured for a batch; None where none was.
        how: device, backend, precision and size, in words.
    """

    images_per_s: float
    latency_p50_ms: float | None
    how: str


def read_speed(folder: Path | None, inference: InferenceConfig) -> MeasuredSpeed | None:
    """The speed by the backend and precision that frames are looked at with.

    A faster way that nobody asks for says nothing: bfloat16 is measured wherever the processor
    has it. Where the answers of the way that is asked for are wrong, frames are looked at by the
    one behind it instead, and its log says so: its speed is not seen here.

    Args:
        folder: of a version of ``model_speed``; None where there is none.
        inference: how networks are run here.

    Returns:
        None where this way was not measured.
    """
    if folder is None or not (folder / SPEED_FILE).is_file():
        return None
    table = pq.read_table(folder / SPEED_FILE)
    rows = table.filter(pc.is_valid(table["images_per_s"])).to_pylist()
    if not rows:
        return None
    for way in _ways(inference, rows[0]["device"]):
        alike = [row for row in rows if (row["backend"], row["precision"]) == way]
        if alike:
            return _speed(alike)
    return None


def _ways(inference: InferenceConfig, device: str) -> tuple[tuple[str, str], ...]:
    """Backend and precision of the way that is taken first, and of the one that replaces it."""
    if inference.backend == "eager":
        return (_EAGER,)
    if device == "cuda":
        return ("channels-last", "float16"), _EAGER
    exported = ("openvino", inference.precision)
    return (exported,) if inference.backend == "openvino" else (exported, _EAGER)


def _speed(rows: list[dict[str, Any]]) -> MeasuredSpeed:
    best = max(rows, key=lambda row: row["images_per_s"])
    latencies = [row["latency_p50_ms"] for row in rows if row["latency_p50_ms"] is not None]
    return MeasuredSpeed(
        images_per_s=float(best["images_per_s"]),
        latency_p50_ms=min(latencies, default=None),
        how=f"{best['device']}, {best['backend']}, {best['precision']},"
        f" {best['width']} x {best['height']}",
    )
