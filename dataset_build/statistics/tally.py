"""Counts with an address: sums over sources and splits, and whether each total equals its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: The sum over sources, or over splits.
ALL = "all"
#: Kinds of an image; each is exactly one of them.
WITH_HUMAN, WITHOUT_HUMAN, UNREADABLE = "with_human", "without_human", "unreadable"
KINDS = (WITH_HUMAN, WITHOUT_HUMAN, UNREADABLE)

#: One value per row, sorted by its address.
STATISTICS = pa.schema(
    [
        pa.field("table", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("quantity", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True, order=True)
class Address:
    """Where a value stands in the statistics."""

    table: str
    source: str
    split: str
    stage: str
    quantity: str

    def __str__(self) -> str:
        """The address as it stands in a finding."""
        return " / ".join((self.table, self.source, self.split, self.stage, self.quantity))


#: Values by address.
Values = Mapping[Address, float]


def with_sums(parts: Iterable[tuple[Address, float]]) -> Counter[Address]:
    """Every part, and its sums over sources, over splits and over both."""
    sums: Counter[Address] = Counter()
    for part, amount in parts:
        for source in (part.source, ALL):
            for split in (part.split, ALL):
                sums[replace(part, source=source, split=split)] += amount  # type: ignore[assignment]
    return sums


def ratios(values: Values, shares: Mapping[str, tuple[str, str]]) -> dict[Address, float]:
    """Shares at every address where there is something to take a share of.

    Args:
        values: counts with their sums.
        shares: name of the share -> names of the part and of the whole.
    """
    found = {}
    for name, (part, whole) in shares.items():
        for address, amount in values.items():
            if address.quantity == whole and amount:
                share = values.get(replace(address, quantity=part), 0.0) / amount
                found[replace(address, quantity=name)] = share
    return found


def to_table(values: Values) -> pa.Table:
    """Rows of ``STATISTICS``, sorted."""
    ordered = sorted(values.items())
    columns = [[getattr(address, name) for address, _ in ordered] for name in STATISTICS.names[:-1]]
    arrays = [pa.array(column, pa.string()) for column in columns]
    amounts = pa.array([float(amount) for _, amount in ordered], pa.float64())
    return pa.Table.from_arrays([*arrays, amounts], schema=STATISTICS)


def from_table(table: pa.Table) -> dict[Address, float]:
    """Values by address; the reverse of ``to_table``."""
    names = STATISTICS.names[:-1]
    places = zip(*(table[name].to_pylist() for name in names), strict=True)
    addresses = [Address(**dict(zip(names, place, strict=True))) for place in places]
    return dict(zip(addresses, table["value"].to_pylist(), strict=True))


def uneven_sums(values: Values) -> Iterator[str]:
    """Sentences about totals over sources or splits that differ from their parts."""
    for axis in ("source", "split"):
        sums: Counter[Address] = Counter()
        for address, amount in values.items():
            if getattr(address, axis) != ALL:
                sums[replace(address, **{axis: ALL})] += amount  # type: ignore[assignment]
        totals = {address for address in values if getattr(address, axis) == ALL}
        for total in sorted(totals | sums.keys()):
            found = values.get(total, 0.0)
            if found != sums[total]:
                yield f"{total} is {found:g}, the {axis}s add up to {sums[total]:g}"


def uneven_ratios(values: Values, shares: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Sentences about shares that are not their part divided by their whole."""
    expected = ratios(values, shares)
    there = {address for address in values if address.quantity in shares}
    for address in sorted(there | expected.keys()):
        found, right = values.get(address), expected.get(address)
        if found != right:
            yield f"{address} is {found}, its parts give {right}"


def image_measures(ledger: pa.Table) -> pa.Table:
    """Kind, human and labelled pixels of every image, beside the columns that place it.

    Args:
        ledger: rows of ``ledger.LEDGER``; it is not changed.

    Returns:
        The ledger's places with ``kind``, one of ``KINDS``, ``human_px`` and ``labelled_px``, which
        are 0 where the image could not be read. Unlabelled pixels count nowhere.
    """
    readable = pc.equal(ledger["reject_reason"], "").combine_chunks()
    human_px = pc.fill_null(ledger["human_px"], 0).combine_chunks()
    ignored = pc.fill_null(ledger["ignore_share"], 1.0).to_numpy()
    area = ledger["width"].to_numpy().astype(np.int64) * ledger["height"].to_numpy()
    kind = pc.if_else(
        readable, pc.if_else(pc.greater(human_px, 0), WITH_HUMAN, WITHOUT_HUMAN), UNREADABLE
    )
    places = ("sample_id", "source", "official_split", "split", "fate", "stage", "reason")
    return (
        ledger.select(list(places))
        .append_column("kind", kind)
        .append_column("human_px", pc.if_else(readable, human_px, 0))
        .append_column("labelled_px", pa.array(np.rint(area * (1.0 - ignored)).astype(np.int64)))
    )


def grouped(measures: pa.Table, by: Sequence[str]) -> Iterator[dict[str, str | int]]:
    """Images, human and labelled pixels of all images that are alike in the given columns."""
    sums = measures.group_by(list(by), use_threads=False).aggregate(
        [([], "count_all"), ("human_px", "sum"), ("labelled_px", "sum")]
    )
    names = {"count_all": "images", "human_px_sum": "human_px", "labelled_px_sum": "labelled_px"}
    renamed = sums.rename_columns([names.get(name, name) for name in sums.column_names])
    yield from renamed.to_pylist()
