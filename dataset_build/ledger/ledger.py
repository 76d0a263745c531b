"""One row per input image with its fate: nothing disappears, and the totals balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.ledger.fates import (
    FATES,
    REMOVED,
    STAGES,
    FateCount,
    LedgerSummary,
    fate_counts,
    summarize,
)
from dataset_build.scan.sample_rows import REPEATED, SAMPLES

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
_REPEATED = (*REPEATED, "fate", "reason", "measured", "stage", "split", "mask_correction")
_LEDGER_FILE = "ledger.parquet"
_FATES_FILE = "ledger.md"


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


def write_ledger(table: pa.Table, out: Path, *, findings: tuple[str, ...] = ()) -> LedgerSummary:
    """Write the rows sorted by sample id; the schema's metadata of ``table`` is kept."""
    path = out / _LEDGER_FILE
    schema = LEDGER.with_metadata(table.schema.metadata)
    rows = _sorted(table).cast(schema)
    with ThreadPoolExecutor(max_workers=1) as beside:
        written = beside.submit(
            pq.write_table, rows, path, compression="zstd", use_dictionary=[*_REPEATED]
        )
        summary = summarize(rows, path, findings=findings)
        (out / _FATES_FILE).write_text(summary.to_markdown(), encoding="utf-8")
        written.result()
    return summary


def _sorted(table: pa.Table) -> pa.Table:
    """By sample id; a ledger of one source, or after any stage but the first, is already."""
    ids = table["sample_id"]
    if pc.all(pc.less_equal(ids.slice(0, max(len(ids) - 1, 0)), ids.slice(1))).as_py() is False:
        return table.sort_by("sample_id")
    return table


def as_markdown(table: pa.Table) -> str:
    """Fates by source and official split, and removed images by reason."""
    return summarize(table, Path(_LEDGER_FILE)).to_markdown()


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
    removed = pc.equal(table["fate"], REMOVED).to_numpy()
    rows = np.array([row for row in sorted(removals) if not removed[row]], np.int64)
    why = [removals[int(row)] for row in rows]
    columns: dict[str, Sequence[object]] = {
        "fate": [REMOVED] * len(why),
        "reason": [removal.reason for removal in why],
        "measured": [removal.measured for removal in why],
        "stage": [removal.stage for removal in why],
        "rule_version": [rule_version] * len(why),
        "split": [""] * len(why),
    }
    return replace_rows(table, rows, columns)


def replace_rows(
    table: pa.Table, rows: npt.NDArray[np.int64], columns: Mapping[str, Sequence[object]]
) -> pa.Table:
    """A copy of the ledger in which the given rows hold other values.

    Args:
        table: a ledger; it is not changed.
        rows: (n,) ascending row numbers.
        columns: name -> n values.
    """
    chosen = np.zeros(table.num_rows, np.bool_)
    chosen[rows] = True
    for name, values in columns.items():
        field = LEDGER.field(name)
        place = table.schema.get_field_index(name)
        replaced = pc.replace_with_mask(
            table[name].combine_chunks(), pa.array(chosen), pa.array(values, field.type)
        )
        table = table.set_column(place, field, replaced)
    return table


def present(table: pa.Table) -> list[int]:
    """Row numbers of the samples that are in the dataset."""
    rows: list[int] = np.flatnonzero(pc.not_equal(table["fate"], REMOVED).to_numpy()).tolist()
    return rows


def balance(table: pa.Table, before: pa.Table | None = None) -> list[ImbalanceRow]:
    """Sources and official splits whose totals do not add up; empty when every image has one fate.

    Args:
        table: a ledger.
        before: the ledger or samples that went in; without it the distinct images of ``table``,
            which tells nothing of an image that was dropped.
    """
    came_in = table if before is None else before
    went_in = _images(came_in)
    lost = _images(came_in.filter(pc.invert(pc.is_in(_keys(came_in), value_set=_keys(table)))))
    out = {(row.source, row.official_split): row for row in fate_counts(table)}
    rows = []
    for key in sorted(went_in.keys() | out.keys()):
        count = out.get(key, _no_fates(key))
        rows_in = went_in.get(key, 0)
        problem = _problem(rows_in, count, lost=lost.get(key, 0))
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


def _images(table: pa.Table) -> dict[tuple[str, str], int]:
    """(source, official split) -> distinct sample ids."""
    keys = ["source", "official_split"]
    counted = table.select(list(KEY)).group_by(keys).aggregate([("sample_id", "count_distinct")])
    return {
        (row["source"], row["official_split"]): row["sample_id_count_distinct"]
        for row in counted.to_pylist()
    }


def _keys(table: pa.Table) -> pa.ChunkedArray:
    """What names each image, as one string."""
    return pc.binary_join_element_wise(*(table[name] for name in KEY), "\0")
