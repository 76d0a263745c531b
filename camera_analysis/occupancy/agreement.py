"""How a rule that says yes or no agrees with what a person saw, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BoolVector = npt.NDArray[np.bool_]
FloatVector = npt.NDArray[np.float64]

BOOTSTRAPS = 1000
#: 97.5 % quantile of the normal distribution.
_Z = 1.959964


@dataclass(frozen=True)
class Interval:
    """A 95 % interval in [0, 1]."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How a rule agrees with the labels.

    Attributes:
        true_positives: frames said and seen to be occupied; the others likewise.
        f1_interval: by resampling labelled instants; those of precision and recall are Wilson's,
            as if frames were independent, which neighbours are not: they are too narrow.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    f1_interval: Interval

    @property
    def precision(self) -> float:
        """Of the frames said to be occupied those that were; NaN where none was said to be."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Of the occupied frames those that were found; NaN where none was."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 0 where nothing was found."""
        return f1_score(self.true_positives, self.false_positives, self.false_negatives)

    @property
    def precision_interval(self) -> Interval:
        """Wilson's."""
        return wilson(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall_interval(self) -> Interval:
        """Wilson's."""
        return wilson(self.true_positives, self.true_positives + self.false_negatives)


def agreement(said: BoolVector, truth: BoolVector, instants: FloatVector) -> Agreement:
    """Counts, and an interval of F1 from resampling instants with all their regions.

    Args:
        said: (N,) what a rule says.
        truth: (N,) what a person saw.
        instants: (N,) when.
    """
    _, group = np.unique(instants, return_inverse=True)
    count = int(group.max(initial=-1)) + 1
    cells = [said & truth, said & ~truth, ~said & truth]
    by_instant = np.stack([np.bincount(group, cell, count) for cell in cells])  # (3, instants)
    draws = np.random.default_rng(0).integers(0, count, (BOOTSTRAPS, count))
    tp, fp, fn = by_instant[:, draws].sum(-1)
    f1 = np.divide(2 * tp, 2 * tp + fp + fn, out=np.zeros(BOOTSTRAPS), where=tp > 0)
    low, high = np.quantile(f1, [0.025, 0.975])
    return Agreement(
        true_positives=int(cells[0].sum()),
        false_positives=int(cells[1].sum()),
        false_negatives=int(cells[2].sum()),
        true_negatives=int((~said & ~truth).sum()),
        f1_interval=Interval(float(low), float(high)),
    )


def wilson(successes: int, trials: int) -> Interval:
    """Wilson's 95 % score interval (1927) of a share; all of [0, 1] without trials."""
    if not trials:
        return Interval(0.0, 1.0)
    share = successes / trials
    centre = share + _Z**2 / (2 * trials)
    half = _Z * math.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    scale = 1 + _Z**2 / trials
    return Interval(max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale))


def f1_score(true_positives: int, false_positives: int, false_negatives: int) -> float:
    """Harmonic mean of precision and recall; 0 where nothing was found."""
    found = 2 * true_positives
    return found / (found + false_positives + false_negatives) if found else 0.0


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def cell(value: float, interval: Interval) -> str:
    """A share with its interval in per cent, for a table in a terminal."""
    if math.isnan(value):
        return "none found"
    return f"{100 * value:.1f} % ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
