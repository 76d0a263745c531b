"""The three dataset tables of the thesis talk from our ledgers: sizes, cleaning, split and merge.

``thesis_tables.parquet`` is tidy, like ``statistics.parquet``: one value per row, addressed by
table, source, split, stage and quantity. What a table says of a split::

    start - removed - left + joined = end

``left`` are images that went to another split (or, by a corrected mask, from one kind to another),
``joined`` those that came from one. Each term is counted by itself, from the ledger that tells of
it, so an image that vanishes between two ledgers leaves a table that does not add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dataset_build.ledger.fates import REMOVED
from dataset_build.statistics.tally import (
    ALL,
    KINDS,
    UNREADABLE,
    WITH_HUMAN,
    WITHOUT_HUMAN,
    Address,
    Values,
    from_table,
    grouped,
    image_measures,
    ratios,
    uneven_ratios,
    uneven_sums,
    with_sums,
)

#: The tables, by the names they have in the talk.
SIZES, CLEANING, SPLIT_AND_MERGE = "sizes", "cleaning", "split_and_merge"
#: Stages: what went in, what left it, what came of it.
ORIGINAL, OLD, NEW, RESULT = "original", "old", "new", "result"
TAKEN, LEFT, JOINED = "removed", "left", "joined"
#: Where the images of a split of ours stood officially: ``from_train`` and so on.
FROM = "from_"
STAGES = (
    *(ORIGINAL, OLD, NEW, RESULT, TAKEN, LEFT, JOINED),
    *(f"{FROM}{official}" for official in ("train", "val", "test", "none")),
)
#: Quantities that count images. images = readable + unreadable, readable = with + without humans.
IMAGES, READABLE = "images", "readable"
COUNTS = (IMAGES, READABLE, *KINDS)
#: Quantities that count pixels; unlabelled ones count nowhere.
HUMAN_PX, LABELLED_PX, LABELLED_PX_HUMAN = "human_px", "labelled_px", "labelled_px_with_human"
#: Shares, as fractions: name -> part, whole.
SHARES: Mapping[str, tuple[str, str]] = {
    "no_human_share": (WITHOUT_HUMAN, READABLE),
    "human_pixel_share": (HUMAN_PX, LABELLED_PX),
    "human_pixel_share_with_human": (HUMAN_PX, LABELLED_PX_HUMAN),
}
#: Table -> the stage it starts from and the stage it ends with.
ENDS: Mapping[str, tuple[str, str]] = {CLEANING: (OLD, NEW), SPLIT_AND_MERGE: (NEW, RESULT)}
#: The talk has one test column: whatever a source holds out, be it called val or test.
_TALK_SPLIT = {"val": "test"}

Row = Mapping[str, Any]


def thesis_tables(merged: pa.Table, cleaned: pa.Table, split: pa.Table) -> dict[Address, float]:
    """All values of the three tables, with totals over sources and splits.

    Args:
        merged: the ledger of everything that went in.
        cleaned: the ledger after the rules, the duplicates and the review.
        split: the ledger with our splits.
    """
    before, after = (_placed(ledger, "official_split", _TALK_SPLIT) for ledger in (merged, cleaned))
    cleaned_by_split = _placed(cleaned, "official_split", {})
    official, ours = _placed(split, "official_split", {}), _placed(split, "split", {})
    parts = [
        *_counted(before, SIZES, ORIGINAL),
        *_counted(before, CLEANING, OLD),
        *_counted(_gone(after), CLEANING, TAKEN),
        *_crossed(before, after, CLEANING),
        *_counted(_there(after), CLEANING, NEW),
        *_counted(_there(cleaned_by_split), SPLIT_AND_MERGE, NEW),
        *_counted(_gone(official, "split"), SPLIT_AND_MERGE, TAKEN),
        *_crossed(_there(official), _there(ours), SPLIT_AND_MERGE),
        *_counted(_there(ours), SPLIT_AND_MERGE, RESULT),
        *_origins(_there(ours)),
    ]
    values = with_sums(parts)
    return dict(values) | ratios(values, SHARES)


def _placed(ledger: pa.Table, column: str, names: Mapping[str, str]) -> pa.Table:
    """Measures of every image with ``place``: the split that a table counts it in."""
    measures = image_measures(ledger)
    place = measures[column]
    for name, shown in names.items():
        place = pc.if_else(pc.equal(place, name), shown, place)
    return measures.append_column("place", place)


def _there(measures: pa.Table) -> pa.Table:
    return measures.filter(pc.not_equal(measures["fate"], REMOVED))


def _gone(measures: pa.Table, stage: str = "") -> pa.Table:
    """Removed images; with a stage only those that it removed."""
    gone = pc.equal(measures["fate"], REMOVED)
    if stage:
        gone = pc.and_(gone, pc.equal(measures["stage"], stage))
    return measures.filter(gone)


def _counted(measures: pa.Table, table: str, stage: str) -> Iterator[tuple[Address, float]]:
    """Images by source, place and kind; pixels too where a table starts or ends."""
    whole = stage in (ORIGINAL, OLD, NEW, RESULT)
    for row in grouped(measures, ("source", "place", "kind")):
        at = Address(
            table=table,
            source=str(row["source"]),
            split=str(row["place"]),
            stage=stage,
            quantity="",
        )
        for quantity, amount in (*_images(row), *(_pixels(row) if whole else ())):
            yield replace(at, quantity=quantity), amount


def _images(row: Row) -> Iterable[tuple[str, int]]:
    images, kind = row["images"], row["kind"]
    yield IMAGES, images
    yield READABLE, images * (kind != UNREADABLE)
    for name in KINDS:
        yield name, images * (kind == name)


def _pixels(row: Row) -> Iterable[tuple[str, int]]:
    yield HUMAN_PX, row["human_px"]
    yield LABELLED_PX, row["labelled_px"]
    yield LABELLED_PX_HUMAN, row["labelled_px"] * (row["kind"] == WITH_HUMAN)


def _crossed(before: pa.Table, after: pa.Table, table: str) -> Iterator[tuple[Address, float]]:
    """Images that are in both, but in another place or of another kind: left one, joined one."""
    cell = ["sample_id", "source", "place", "kind", "human_px", "labelled_px"]
    both = before.select(cell).join(
        after.select(["sample_id", "place", "kind"]),
        "sample_id",
        join_type="inner",
        right_suffix="_after",
    )
    crossed = both.filter(
        pc.or_(
            pc.not_equal(both["place"], both["place_after"]),
            pc.not_equal(both["kind"], both["kind_after"]),
        )
    )
    yield from _counted(crossed.select(cell), table, LEFT)
    there = crossed.drop_columns(["place", "kind"]).rename_columns(
        {"place_after": "place", "kind_after": "kind"}
    )
    yield from _counted(there, table, JOINED)


def _origins(measures: pa.Table) -> Iterator[tuple[Address, float]]:
    """Images of each split of ours by the split that their source had put them in."""
    for official in sorted(set(measures["official_split"].to_pylist())):
        some = measures.filter(pc.equal(measures["official_split"], official))
        yield from _counted(some, SPLIT_AND_MERGE, f"{FROM}{official}")


def uneven_tables(table: pa.Table) -> Iterator[str]:
    """Sentences about everything in the three tables that does not add up; nothing if all does.

    Sums over sources and splits, kinds of images, shares, and for every split of the second and
    third table: start - removed - left + joined = end, and the origins add up to the end.
    """
    values = from_table(table)
    counts = {at: amount for at, amount in values.items() if at.quantity not in SHARES}
    yield from uneven_sums(counts)
    yield from uneven_ratios(values, SHARES)
    for at in sorted(at for at in counts if at.quantity == IMAGES):
        yield from _uneven_kinds(counts, at)
    for name, (start, end) in ENDS.items():
        cells = {replace(at, stage="") for at in counts if at.table == name}
        for cell in sorted(at for at in cells if at.quantity in COUNTS):
            yield from _uneven_flow(counts, cell, start, end)
    for at in sorted(at for at in counts if (at.table, at.stage) == (SPLIT_AND_MERGE, RESULT)):
        yield from _uneven_origins(counts, at)


def totals(table: pa.Table) -> dict[tuple[str, str], int]:
    """Images over all sources and splits by table and stage, where a table starts or ends."""
    shown = ((SIZES, ORIGINAL), (CLEANING, OLD), (CLEANING, NEW), (SPLIT_AND_MERGE, RESULT))
    values = from_table(table)
    places = {
        (name, stage): Address(table=name, source=ALL, split=ALL, stage=stage, quantity=IMAGES)
        for name, stage in shown
    }
    return {key: int(values.get(at, 0)) for key, at in places.items()}


def _uneven_kinds(counts: Values, at: Address) -> Iterator[str]:
    kinds = [counts.get(replace(at, quantity=name), 0.0) for name in KINDS]
    readable = counts.get(replace(at, quantity=READABLE), 0.0)
    if (counts[at], readable) != (sum(kinds), sum(kinds[:2])):
        yield f"{at} is {counts[at]:g} ({readable:g} readable), its kinds add up to {sum(kinds):g}"


def _uneven_flow(counts: Values, cell: Address, start: str, end: str) -> Iterator[str]:
    terms = {
        stage: counts.get(replace(cell, stage=stage), 0.0)
        for stage in (start, TAKEN, LEFT, JOINED, end)
    }
    if terms[start] - terms[TAKEN] - terms[LEFT] + terms[JOINED] != terms[end]:
        shown = ", ".join(f"{stage} {amount:g}" for stage, amount in terms.items())
        yield f"{cell.table} / {cell.source} / {cell.split} / {cell.quantity}: {shown}"


def _uneven_origins(counts: Values, at: Address) -> Iterator[str]:
    if at.quantity not in COUNTS:
        return
    beside = replace(at, stage="")
    origins = sum(
        amount
        for other, amount in counts.items()
        if other.stage.startswith(FROM) and replace(other, stage="") == beside
    )
    if origins != counts[at]:
        yield f"{at} is {counts[at]:g}, its origins add up to {origins:g}"
