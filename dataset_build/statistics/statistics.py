"""Ledgers -> sizes and human shares by source and split, before and after; removals; the tables.

``statistics.parquet`` is tidy: one value per row, addressed by table, source, split, stage and
quantity. ``all`` stands for the sum over sources or over splits. ``thesis_tables`` holds the three
tables of the thesis talk in the same form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.ledger.fates import REMOVED
from dataset_build.statistics import (
    distributions_views,
    statistics_views,
    thesis_tables_picture,
    thesis_tables_views,
)
from dataset_build.statistics.distributions import ASPECT, PERSON_HEIGHT, PERSON_SIZE, distributions
from dataset_build.statistics.distributions import COLUMNS as DISTRIBUTED
from dataset_build.statistics.tally import (
    ALL,
    KINDS,
    WITH_HUMAN,
    WITHOUT_HUMAN,
    Address,
    Values,
    from_table,
    grouped,
    image_measures,
    ratios,
    to_table,
    uneven_ratios,
    uneven_sums,
    with_sums,
)
from dataset_build.statistics.thesis_tables import thesis_tables

STATISTICS_FILE = "statistics.parquet"
THESIS_TABLES_FILE = "thesis_tables.parquet"
#: Before: every image that went in, by official split. After: what is left, by our split.
BEFORE, AFTER = "before", "after"
#: Tables of the statistics.
SIZES, PIXELS, FATES_TABLE, REMOVED_TABLE, MIX = "sizes", "pixels", "fates", "removed", "mix"
TABLES = (SIZES, PIXELS, FATES_TABLE, REMOVED_TABLE, MIX, PERSON_HEIGHT, PERSON_SIZE, ASPECT)
#: Quantities of ``SIZES``; the first is the sum of the others.
SIZE_QUANTITIES = ("images", *KINDS)
#: Quantities of ``PIXELS``; the share is human_px / labelled_px, which ignores unlabelled pixels.
HUMAN_PX, LABELLED_PX, HUMAN_PIXEL_SHARE = "human_px", "labelled_px", "human_pixel_share"
#: The quantity of ``MIX``: a source's images among all of the split.
SOURCE_SHARE = "source_share"
#: Quantities that are fractions; all others are counts.
SHARES: Mapping[str, tuple[str, str]] = {HUMAN_PIXEL_SHARE: (HUMAN_PX, LABELLED_PX)}
FRACTIONS = (HUMAN_PIXEL_SHARE, SOURCE_SHARE)
#: Columns of a ledger that are read: a fifth of its bytes.
_READ = (*DISTRIBUTED, "sample_id", "stage", "reason", "ignore_share")


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


def dataset_statistics(merged: Path, cleaned: Path, split: Path, out: Path) -> StatisticsSummary:
    """Count everything once, sum it up, and show it.

    Args:
        merged: ``ledger.parquet`` of all that went in, or its folder.
        cleaned: the same after cleaning.
        split: the same after the split.
        out: existing folder; receives ``statistics`` and ``thesis_tables`` as Parquet, Markdown
            and PNG, and ``distributions.png``.
    """
    ledger = _read(split)
    values = count(ledger)
    table = to_table(values)
    thesis = to_table(thesis_tables(_read(merged), _read(cleaned), ledger))
    path = out / STATISTICS_FILE
    pq.write_table(table, path, compression="zstd")
    pq.write_table(thesis, out / THESIS_TABLES_FILE, compression="zstd")
    (out / "statistics.md").write_text(statistics_views.to_markdown(table), encoding="utf-8")
    (out / "thesis_tables.md").write_text(thesis_tables_views.to_markdown(thesis), encoding="utf-8")
    pictures = (
        thesis_tables_picture.draw(thesis, out / "thesis_tables.png"),
        statistics_views.draw(table, out / "statistics.png"),
        distributions_views.draw(table, out / "distributions.png"),
    )
    return _summary(values, path, pictures)


def _read(ledger: Path) -> pa.Table:
    return pq.read_table(ledger / "ledger.parquet" if ledger.is_dir() else ledger, columns=[*_READ])


def _summary(values: Values, path: Path, pictures: tuple[Path, ...]) -> StatisticsSummary:
    def total(table: str, stage: str, quantity: str) -> float:
        address = Address(table=table, source=ALL, split=ALL, stage=stage, quantity=quantity)
        return values.get(address, 0.0)

    return StatisticsSummary(
        path=path,
        images_before=int(total(SIZES, BEFORE, "images")),
        images_after=int(total(SIZES, AFTER, "images")),
        with_human_after=int(total(SIZES, AFTER, WITH_HUMAN)),
        without_human_after=int(total(SIZES, AFTER, WITHOUT_HUMAN)),
        human_pixel_share_before=total(PIXELS, BEFORE, HUMAN_PIXEL_SHARE),
        human_pixel_share_after=total(PIXELS, AFTER, HUMAN_PIXEL_SHARE),
        pictures=pictures,
    )


def count(ledger: pa.Table) -> dict[Address, float]:
    """Every value of the statistics, with its sums over sources and splits.

    Args:
        ledger: a split ledger, or the columns of it that are measured; it is not changed.
    """
    by = ("source", "official_split", "split", "fate", "stage", "reason", "kind")
    counts = with_sums(
        part for row in grouped(image_measures(ledger), by) for part in _parts_of(row)
    )
    shapes = with_sums(distributions(ledger, BEFORE, AFTER))
    return dict(counts) | dict(shapes) | ratios(counts, SHARES) | _mix(counts)


def _parts_of(row: Mapping[str, str | int]) -> Iterator[tuple[Address, int]]:
    removed = row["fate"] == REMOVED

    def at(table: str, stage: str, quantity: str) -> Address:
        split = str(row["split" if stage == AFTER else "official_split"])
        return Address(
            table=table, source=str(row["source"]), split=split, stage=stage, quantity=quantity
        )

    images = int(row["images"])
    for stage in (BEFORE,) if removed else (BEFORE, AFTER):
        for quantity in SIZE_QUANTITIES:
            yield at(SIZES, stage, quantity), images * (quantity in ("images", row["kind"]))
        yield at(PIXELS, stage, HUMAN_PX), int(row["human_px"])
        yield at(PIXELS, stage, LABELLED_PX), int(row["labelled_px"])
    yield at(FATES_TABLE, BEFORE, str(row["fate"])), images
    if removed:
        yield at(REMOVED_TABLE, str(row["stage"]), str(row["reason"])), images


def _mix(counts: Values) -> dict[Address, float]:
    """Each source's images among all images of the same split."""
    return {
        replace(at, table=MIX, quantity=SOURCE_SHARE): images / whole
        for at, images in counts.items()
        if (at.table, at.quantity) == (SIZES, "images")
        and (whole := counts.get(replace(at, source=ALL), 0.0))
    }


def mismatched_totals(table: pa.Table) -> Iterator[str]:
    """Sentences about every total that differs from its parts; nothing if all add up.

    Sums over sources, sums over splits, images = with + without + unreadable, and shares.
    """
    values = from_table(table)
    counts = {at: value for at, value in values.items() if at.quantity not in FRACTIONS}
    yield from uneven_sums(counts)
    yield from uneven_ratios({at: v for at, v in values.items() if at.table == PIXELS}, SHARES)
    for at, images in sorted(counts.items()):
        if (at.table, at.quantity) == (SIZES, "images"):
            parts = sum(counts.get(replace(at, quantity=name), 0.0) for name in KINDS)
            if parts != images:
                yield f"{at} is {images:g}, its kinds add up to {parts:g}"
    mixed = {at: value for at, value in values.items() if at.table == MIX}
    if mixed != _mix(counts):
        yield f"{MIX} is not what {SIZES} give"
