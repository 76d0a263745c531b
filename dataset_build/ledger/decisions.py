"""What a reviewer decided, keyed by the image's sha256, so that it outlives every rebuild."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

#: The image leaves the dataset, whatever the rules say.
REJECT = "reject"
#: The image stays, unless it cannot be read or its bytes are there twice.
KEEP = "keep"
#: The image stays, as with ``KEEP``, under the mask that the reviewer corrected.
RELABEL = "relabel"
#: Of several tags on one image the first of these counts.
DECIDED = (REJECT, RELABEL, KEEP)

#: One row per decided image; an image nobody touched has none.
DECISIONS = pa.schema(
    [
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("tags", pa.list_(pa.string()), nullable=False),
        pa.field("decided_by", pa.string(), nullable=False),
        pa.field("decided_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("mask_correction", pa.string(), nullable=False),
    ]
)
#: One row per ``relabel`` whose mask cannot be used, or misspelt tag; it is no decision.
INVALID_RELABELS = pa.schema(
    [
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("problem", pa.string(), nullable=False),
    ]
)
DECISIONS_FILE = "decisions.parquet"
INVALID_FILE = "invalid_relabels.parquet"
_SUMMARY_FILE = "review.md"
_CORRECTION = "mask_correction"  # what decisions of before there was ``RELABEL`` lack
_SHA256_DIGITS = 64


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One image's decision.

    Args:
        image_sha256: which image.
        decision: one of ``DECIDED``.
        tags: all tags of the sample, sorted; none for a decision from the command line.
        decided_by: who reviewed.
        decided_at: with time zone.
        mask_correction: sha256 of the (H, W) bytes of the corrected mask; "" but for ``RELABEL``.
    """

    image_sha256: str
    decision: str
    tags: tuple[str, ...]
    decided_by: str
    decided_at: datetime
    mask_correction: str = ""

    def __post_init__(self) -> None:
        """Refuse what no rebuild could obey."""
        if self.decision not in DECIDED:
            raise ValueError(
                f"{self.image_sha256}: decision {self.decision!r}; expected one of"
                f" {', '.join(DECIDED)}"
            )
        expected = _SHA256_DIGITS if self.decision == RELABEL else 0
        if len(self.mask_correction) != expected:
            raise ValueError(
                f"{self.image_sha256}: {self.decision} with mask_correction"
                f" {self.mask_correction!r}; {RELABEL} needs the mask's sha256, others have none"
            )
        if self.decided_at.tzinfo is None:
            raise ValueError(f"{self.image_sha256}: decided_at has no time zone; give UTC")


@dataclass(frozen=True, kw_only=True)
class InvalidRelabel:
    """What was meant as a decision and is none: a relabel without a usable mask, a misspelt tag."""

    image_sha256: str
    sample_id: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class DecisionSummary:
    """How many images were decided, and where it is written.

    Args:
        conflicts: images with several decisions' tags; the first of ``DECIDED`` counts.
        carried_over: decisions known before that the database does not hold any more.
        invalid_relabels: corrected masks that cannot be used; they decide nothing.
    """

    path: Path
    rows: int
    rejected: int
    kept: int
    relabelled: int = 0
    conflicts: int = 0
    carried_over: int = 0
    invalid_relabels: int = 0


def write_decisions(
    decisions: Iterable[Decision],
    out: Path,
    *,
    invalid: Sequence[InvalidRelabel] = (),
    conflicts: int = 0,
    carried_over: int = 0,
) -> DecisionSummary:
    """Write ``decisions.parquet``, sorted by image, the unusable relabels, and ``review.md``."""
    rows = sorted(decisions, key=lambda decision: decision.image_sha256)
    table = pa.Table.from_pylist(
        [{name: getattr(row, name) for name in DECISIONS.names} for row in rows], schema=DECISIONS
    )
    path = out / DECISIONS_FILE
    pq.write_table(table, path, compression="zstd")
    refused = sorted(invalid, key=lambda one: one.sample_id)
    problems = [{name: getattr(one, name) for name in INVALID_RELABELS.names} for one in refused]
    pq.write_table(
        pa.Table.from_pylist(problems, schema=INVALID_RELABELS),
        out / INVALID_FILE,
        compression="zstd",
    )
    (out / _SUMMARY_FILE).write_text(as_markdown(rows, refused), encoding="utf-8")
    made = Counter(row.decision for row in rows)
    return DecisionSummary(
        path=path,
        rows=len(rows),
        rejected=made[REJECT],
        kept=made[KEEP],
        relabelled=made[RELABEL],
        conflicts=conflicts,
        carried_over=carried_over,
        invalid_relabels=len(refused),
    )


def as_markdown(decisions: Sequence[Decision], invalid: Sequence[InvalidRelabel] = ()) -> str:
    """Decisions by reviewer and kind, then every relabel that cannot be used."""
    made = Counter((row.decided_by, row.decision) for row in decisions)
    lines = ["| reviewer | " + " | ".join(DECIDED) + " |", "|---|--:|--:|--:|"]
    for reviewer in sorted({row.decided_by for row in decisions}):
        counts = " | ".join(str(made[reviewer, what]) for what in DECIDED)
        lines.append(f"| {reviewer} | {counts} |")
    if invalid:
        lines += ["", "| decides nothing | problem |", "|---|---|"]
        lines += [f"| {one.sample_id} | {one.problem.replace('|', '/')} |" for one in invalid]
    return "\n".join(lines) + "\n"


def read_invalid(folder: Path) -> list[InvalidRelabel]:
    """The unusable relabels of a pull; none where the pull was made before there were any."""
    path = folder / INVALID_FILE
    if not path.is_file():
        return []
    return [InvalidRelabel(**row) for row in pq.read_table(path).to_pylist()]


def read_decisions(path: Path | None) -> dict[str, Decision]:
    """Image sha256 -> decision, from the file or the folder that holds it; empty for ``None``.

    Raises:
        FileNotFoundError: a path was given and nothing lies there.
        ValueError: the file is no table of decisions.
    """
    if path is None:
        return {}
    file = path / DECISIONS_FILE if path.is_dir() else path
    table = pq.read_table(file)
    if _CORRECTION not in table.column_names:  # pulled before masks could be corrected
        none = pa.array([""] * table.num_rows, pa.string())
        table = table.append_column(DECISIONS.field(_CORRECTION), none)
    missing = sorted(set(DECISIONS.names) - set(table.column_names))
    if missing:
        raise ValueError(f"{file.name} holds no decisions: it lacks {', '.join(missing)}")
    return {
        row["image_sha256"]: Decision(**(row | {"tags": tuple(row["tags"])}))
        for row in table.select(DECISIONS.names).to_pylist()
    }
