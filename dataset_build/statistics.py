"""Split ledger -> sizes and human shares by source and split, before and after; removals.

``statistics.parquet`` is tidy: one value per row, addressed by table, source, split, stage and
quantity. ``all`` stands for the sum over sources or over splits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.fates import REMOVED
from dataset_build.ledger import read_ledger
from dataset_build.statistics_views import draw, to_markdown

#: The sum over sources, or over splits.
ALL = "all"
#: Before: every image that went in, by official split. After: what is left, by our split.
BEFORE, AFTER = "before", "after"
#: Tables of the statistics.
SIZES, PIXELS, FATES_TABLE, REMOVED_TABLE = "sizes", "pixels", "fates", "removed"
#: Quantities of ``SIZES``; the first is the sum of the others.
SIZE_QUANTITIES = ("images", "with_human", "without_human", "unreadable")
#: Quantities of ``PIXELS``; the share is human_px / labelled_px, which ignores unlabelled pixels.
HUMAN_PX, LABELLED_PX, HUMAN_PIXEL_SHARE = "human_px", "labelled_px", "human_pixel_share"

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
"""One row per value, sorted by its address."""


@dataclass(frozen=True, kw_only=True, order=True)
class Address:
    """Where a value stands in the statistics."""

    table: str
    source: str
    split: str
    stage: str
    quantity: str


@dataclass(frozen=True, kw_only=True)
class StatisticsSummary:
    """The dataset in six numbers; shares are fractions of labelled pixels."""

    path: Path
    images_before: int
    images_after: int
    with_human_after: int
    without_human_after: int
    human_pixel_share_before: float
    human_pixel_share_after: float
    pictures: tuple[Path, ...]


def dataset_statistics(ledger: Path, out: Path) -> StatisticsSummary:
    """Count everything once, sum it up, and show it.

    Args:
        ledger: split ``ledger.parquet``, or its folder.
        out: existing folder; receives ``statistics.parquet``, ``statistics.md`` and
            ``statistics.png``.
    """
    values = count(read_ledger(ledger))
    rows = [
        {**{name: getattr(address, name) for name in STATISTICS.names[:-1]}, "value": value}
        for address, value in sorted(values.items())
    ]
    table = pa.Table.from_pylist(rows, schema=STATISTICS)
    path = out / "statistics.parquet"
    pq.write_table(table, path, compression="zstd")
    (out / "statistics.md").write_text(to_markdown(table), encoding="utf-8")
    picture = draw(table, out / "statistics.png")

    def total(name: str, stage: str, quantity: str) -> float:
        address = Address(table=name, source=ALL, split=ALL, stage=stage, quantity=quantity)
        return values.get(address, 0.0)

    return StatisticsSummary(
        path=path,
        images_before=int(total(SIZES, BEFORE, "images")),
        images_after=int(total(SIZES, AFTER, "images")),
        with_human_after=int(total(SIZES, AFTER, "with_human")),
        without_human_after=int(total(SIZES, AFTER, "without_human")),
        human_pixel_share_before=total(PIXELS, BEFORE, HUMAN_PIXEL_SHARE),
        human_pixel_share_after=total(PIXELS, AFTER, HUMAN_PIXEL_SHARE),
        pictures=(picture,),
    )


@dataclass(frozen=True, kw_only=True)
class _Alike:
    """What decides where an image is counted."""

    source: str
    official_split: str
    split: str
    fate: str
    stage: str
    reason: str
    kind: str


def count(ledger: pa.Table) -> Mapping[Address, float]:
    """Every value of the statistics, with its sums over sources and splits."""
    images: Counter[_Alike] = Counter()
    human_px: Counter[_Alike] = Counter()
    labelled_px: Counter[_Alike] = Counter()
    for alike, human, labelled in _measured(ledger):
        images[alike] += 1
        human_px[alike] += human
        labelled_px[alike] += labelled
    counts: Counter[Address] = Counter()
    for alike, number in images.items():
        for part, amount in _parts_of(alike, number, human_px[alike], labelled_px[alike]):
            for address in _with_sums(part):
                counts[address] += amount
    return dict(counts) | dict(_pixel_shares(counts))


def _measured(ledger: pa.Table) -> Iterator[tuple[_Alike, int, int]]:
    """Each image with its human and its labelled pixels; none of an unreadable image."""
    labels = ("source", "official_split", "split", "fate", "stage", "reason")
    numbers = ("width", "height", "human_px", "ignore_share", "reject_reason")
    columns = [ledger[name].to_pylist() for name in (*labels, *numbers)]
    for *words, width, height, human_px, ignore_share, reject in zip(*columns, strict=True):
        places = dict(zip(labels, words, strict=True))
        if reject:
            yield _Alike(**places, kind="unreadable"), 0, 0
            continue
        labelled = round(width * height * (1.0 - ignore_share))
        kind = "with_human" if human_px else "without_human"
        yield _Alike(**places, kind=kind), human_px, labelled


def _parts_of(
    alike: _Alike, images: int, human_px: int, labelled_px: int
) -> Iterator[tuple[Address, int]]:
    removed = alike.fate == REMOVED

    def at(table: str, stage: str, quantity: str) -> Address:
        split = alike.split if stage == AFTER else alike.official_split
        return Address(
            table=table, source=alike.source, split=split, stage=stage, quantity=quantity
        )

    for stage in (BEFORE,) if removed else (BEFORE, AFTER):
        for quantity in SIZE_QUANTITIES:
            yield at(SIZES, stage, quantity), images * (quantity in ("images", alike.kind))
        yield at(PIXELS, stage, HUMAN_PX), human_px
        yield at(PIXELS, stage, LABELLED_PX), labelled_px
    yield at(FATES_TABLE, BEFORE, alike.fate), images
    if removed:
        yield at(REMOVED_TABLE, alike.stage, alike.reason), images


def _with_sums(part: Address) -> Iterator[Address]:
    for source in (part.source, ALL):
        for split in (part.split, ALL):
            yield Address(
                table=part.table,
                source=source,
                split=split,
                stage=part.stage,
                quantity=part.quantity,
            )


def _pixel_shares(counts: Mapping[Address, int]) -> Iterator[tuple[Address, float]]:
    for address, labelled in counts.items():
        if address.quantity == LABELLED_PX and labelled:
            place = {
                "table": PIXELS,
                "source": address.source,
                "split": address.split,
                "stage": address.stage,
            }
            human = counts[Address(**place, quantity=HUMAN_PX)]
            yield Address(**place, quantity=HUMAN_PIXEL_SHARE), human / labelled


def mismatched_totals(table: pa.Table) -> Iterator[str]:
    """Sentences about every total that differs from its parts; nothing if all add up.

    Three sums are checked: over sources, over splits, and images = with + without + unreadable.
    """
    values = {
        Address(**{name: row[name] for name in STATISTICS.names[:-1]}): row["value"]
        for row in table.to_pylist()
        if row["quantity"] != HUMAN_PIXEL_SHARE
    }
    for axis in ("source", "split"):
        yield from _mismatches(values, axis)
    for address, images in sorted(values.items()):
        if (address.table, address.quantity) == (SIZES, "images"):
            kinds = [_beside(address, quantity=name) for name in SIZE_QUANTITIES[1:]]
            parts = sum(values.get(kind, 0.0) for kind in kinds)
            if parts != images:
                yield f"{_name(address)} is {images:g}, its kinds add up to {parts:g}"


def _mismatches(values: Mapping[Address, float], axis: str) -> Iterator[str]:
    sums: Counter[Address] = Counter()
    for address, value in values.items():
        if getattr(address, axis) != ALL:
            sums[_beside(address, **{axis: ALL})] += value  # type: ignore[assignment]
    totals = {address for address in values if getattr(address, axis) == ALL}
    for total in sorted(totals | sums.keys()):
        if values.get(total, 0.0) != sums[total]:
            yield (
                f"{_name(total)} is {values.get(total, 0.0):g}, the {axis}s add up to"
                f" {sums[total]:g}"
            )


def _beside(address: Address, **changes: str) -> Address:
    names: Iterable[str] = STATISTICS.names[:-1]
    return Address(**({name: getattr(address, name) for name in names} | changes))


def _name(address: Address) -> str:
    return " / ".join(getattr(address, name) for name in STATISTICS.names[:-1])
