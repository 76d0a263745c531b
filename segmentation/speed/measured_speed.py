"""What ``model_speed`` measured of one network, as comparison and champion need it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

SPEED_FILE = "speed.parquet"


@dataclass(frozen=True, kw_only=True)
class Fastest:
    """The fastest of the measured ways to run a network.

    Args:
        images_per_s: at the batch that is fastest.
        latency_p50_ms: of the same way, the least that was measured for it.
        how: device, backend, precision and size, in words.
    """

    images_per_s: float
    latency_p50_ms: float | None
    how: str


def read_fastest(folder: Path | None) -> Fastest | None:
    """The fastest row of a speed table; None where nothing was measured.

    Args:
        folder: of a version of ``model_speed``; None where there is none.
    """
    if folder is None or not (folder / SPEED_FILE).is_file():
        return None
    table = pq.read_table(folder / SPEED_FILE)
    table = table.filter(pc.is_valid(table["images_per_s"]))
    if not table.num_rows:
        return None
    rows = table.sort_by([("images_per_s", "descending")]).to_pylist()
    best, way = rows[0], ("device", "backend", "precision", "height", "width")
    alike = [row for row in rows if all(row[name] == best[name] for name in way)]
    latencies = [row["latency_p50_ms"] for row in alike if row["latency_p50_ms"] is not None]
    return Fastest(
        images_per_s=float(best["images_per_s"]),
        latency_p50_ms=min(latencies, default=None),
        how=f"{best['device']}, {best['backend']}, {best['precision']},"
        f" {best['width']} x {best['height']}",
    )
