"""What ``model_speed`` writes: one row for each way of running a network, and each batch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from segmentation.speed.measured_speed import SPEED_FILE

FACTS_FILE = "speed.json"

SPEED = pa.schema(
    [
        pa.field("architecture", pa.string(), nullable=False),
        pa.field("device", pa.string(), nullable=False),
        pa.field("backend", pa.string(), nullable=False),
        pa.field("precision", pa.string(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("batch", pa.int32(), nullable=False),
        pa.field("latency_p50_ms", pa.float64(), nullable=False),
        pa.field("latency_p95_ms", pa.float64(), nullable=False),
        pa.field("images_per_s", pa.float64(), nullable=False),
        pa.field("peak_memory_mb", pa.float64()),
        pa.field("parameters_train", pa.int64(), nullable=False),
        pa.field("parameters_inference", pa.int64(), nullable=False),
        pa.field("flops", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class SpeedRow:
    """One way of running a network, at one batch.

    Args:
        device: ``cpu`` or ``cuda``.
        backend: ``eager``, ``channels-last``, ``compiled`` or ``openvino``.
        latency_p50_ms: median of a whole batch.
        latency_p95_ms: 95th percentile of a whole batch.
        images_per_s: batch / median.
        peak_memory_mb: what it adds at its peak: of the GPU's memory, else of the process's
            resident memory; None where that cannot be read.
        flops: of one image: multiply-adds, and the numbers that other layers touch.
    """

    architecture: str
    device: str
    backend: str
    precision: str
    height: int
    width: int
    batch: int
    latency_p50_ms: float
    latency_p95_ms: float
    images_per_s: float
    peak_memory_mb: float | None
    parameters_train: int
    parameters_inference: int
    flops: int


@dataclass(frozen=True, kw_only=True)
class MachineFacts:
    """``speed.json``: where it was measured, and what is counted apart.

    Args:
        machine: processor or GPU.
        threads: of torch, and of OpenVINO.
        decode_ms: of one JPEG of the size; median.
        copy_ms: of one frame to the device and its answer back; 0 on a CPU.
        left_out: way -> why it could not be measured.
    """

    machine: str
    threads: int
    torch: str
    decode_ms: float
    copy_ms: float
    left_out: Mapping[str, str]


def write_speed(rows: Sequence[SpeedRow], facts: MachineFacts, out: Path) -> Path:
    """Write both files; the table."""
    table = pa.Table.from_pylist([asdict(row) for row in rows], SPEED)
    pq.write_table(table, out / SPEED_FILE, compression="zstd")
    text = json.dumps(asdict(facts), indent=1, sort_keys=True)
    (out / FACTS_FILE).write_text(text + "\n", encoding="utf-8")
    return out / SPEED_FILE
