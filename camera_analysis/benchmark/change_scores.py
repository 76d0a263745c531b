"""Moving pixels against truth: the seven figures of CDnet 2014.

Codes of the truth: 0 static and 50 shadow are negative, 255 is positive, 85 (outside the region of
interest) and 170 (unknown) count nowhere. Figures are taken per video, averaged over the videos of
a category, then over categories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STATIC, SHADOW, OUTSIDE, UNKNOWN, MOVING = 0, 50, 85, 170, 255


@dataclass(frozen=True, kw_only=True)
class ChangeCounts:
    """Pixels of one video: true and false, positive and negative."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def __add__(self, other: ChangeCounts) -> ChangeCounts:
        """Pixels of both."""
        return ChangeCounts(
            tp=self.tp + other.tp,
            fp=self.fp + other.fp,
            fn=self.fn + other.fn,
            tn=self.tn + other.tn,
        )

    def figures(self) -> dict[str, float]:
        """Recall, specificity, false-positive and false-negative rate, PWC, F and precision.

        All are fractions but PWC, the percentage of wrong pixels. A ratio of nothing is 0, as in
        the authors' script.
        """
        recall = _ratio(self.tp, self.tp + self.fn)
        precision = _ratio(self.tp, self.tp + self.fp)
        all_pixels = self.tp + self.fp + self.fn + self.tn
        return {
            "Re": recall,
            "Sp": _ratio(self.tn, self.tn + self.fp),
            "FPR": _ratio(self.fp, self.fp + self.tn),
            "FNR": _ratio(self.fn, self.tp + self.fn),
            "PWC": 100 * _ratio(self.fp + self.fn, all_pixels),
            "F": _ratio(2 * precision * recall, precision + recall),
            "Pr": precision,
        }


def count_frame(moving_hw: npt.NDArray[np.bool_], codes_hw: npt.NDArray[np.uint8]) -> ChangeCounts:
    """Count one frame.

    Args:
        moving_hw: (H, W) what a method says.
        codes_hw: (H, W) truth.

    Raises:
        ValueError: sizes differ.
    """
    if moving_hw.shape != codes_hw.shape:
        raise ValueError(f"an answer of {moving_hw.shape} pixels, truth of {codes_hw.shape}")
    positive = codes_hw == MOVING
    negative = (codes_hw == STATIC) | (codes_hw == SHADOW)
    return ChangeCounts(
        tp=int(np.count_nonzero(moving_hw & positive)),
        fp=int(np.count_nonzero(moving_hw & negative)),
        fn=int(np.count_nonzero(~moving_hw & positive)),
        tn=int(np.count_nonzero(~moving_hw & negative)),
    )


def mean_figures(videos: Iterable[tuple[str, ChangeCounts]]) -> dict[str, float]:
    """Figures averaged per category, then over categories.

    Args:
        videos: (category, counts) of each video.

    Raises:
        ValueError: no video.
    """
    by_category: dict[str, list[dict[str, float]]] = defaultdict(list)
    for category, counts in videos:
        by_category[category].append(counts.figures())
    if not by_category:
        raise ValueError("no videos: the mean of none is undefined")
    means = [_mean(figures) for figures in by_category.values()]
    return _mean(means)


def _mean(figures: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in figures])) for name in figures[0]}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
