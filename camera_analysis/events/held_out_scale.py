"""What departed in the days behind a normal, by class and in the channels, stored beside it.

:mod:`camera_analysis.events.class_history` and :mod:`camera_analysis.channels.channel_history` find
it, and :mod:`camera_analysis.events.departure_rule` says what follows of it for the next day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.events.departure_tables import DEPARTURES, departure_of, row_of
from camera_analysis.events.departures import HeldOutFold

CLASS_SCALE_FILE = "class_scale.parquet"
CHANNEL_STRENGTHS_FILE = "channel_strengths.parquet"

#: One row per day, or block of a lone day, behind the normal.
SCALE = pa.schema(
    [
        ("fold", pa.string()),
        ("frames", pa.int64()),  # judged by the other folds
        ("departures", pa.list_(pa.struct(list(DEPARTURES)))),
    ]
)


@dataclass(frozen=True)
class HeldOutScale:
    """Departures in the days behind a normal."""

    folds: tuple[HeldOutFold, ...] = field(default=())

    def save(self, path: Path) -> None:
        """Write the file."""
        rows = [
            {
                "fold": fold.name,
                "frames": fold.frames,
                "departures": [row_of(one) for one in fold.departures],
            }
            for fold in self.folds
        ]
        pq.write_table(pa.Table.from_pylist(rows, schema=SCALE), path, compression="zstd")

    @classmethod
    def load(cls, path: Path) -> HeldOutScale | None:
        """Read what :meth:`save` wrote; None for a normal of before departures had times."""
        if not path.is_file() or not pq.read_schema(path).equals(SCALE):
            return None
        rows = pq.read_table(path).to_pylist()
        return cls(
            tuple(
                HeldOutFold(r["fold"], r["frames"], tuple(map(departure_of, r["departures"])))
                for r in rows
            )
        )
