"""Images without humans: how many a split needs, from which source, and whether it has them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from dataset_build.ledger.fates import REMOVED

_TARGET = b"negative_share"
_TOLERANCE = b"negative_tolerance"


@dataclass(frozen=True, kw_only=True)
class NegativeShare:
    """Images with and without humans in one split.

    Args:
        positives: images with humans.
        negatives: images without.
        target: wanted share of negatives among all.
        tolerance: allowed difference, a fraction like the target.
    """

    split: str
    positives: int
    negatives: int
    target: float
    tolerance: float

    @property
    def share(self) -> float:
        """Negatives among all images of the split; 0 for an empty split."""
        images = self.positives + self.negatives
        return self.negatives / images if images else 0.0

    @property
    def wanted(self) -> int:
        """The whole number of negatives that comes closest to the target."""
        return wanted_negatives(self.positives, self.target)

    @property
    def within_tolerance(self) -> bool:
        """The share is close enough, or as close as whole images allow."""
        close = abs(self.share - self.target) <= self.tolerance
        return self.negatives == self.wanted or (self.positives > 0 and close)

    def sentence(self) -> str:
        """Split, got and expected."""
        return (
            f"{self.split}: {self.negatives} of {self.positives + self.negatives} images show"
            f" nobody ({self.share:.1%}); expected {self.target:.1%} within"
            f" {100 * self.tolerance:g} points, {self.wanted} images"
        )

    @property
    def finding(self) -> str:
        """Split, got, expected and what to do; "" if nothing is wrong."""
        missing = self.wanted - self.negatives
        if self.within_tolerance:
            return ""
        if missing < 0:
            return f"{self.sentence()}; {-missing} too many, split the dataset again"
        return (
            f"{self.sentence()}; add images without humans until {missing} more fall into"
            f" {self.split}, lower negative_share, or raise negative_tolerance for a small dataset"
        )


def wanted_negatives(positives: int, target: float) -> int:
    """How many negatives bring their share closest to the target; the smaller on a tie.

    Args:
        positives: images with humans; without any, no negatives are wanted.
        target: share in [0, 1).

    Raises:
        ValueError: a share of 1 or more: no number of images reaches it.
    """
    if not 0.0 <= target < 1.0:
        raise ValueError(f"negative_share = {target}; expected a fraction in [0, 1)")
    if positives == 0:
        return 0
    below = math.floor(positives * target / (1.0 - target))
    return min((below, below + 1), key=lambda n: (abs(n / (positives + n) - target), n))


def choose_negatives(
    positives: Mapping[str, int], available: Mapping[str, int], target: float
) -> dict[str, int]:
    """How many negatives each source gives to one split.

    Each source gives in proportion to its positives, so that humans cannot be told from the look of
    a source. What a source cannot give, the others give in proportion to what they have left.

    Args:
        positives: source -> images with humans in the split.
        available: source -> images without.
        target: wanted share of the whole split.

    Returns:
        Source -> images, at most ``available``; together as many as wanted, or all there are.
    """
    total = wanted_negatives(sum(positives.values()), target)
    wishes = _apportion(total, {source: positives.get(source, 0) for source in positives})
    quota = {source: min(wishes.get(source, 0), have) for source, have in available.items()}
    missing = total - sum(quota.values())
    spare = {source: have - quota[source] for source, have in available.items()}
    extra = _apportion(min(missing, sum(spare.values())), spare)
    return {source: quota[source] + extra[source] for source in available}


def _apportion(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole numbers in proportion to the weights that add up to ``total``.

    None exceeds its weight if ``total`` is at most their sum. The largest remainders are rounded
    up, the first by name on a tie.
    """
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    parts = {name: divmod(total * weight, whole) for name, weight in weights.items()}
    quota = {name: floor for name, (floor, _) in parts.items()}
    by_remainder = sorted(parts, key=lambda name: (-parts[name][1], name))
    for name in by_remainder[: total - sum(quota.values())]:
        quota[name] += 1
    return quota


def with_target(table: pa.Table, target: float, tolerance: float) -> pa.Table:
    """The ledger with what was wanted written into it, so that a check needs no configuration."""
    metadata = dict(table.schema.metadata or {})
    metadata |= {_TARGET: repr(target).encode(), _TOLERANCE: repr(tolerance).encode()}
    return table.replace_schema_metadata(metadata)


def negative_shares(table: pa.Table) -> tuple[NegativeShare, ...]:
    """Images with and without humans per split, for every split that holds an image.

    Args:
        table: the ledger that ``splits.split_dataset`` wrote.

    Raises:
        ValueError: the ledger does not say which share was wanted.
    """
    metadata = table.schema.metadata or {}
    if _TARGET not in metadata or _TOLERANCE not in metadata:
        raise ValueError("the ledger names no negative_share; split the dataset again")
    there = table.select(["split", "human_px"]).filter(pc.not_equal(table["fate"], REMOVED))
    kinds = pa.table({"split": there["split"], "human": pc.greater(there["human_px"], 0)})
    counted = kinds.group_by(["split", "human"]).aggregate([([], "count_all")]).to_pylist()
    counts = Counter({(row["split"], row["human"]): row["count_all"] for row in counted})
    return tuple(
        NegativeShare(
            split=split,
            positives=counts[split, True],
            negatives=counts[split, False],
            target=float(metadata[_TARGET]),
            tolerance=float(metadata[_TOLERANCE]),
        )
        for split in sorted({split for split, _ in counts})
    )
