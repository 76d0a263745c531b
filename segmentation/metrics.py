"""Confusion counts that add up, and the scores that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dataset_build.sources.label_maps import HUMAN, IGNORE

if TYPE_CHECKING:
    from segmentation.data import U8

#: An image without people counts as a false alarm above this share of false human pixels (0.1 %).
FALSE_ALARM_SHARE = 0.001
#: Probability from which on a pixel counts as human.
THRESHOLD = 0.5


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A score that is a sum of counts over a sum of counts; a name given twice counts twice."""

    part: tuple[str, ...]
    whole: tuple[str, ...]


#: Every score that follows from counts alone; fractions in [0, 1].
RATIOS: Mapping[str, Ratio] = {
    "iou": Ratio(part=("hits",), whole=("hits", "false_alarms", "misses")),
    "dice": Ratio(part=("hits", "hits"), whole=("hits", "hits", "false_alarms", "misses")),
    "precision": Ratio(part=("hits",), whole=("hits", "false_alarms")),
    "recall": Ratio(part=("hits",), whole=("hits", "misses")),
    "pixel_accuracy": Ratio(
        part=("hits", "rejections"), whole=("hits", "false_alarms", "misses", "rejections")
    ),
    "boundary_iou": Ratio(part=("boundary_hits",), whole=("boundary_either",)),
    "recall_small": Ratio(part=("small_found",), whole=("small",)),
    "recall_middle": Ratio(part=("middle_found",), whole=("middle",)),
    "recall_large": Ratio(part=("large_found",), whole=("large",)),
    "empty_alarm_rate": Ratio(part=("empty_alarms",), whole=("empty_images",)),
    "empty_region_rate": Ratio(part=("empty_with_region",), whole=("empty_images",)),
    "empty_false_px_share": Ratio(part=("empty_false_px",), whole=("empty_px",)),
}
#: Expected calibration error, the one score that is no ratio of counts.
ECE = "ece"
SCORES: tuple[str, ...] = (*RATIOS, ECE)
#: Scores of which less is better; of all others more is.
LESS_IS_BETTER = frozenset({"empty_alarm_rate", "empty_region_rate", "empty_false_px_share", ECE})


@dataclass(frozen=True, kw_only=True)
class HumanCounts:
    """Labelled pixels and images, counted. The counts of two sets of images add up.

    Args:
        hits: human in truth and prediction.
        false_alarms: human in the prediction only.
        misses: human in truth only.
        rejections: human in neither.
        images: images counted.
        empty_images: images without any human pixel in truth.
        empty_alarms: of these, with more than ``FALSE_ALARM_SHARE`` false human pixels.
        empty_px: labelled pixels of the empty images.
        empty_false_px: of these, human in the prediction.
        empty_with_region: empty images with a false region that is no speck.
        boundary_hits: pixels near the contour of both truth and prediction.
        boundary_either: pixels near the contour of either.
        small, middle, large: persons by their height in the frame.
        small_found, middle_found, large_found: of these, with half their pixels found.
    """

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0
    rejections: int = 0
    images: int = 0
    empty_images: int = 0
    empty_alarms: int = 0
    empty_px: int = 0
    empty_false_px: int = 0
    empty_with_region: int = 0
    boundary_hits: int = 0
    boundary_either: int = 0
    small: int = 0
    small_found: int = 0
    middle: int = 0
    middle_found: int = 0
    large: int = 0
    large_found: int = 0

    def __add__(self, other: HumanCounts) -> HumanCounts:
        """Counts of both sets of images."""
        names = (item.name for item in fields(self))
        return HumanCounts(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def labelled_px(self) -> int:
        """Pixels that count."""
        return self.hits + self.false_alarms + self.misses + self.rejections

    def score(self, name: str) -> float | None:
        """One of ``RATIOS``; None where nothing defines it.

        Raises:
            KeyError: no such score.
        """
        ratio, counts = RATIOS[name], asdict(self)
        whole = sum(counts[one] for one in ratio.whole)
        return sum(counts[one] for one in ratio.part) / whole if whole else None

    @property
    def iou(self) -> float | None:
        """Hits over everything called human by either; None where neither calls anything so."""
        return self.score("iou")

    @property
    def pixel_accuracy(self) -> float | None:
        """Share of labelled pixels that are right; None where none is labelled."""
        return self.score("pixel_accuracy")


def count_image(predicted_hw: npt.NDArray[np.bool_], mask_hw: U8) -> HumanCounts:
    """Counts of one image; ignored pixels count nowhere.

    Args:
        predicted_hw: (H, W) bool, True where a human is predicted.
        mask_hw: (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.

    Raises:
        ValueError: the two differ in size.
    """
    if predicted_hw.shape != mask_hw.shape:
        raise ValueError(f"prediction {predicted_hw.shape} and mask {mask_hw.shape} differ in size")
    labelled = mask_hw != IGNORE
    human = mask_hw == HUMAN
    hits = int(np.count_nonzero(predicted_hw & human))
    false_alarms = int(np.count_nonzero(predicted_hw & labelled)) - hits
    human_px, labelled_px = int(np.count_nonzero(human)), int(np.count_nonzero(labelled))
    empty = human_px == 0 and labelled_px > 0
    return HumanCounts(
        hits=hits,
        false_alarms=false_alarms,
        misses=human_px - hits,
        rejections=labelled_px - human_px - false_alarms,
        images=1,
        empty_images=int(empty),
        empty_alarms=int(empty and false_alarms > FALSE_ALARM_SHARE * labelled_px),
        empty_px=labelled_px if empty else 0,
        empty_false_px=false_alarms if empty else 0,
    )
