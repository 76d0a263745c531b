"""How tall and how large people are in the images, what shapes images have, how sources mix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dataset_build.ledger.fates import REMOVED
from dataset_build.statistics.tally import Address

#: Tables of the statistics.
PERSON_HEIGHT, PERSON_SIZE, ASPECT = "person_height", "person_size", "aspect"
#: Columns of a ledger that are read here.
COLUMNS = (
    "source",
    "official_split",
    "split",
    "fate",
    "reject_reason",
    "width",
    "height",
    "human_px",
    "human_regions",
    "tallest_region_share",
)
#: Height of an image's tallest person region as a share of the frame's; each bin holds its lower
#: edge, the last its upper one too.
HEIGHT_BINS = tuple(f"{low / 10:.1f}-{(low + 1) / 10:.1f}" for low in range(10))
_HEIGHT_EDGES = np.arange(1, 10) / 10
#: COCO's sizes by area in pixels, of an image's mean person region: below 32 x 32, below 96 x 96.
SIZE_BINS = ("small", "medium", "large")
_SIZE_EDGES_PX = np.array([32.0**2, 96.0**2])
#: Width / height; the edges lie between the common formats, so that each bin is named by one.
ASPECT_BINS = ("portrait", "square", "4:3", "3:2", "16:9", "panorama")
_ASPECT_EDGES = np.array([0.8, 1.2, 1.4, 1.6, 1.9])
#: Table -> its quantities in reading order.
BINS: Mapping[str, Sequence[str]] = {
    PERSON_HEIGHT: HEIGHT_BINS,
    PERSON_SIZE: SIZE_BINS,
    ASPECT: ASPECT_BINS,
}

_Measured = Callable[[pa.Table], npt.NDArray[np.int64]]


def distributions(ledger: pa.Table, before: str, after: str) -> Iterator[tuple[Address, float]]:
    """Images per bin, by source and split; people's sizes only of images that show people.

    Args:
        ledger: at least ``COLUMNS`` of a split ledger; it is not changed.
        before: name of the stage of every readable image, by official split.
        after: name of the stage of the images that are left, by our split.
    """
    readable = ledger.select(list(COLUMNS)).filter(pc.equal(ledger["reject_reason"], ""))
    for stage, column, images in (
        (before, "official_split", readable),
        (after, "split", readable.filter(pc.not_equal(readable["fate"], REMOVED))),
    ):
        people = images.filter(pc.greater(images["human_px"], 0))
        for table, rows, bins in (
            (PERSON_HEIGHT, people, _height_bins),
            (PERSON_SIZE, people, _size_bins),
            (ASPECT, images, _aspect_bins),
        ):
            yield from _binned(rows, table, stage, column, bins)


def _binned(
    rows: pa.Table, table: str, stage: str, column: str, bins: _Measured
) -> Iterator[tuple[Address, float]]:
    names = np.array(BINS[table], dtype=object)[bins(rows)]
    placed = rows.select(["source", column]).append_column("bin", pa.array(names, pa.string()))
    counts = placed.group_by(["source", column, "bin"], use_threads=False).aggregate(
        [([], "count_all")]
    )
    for row in counts.to_pylist():
        yield (
            Address(
                table=table,
                source=row["source"],
                split=row[column],
                stage=stage,
                quantity=row["bin"],
            ),
            row["count_all"],
        )


def _height_bins(rows: pa.Table) -> npt.NDArray[np.int64]:
    return _bin_of(rows["tallest_region_share"].to_numpy(), _HEIGHT_EDGES)


def _size_bins(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Specks too small to be counted as regions are one region together."""
    regions = np.maximum(rows["human_regions"].to_numpy(), 1)
    return _bin_of(rows["human_px"].to_numpy() / regions, _SIZE_EDGES_PX)


def _aspect_bins(rows: pa.Table) -> npt.NDArray[np.int64]:
    return _bin_of(rows["width"].to_numpy() / rows["height"].to_numpy(), _ASPECT_EDGES)


def _bin_of(
    values: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Number of the bin of each value; a value on an edge belongs to the bin above it."""
    return np.searchsorted(edges, values, side="right").astype(np.int64)
