"""What became of the images: the fates there are, and how many images met each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

#: In the dataset, on the side of the line where the source put it.
KEPT = "kept"
#: Not in the dataset; ``reason`` and ``measured`` say why.
REMOVED = "removed"
#: In the dataset, in another split than the official one.
MOVED = "moved"
#: The only fates there are.
FATES = (KEPT, REMOVED, MOVED)
#: Who decided a removal, in the order of the build; "" for samples that stay.
STAGES = ("scan", "clean", "review", "split")


@dataclass(frozen=True, kw_only=True)
class FateCount:
    """How many images of one source and official split met each fate."""

    source: str
    official_split: str
    rows: int
    kept: int
    removed: int
    moved: int


@dataclass(frozen=True, kw_only=True)
class ReasonCount:
    """How many images of one source were removed for one reason."""

    source: str
    stage: str
    reason: str
    images: int


@dataclass(frozen=True, kw_only=True)
class LedgerSummary:
    """What a ledger says in total."""

    path: Path
    rows: int
    kept: int
    removed: int
    moved: int
    fates: tuple[FateCount, ...]
    reasons: tuple[ReasonCount, ...]
    findings: tuple[str, ...] = ()

    @property
    def by_reason(self) -> dict[str, int]:
        """Removed images per reason code, over all sources, most frequent first."""
        totals: Counter[str] = Counter()
        for row in self.reasons:
            totals[row.reason] += row.images
        return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))

    def to_markdown(self) -> str:
        """Two tables: fates by source and official split with totals, and reasons."""
        total = FateCount(
            source="all",
            official_split="all",
            rows=self.rows,
            kept=self.kept,
            removed=self.removed,
            moved=self.moved,
        )
        lines = [
            "| source | official split | in | kept | moved | removed |",
            "|---|---|--:|--:|--:|--:|",
        ]
        lines += [
            f"| {row.source} | {row.official_split} | {row.rows} | {row.kept} | {row.moved}"
            f" | {row.removed} |"
            for row in (*self.fates, total)
        ]
        if self.by_reason:
            lines += ["", "| reason | removed |", "|---|--:|"]
            lines += [f"| {reason} | {images} |" for reason, images in self.by_reason.items()]
        return "\n".join([*lines, *(f"\n**{finding}**" for finding in self.findings)]) + "\n"


def fate_counts(table: pa.Table) -> tuple[FateCount, ...]:
    """Images per fate, by source and official split, sorted."""
    fates: dict[tuple[str, str], Counter[str]] = {}
    for row in _counted(table, ["source", "official_split", "fate"]):
        key = (str(row["source"]), str(row["official_split"]))
        fates.setdefault(key, Counter())[str(row["fate"])] += int(row["count_all"])
    return tuple(
        FateCount(
            source=source,
            official_split=official,
            rows=sum(counts.values()),
            kept=counts[KEPT],
            removed=counts[REMOVED],
            moved=counts[MOVED],
        )
        for (source, official), counts in sorted(fates.items())
    )


def reason_counts(table: pa.Table) -> tuple[ReasonCount, ...]:
    """Removed images per reason, by source and stage, sorted."""
    names = ["source", "stage", "reason"]
    removed = table.select(names).filter(pc.equal(table["fate"], REMOVED))
    counts = {
        (str(row["source"]), str(row["stage"]), str(row["reason"])): int(row["count_all"])
        for row in _counted(removed, names)
    }
    return tuple(
        ReasonCount(source=source, stage=stage, reason=reason, images=images)
        for (source, stage, reason), images in sorted(counts.items())
    )


def _counted(table: pa.Table, names: list[str]) -> list[dict[str, str | int]]:
    """Rows per combination of the named columns, as ``count_all``."""
    rows: list[dict[str, str | int]] = (
        table.select(names).group_by(names).aggregate([([], "count_all")]).to_pylist()
    )
    return rows


def summarize(table: pa.Table, path: Path, *, findings: tuple[str, ...] = ()) -> LedgerSummary:
    """Count fates and reasons of a ledger that lies at ``path``."""
    fates = fate_counts(table)
    return LedgerSummary(
        path=path,
        rows=table.num_rows,
        kept=sum(row.kept for row in fates),
        removed=sum(row.removed for row in fates),
        moved=sum(row.moved for row in fates),
        fates=fates,
        reasons=reason_counts(table),
        findings=findings,
    )
