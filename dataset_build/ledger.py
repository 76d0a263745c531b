"""One row per input image with its fate: nothing disappears, and the totals balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.fates import (
    FATES,
    KEPT,
    REMOVED,
    STAGES,
    FateCount,
    LedgerSummary,
    fate_counts,
    summarize,
)
from dataset_build.scan import SAMPLES

#: Samples, and what became of each.
LEDGER = pa.schema(
    [
        *SAMPLES,
        pa.field("fate", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("measured", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("rule_version", pa.int32(), nullable=False),
        pa.field("duplicate_group", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("mask_correction", pa.string(), nullable=False),
    ]
)
#: What names an image, and the groups in which totals must balance.
KEY = ("source", "official_split", "sample_id")
_LEDGER_FILE = "ledger.parquet"
_FATES_FILE = "ledger.md"
_SAMPLES_FILE = "samples.parquet"


@dataclass(frozen=True, kw_only=True)
class Removal:
    """Why one sample leaves the dataset.

    Args:
        reason: the code of the rule.
        measured: the value that the rule saw, in words a reader can check.
        stage: one of ``STAGES``.
    """

    reason: str
    measured: str
    stage: str

    def __post_init__(self) -> None:
        """Refuse a removal that explains nothing."""
        if not self.reason or self.stage not in STAGES:
            raise ValueError(
                f"removal with reason {self.reason!r} at stage {self.stage!r}; expected a reason"
                f" code and one of {', '.join(STAGES)}"
            )


@dataclass(frozen=True, kw_only=True)
class ImbalanceRow:
    """A source and official split whose totals do not add up.

    ``rows_in`` images went in; ``kept + removed + moved`` came out.
    """

    source: str
    official_split: str
    rows_in: int
    kept: int
    removed: int
    moved: int
    problem: str


def read_ledger(ledger: Path) -> pa.Table:
    """The ledger of a folder, or of the Parquet file itself.

    Raises:
        FileNotFoundError: no ``ledger.parquet`` there.
        ValueError: the file lacks columns of a ledger.
    """
    path = ledger / _LEDGER_FILE if ledger.is_dir() else ledger
    table = pq.read_table(path)
    missing = sorted(set(LEDGER.names) - set(table.column_names))
    if missing:
        raise ValueError(f"{path.name} is no ledger: it lacks {', '.join(missing)}; rebuild it")
    return table.select(LEDGER.names)


def write_ledger(
    table: pa.Table,
    out: Path,
    *,
    pictures: tuple[Path, ...] = (),
    findings: tuple[str, ...] = (),
) -> LedgerSummary:
    """Write the rows sorted by sample id; the schema's metadata of ``table`` is kept."""
    path = out / _LEDGER_FILE
    schema = LEDGER.with_metadata(table.schema.metadata)
    rows = table.sort_by("sample_id").cast(schema)
    pq.write_table(rows, path, compression="zstd")
    summary = summarize(rows, path, pictures=pictures, findings=findings)
    (out / _FATES_FILE).write_text(summary.to_markdown(), encoding="utf-8")
    return summary


def as_markdown(table: pa.Table) -> str:
    """Fates by source and official split, and removed images by reason."""
    return summarize(table, Path(_LEDGER_FILE)).to_markdown()


def merge_sources(samples: Mapping[str, Path], out: Path) -> LedgerSummary:
    """Put the samples of all sources into one ledger; what could not be read is removed.

    Args:
        samples: source name -> its ``samples.parquet``, or the folder that holds it.
        out: existing folder; receives ``ledger.parquet``.

    Raises:
        ValueError: no images at all, a table of another source, or one sample id twice.
    """
    tables = [_read_samples(source, samples[source]) for source in sorted(samples)]
    if sum(table.num_rows for table in tables) == 0:
        raise ValueError(
            f"no images in any source ({', '.join(sorted(samples)) or 'none configured'}); point"
            " source_roots at folders in the published layouts and scan again"
        )
    merged = pa.concat_tables(tables)
    _require_unique(merged)
    return write_ledger(_with_scan_fates(merged), out)


def _read_samples(source: str, path: Path) -> pa.Table:
    table = pq.read_table(path / _SAMPLES_FILE if path.is_dir() else path)
    strangers = set(table["source"].to_pylist()) - {source}
    if strangers:
        raise ValueError(
            f"samples of {source} hold rows of {', '.join(sorted(strangers))}; scan {source} again"
        )
    return table.select(SAMPLES.names).cast(SAMPLES)


