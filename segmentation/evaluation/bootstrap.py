"""How sure is a score? Images are drawn again and again, and the score is computed from each draw.

The bootstrap of Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979, with percentile
intervals. Images are the unit, not pixels: the pixels of one image are wrong together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

#: The ends of a 95 % interval then move by a few hundredths of its width between seeds.
RESAMPLES = 2_000
SEED = 0
#: Share of resamples between the two ends.
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Where 95 % of the resampled scores lie."""

    low: float
    high: float


def resampled_sums(
    blocks: Iterable[F64], images: int, *, resamples: int = RESAMPLES, seed: int = SEED
) -> F64:
    """Sums of per-image counts over draws of as many images, with replacement.

    Blocks are read once and one at a time: how many draws fall into a block is drawn first
    (binomial), then which of its images, so that all together are one multinomial draw. The same
    seed and the same blocks draw the same images, whatever is counted on them.

    Args:
        blocks: (n, K) counts of n images each; together ``images`` rows.
        images: rows of all blocks.
        resamples: R, how many draws.
        seed: of the draws.

    Returns:
        (R, K) sums.

    Raises:
        ValueError: the blocks hold more or fewer rows, or none.
    """
    rng = np.random.default_rng(seed)
    to_draw, to_come = np.full(resamples, images), images
    total: F64 | None = None
    for block in blocks:
        rows = len(block)
        if rows > to_come:
            raise ValueError(f"more than the {images} images that were announced; count again")
        drawn = rng.binomial(to_draw, rows / to_come)
        first = np.repeat(np.arange(resamples) * rows, drawn)
        cells = first + rng.integers(rows, size=len(first))
        times = np.bincount(cells, minlength=resamples * rows).reshape(resamples, rows)
        part = times.astype(np.float64) @ block
        total = part if total is None else total + part
        to_draw, to_come = to_draw - drawn, to_come - rows
    if total is None or to_come:
        raise ValueError(f"{images - to_come} images came, {images} were announced; count again")
    return total


def interval_of(scores: F64) -> Interval | None:
    """Percentile interval of (R,) resampled scores; None where no resample defines one."""
    defined = scores[~np.isnan(scores)]
    if not len(defined):
        return None
    outside = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [outside, 1 - outside])
    return Interval(low=float(low), high=float(high))
