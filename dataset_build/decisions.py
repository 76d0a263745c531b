"""What a reviewer decided, keyed by the image's sha256, so that it outlives every rebuild."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

#: The image leaves the dataset, whatever the rules say.
REJECT = "reject"
#: The image stays, unless it cannot be read or its bytes are there twice.
KEEP = "keep"

#: One row per decided image; an image nobody touched has none.
DECISIONS = pa.schema(
    [
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("tags", pa.list_(pa.string()), nullable=False),
        pa.field("decided_by", pa.string(), nullable=False),
        pa.field("decided_at", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)
_DECISIONS_FILE = "decisions.parquet"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One image's decision.

    Args:
        image_sha256: which image.
        decision: ``REJECT`` or ``KEEP``.
        tags: all tags of the sample, sorted.
        decided_by: who reviewed.
        decided_at: with time zone.
    """

    image_sha256: str
    decision: str
    tags: tuple[str, ...]
    decided_by: str
    decided_at: datetime

    def __post_init__(self) -> None:
        """Refuse what no rebuild could obey."""
        if self.decision not in (REJECT, KEEP):
            raise ValueError(
                f"{self.image_sha256}: decision {self.decision!r}; expected {REJECT} or {KEEP}"
            )
        if self.decided_at.tzinfo is None:
            raise ValueError(f"{self.image_sha256}: decided_at has no time zone; give UTC")


@dataclass(frozen=True, kw_only=True)
class DecisionSummary:
    """How many images were decided, and where it is written.

    Args:
        conflicts: images tagged both ways; they count as rejected.
        carried_over: decisions known before that the database does not hold any more.
    """

    path: Path
    rows: int
    rejected: int
    kept: int
    conflicts: int = 0
    carried_over: int = 0


def write_decisions(
    decisions: Iterable[Decision], out: Path, *, conflicts: int = 0, carried_over: int = 0
) -> DecisionSummary:
    """Write ``decisions.parquet``, sorted by image."""
    rows = sorted(decisions, key=lambda decision: decision.image_sha256)
    table = pa.Table.from_pylist(
        [{name: getattr(row, name) for name in DECISIONS.names} for row in rows], schema=DECISIONS
    )
    path = out / _DECISIONS_FILE
    pq.write_table(table, path, compression="zstd")
    rejected = sum(row.decision == REJECT for row in rows)
    return DecisionSummary(
        path=path,
        rows=len(rows),
        rejected=rejected,
        kept=len(rows) - rejected,
        conflicts=conflicts,
        carried_over=carried_over,
    )


def read_decisions(path: Path | None) -> dict[str, Decision]:
    """Image sha256 -> decision, from the file or the folder that holds it; empty for ``None``.

    Raises:
        FileNotFoundError: a path was given and nothing lies there.
        ValueError: the file is no table of decisions.
    """
    if path is None:
        return {}
    file = path / _DECISIONS_FILE if path.is_dir() else path
    table = pq.read_table(file)
    missing = sorted(set(DECISIONS.names) - set(table.column_names))
    if missing:
        raise ValueError(f"{file.name} holds no decisions: it lacks {', '.join(missing)}")
    return {
        row["image_sha256"]: Decision(**(row | {"tags": tuple(row["tags"])}))
        for row in table.select(DECISIONS.names).to_pylist()
    }
