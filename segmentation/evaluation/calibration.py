"""Does a probability of 0.7 mean human in 7 of 10 pixels? Counts per bin, and their error.

The expected calibration error of Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural
Networks", ICML 2017, for the probability of a human: the mean distance between what was said and
what was so, over bins of equal width, each weighted by its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.data import U8

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: As Guo et al. use.
BINS = 15
#: Sums of probabilities are rounded to this part of one, so that adding them up is exact in any
#: order and the same images give the same bytes; a million pixels lose less than a billionth.
_GRAIN = 1024


@dataclass(frozen=True, kw_only=True)
class BinCounts:
    """Labelled pixels by predicted probability; bin b holds [b / 15, (b + 1) / 15), the last 1 too.

    Args:
        px: (15,) int64.
        human_px: (15,) int64, of these human in truth.
        probability: (15,) float64, the sum of what was predicted for them.
    """

    px: I64
    human_px: I64
    probability: F64


def count_bins(probability_hw: F32, mask_hw: U8) -> BinCounts:
    """Bins of one image; ignored pixels count nowhere.

    Args:
        probability_hw: (H, W) in [0, 1].
        mask_hw: (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.
    """
    labelled = mask_hw != IGNORE
    probability = probability_hw[labelled]
    place = np.minimum((probability * BINS).astype(np.intp), BINS - 1)
    human = mask_hw[labelled] == HUMAN
    total = np.bincount(place, weights=probability, minlength=BINS)
    return BinCounts(
        px=np.bincount(place, minlength=BINS),
        human_px=np.bincount(place[human], minlength=BINS),
        probability=np.round(total * _GRAIN) / _GRAIN,
    )


def calibration_error(px: F64, human_px: F64, probability: F64) -> F64:
    """Expected calibration error of one or more sets of bins.

    Args:
        px: (..., 15) pixels.
        human_px: (..., 15) of these human.
        probability: (..., 15) sums of predicted probabilities.

    Returns:
        (...) in [0, 1]; NaN where there is no pixel.
    """
    distance = np.abs(probability - human_px).sum(axis=-1)
    every = px.sum(axis=-1)
    return np.asarray(
        np.divide(distance, every, out=np.full(np.shape(every), np.nan), where=every > 0),
        np.float64,
    )
