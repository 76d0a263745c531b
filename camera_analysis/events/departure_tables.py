"""Departures of a judged day as files beside its events, which calibrate the days after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.events.departures import Departure

DEPARTURES_FILE = "class_departures.parquet"
CHANNEL_DEPARTURES_FILE = "channel_departures.parquet"

#: One row per departure of a source, event or not, of a day that was judged by other days.
DEPARTURES = pa.schema(
    [
        ("start_utc", pa.timestamp("us", tz="UTC")),
        ("end_utc", pa.timestamp("us", tz="UTC")),  # of the last frame that shows it
        ("strength_bits", pa.float64()),  # log2 of 2^bits added up over its seconds
    ]
)


def write_departures(departures: Sequence[Departure], path: Path) -> None:
    """Write the departures of one source, in the order of time."""
    rows = [row_of(one) for one in sorted(departures)]
    pq.write_table(pa.Table.from_pylist(rows, schema=DEPARTURES), path, compression="zstd")


def read_departures(path: Path) -> tuple[Departure, ...] | None:
    """Read what :func:`write_departures` wrote; None for a day that was not judged by others."""
    if not path.is_file() or not pq.read_schema(path).equals(DEPARTURES):
        return None
    return tuple(map(departure_of, pq.read_table(path).to_pylist()))


def row_of(one: Departure) -> dict[str, object]:
    """A row of :data:`DEPARTURES`."""
    start, end = (datetime.fromtimestamp(at_s, UTC) for at_s in (one.start_s, one.end_s))
    return {"start_utc": start, "end_utc": end, "strength_bits": one.bits}


def departure_of(row: Mapping[str, Any]) -> Departure:
    """From a row of :data:`DEPARTURES`."""
    start_s, end_s = row["start_utc"].timestamp(), row["end_utc"].timestamp()
    return Departure(start_s, end_s, row["strength_bits"])