def _require_unique(table: pa.Table) -> None:
    twice = [name for name, count in Counter(table["sample_id"].to_pylist()).items() if count > 1]
    if twice:
        raise ValueError(
            f"{len(twice)} sample ids occur twice, first {min(twice)}; give each source its own"
            " name and scan again"
        )


def _with_scan_fates(samples: pa.Table) -> pa.Table:
    reasons = samples["reject_reason"].to_pylist()
    columns = {
        "fate": [REMOVED if reason else KEPT for reason in reasons],
        "reason": reasons,
        "measured": samples["reject_detail"].to_pylist(),
        "stage": ["scan" if reason else "" for reason in reasons],
        "rule_version": [0] * samples.num_rows,  # a fact, not a rule
        "duplicate_group": samples["image_sha256"].to_pylist(),
        "split": [""] * samples.num_rows,
        "mask_correction": [""] * samples.num_rows,  # sha256 of a reviewer's mask, if any
    }
    added = [pa.array(columns[name], LEDGER.field(name).type) for name in columns]
    return pa.Table.from_arrays([*samples.columns, *added], schema=LEDGER)


def with_columns(table: pa.Table, columns: Mapping[str, Sequence[object]]) -> pa.Table:
    """A copy of the ledger in which the named columns hold the given values."""
    for name, values in columns.items():
        field = LEDGER.field(name)
        table = table.set_column(
            table.schema.get_field_index(name), field, pa.array(values, field.type)
        )
    return table


def remove(table: pa.Table, removals: Mapping[int, Removal], rule_version: int) -> pa.Table:
    """A copy of the ledger without the samples of the given rows; the rows stay.

    Args:
        table: a ledger; it is not changed.
        removals: row number -> why. A row that is removed already keeps its first reason.
        rule_version: of the rules that decided; goes into every row that is decided now.
    """
    names = ("fate", "reason", "measured", "stage", "rule_version", "split")
    columns = {name: table[name].to_pylist() for name in names}
    for row, removal in removals.items():
        if columns["fate"][row] == REMOVED:
            continue
        values = (REMOVED, removal.reason, removal.measured, removal.stage, rule_version, "")
        for name, value in zip(names, values, strict=True):
            columns[name][row] = value
    return with_columns(table, columns)


def present(table: pa.Table) -> list[int]:
    """Row numbers of the samples that are in the dataset."""
    return [row for row, fate in enumerate(table["fate"].to_pylist()) if fate != REMOVED]


def balance(table: pa.Table, before: pa.Table | None = None) -> list[ImbalanceRow]:
    """Sources and official splits whose totals do not add up; empty when every image has one fate.

    Args:
        table: a ledger.
        before: the ledger or samples that went in; without it the distinct images of ``table``,
            which tells nothing of an image that was dropped.
    """
    ids_out = _ids(table)
    ids_in = ids_out if before is None else _ids(before)
    out = {(row.source, row.official_split): row for row in fate_counts(table)}
    rows = []
    for key in sorted(ids_in.keys() | out.keys()):
        count = out.get(key, _no_fates(key))
        went_in = ids_in.get(key, set())
        rows_in = len(went_in)
        problem = _problem(rows_in, count, lost=len(went_in - ids_out.get(key, set())))
        if problem:
            rows.append(_imbalance(rows_in, count, problem))
    return rows


def _problem(rows_in: int, count: FateCount, *, lost: int) -> str:
    decided = count.kept + count.removed + count.moved
    if decided != count.rows:
        return f"{count.rows - decided} rows have none of the fates {', '.join(FATES)}"
    if decided != rows_in:
        return f"{rows_in} images went in, {decided} fates came out"
    return f"{lost} images that went in were replaced by others" if lost else ""


def _imbalance(rows_in: int, count: FateCount, problem: str) -> ImbalanceRow:
    return ImbalanceRow(
        source=count.source,
        official_split=count.official_split,
        rows_in=rows_in,
        kept=count.kept,
        removed=count.removed,
        moved=count.moved,
        problem=problem,
    )


def _no_fates(key: tuple[str, str]) -> FateCount:
    return FateCount(source=key[0], official_split=key[1], rows=0, kept=0, removed=0, moved=0)


def _ids(table: pa.Table) -> dict[tuple[str, str], set[str]]:
    """(source, official split) -> sample ids."""
    ids: dict[tuple[str, str], set[str]] = {}
    columns = (table[name].to_pylist() for name in KEY)
    for source, official, sample_id in zip(*columns, strict=True):
        ids.setdefault((source, official), set()).add(sample_id)
    return ids
