"""How large each split came out beside the share it was given, and whether chance explains it.

Every image falls into its split by a hash of its own bytes, so the images with humans in a split
are binomial, groups of duplicates counting as one draw. Images without humans are sampled to them
and say nothing more; images of sources that are held out or train-only are no draw at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from dataset_build.config import DatasetConfig
from dataset_build.ledger.fates import REMOVED

_SHARES = b"split_shares"
_HELD_OUT = b"held_out_sources"
#: Standard deviations: chance goes beyond in one split of 16,000.
TOLERATED_DEVIATIONS = 4.0


@dataclass(frozen=True, kw_only=True)
class SplitSize:
    """Images with humans in one split.

    Args:
        images: those that are there.
        of: those in all splits, without sources that lie in one split as a whole.
        share: wanted, a fraction.
        deviation: standard deviation of ``images``, duplicate groups taken into account.
    """

    split: str
    images: int
    of: int
    share: float
    deviation: float

    @property
    def tolerance(self) -> float:
        """By how many images the split may differ from ``share * of``; at least by one."""
        return max(TOLERATED_DEVIATIONS * self.deviation, 1.0)

    @property
    def holds(self) -> bool:
        """Chance explains the difference from the wanted share."""
        return abs(self.images - self.share * self.of) <= self.tolerance

    def sentence(self) -> str:
        """Split, got and expected."""
        return (
            f"{self.split}: {self.images} of {self.of} images with humans; expected"
            f" {self.share * self.of:.0f} ± {self.tolerance:.0f} ({self.share:.1%})"
        )


def with_shares(table: pa.Table, config: DatasetConfig) -> pa.Table:
    """The ledger with the wanted shares written into it, so that a check needs no configuration."""
    train = 1.0 - config.val_share - config.test_share
    shares = {"train": train, "val": config.val_share, "test": config.test_share}
    metadata = dict(table.schema.metadata or {})
    metadata[_SHARES] = json.dumps(shares).encode()
    not_drawn = {*config.held_out_sources, *config.train_only_sources}
    metadata[_HELD_OUT] = json.dumps(sorted(not_drawn)).encode()
    return table.replace_schema_metadata(metadata)


def split_sizes(table: pa.Table) -> tuple[SplitSize, ...]:
    """Images with humans per split beside the wanted shares.

    Args:
        table: the ledger that ``splits.split_dataset`` wrote, or its columns source, fate, split,
            human_px and duplicate_group with the ledger's metadata.

    Raises:
        ValueError: the ledger does not say which shares were wanted.
    """
    metadata = table.schema.metadata or {}
    if _SHARES not in metadata or _HELD_OUT not in metadata:
        raise ValueError("the ledger names no split shares; split the dataset again")
    shares: Mapping[str, float] = json.loads(metadata[_SHARES])
    held_out = pa.array(json.loads(metadata[_HELD_OUT]), pa.string())
    drawn = table.filter(
        pc.and_(
            pc.and_(pc.not_equal(table["fate"], REMOVED), pc.greater(table["human_px"], 0)),
            pc.invert(pc.is_in(table["source"], held_out)),
        )
    )
    groups = drawn.group_by("duplicate_group").aggregate([([], "count_all")])["count_all"]
    squares = sum(size * size for size in groups.to_pylist())
    counts = {row["values"]: row["counts"] for row in pc.value_counts(drawn["split"]).to_pylist()}
    return tuple(
        SplitSize(
            split=split,
            images=counts.get(split, 0),
            of=drawn.num_rows,
            share=share,
            deviation=math.sqrt(max(share * (1.0 - share), 0.0) * squares),
        )
        for split, share in shares.items()
    )
