"""Confusion counts that add up, and the scores that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dataset_build.label_maps import HUMAN, IGNORE

if TYPE_CHECKING:
    from segmentation.data import U8

#: An image without people counts as a false alarm above this share of false human pixels (0.1 %).
FALSE_ALARM_SHARE = 0.001
#: Probability from which on a pixel counts as human.
THRESHOLD = 0.5


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

    def __add__(self, other: HumanCounts) -> HumanCounts:
        """Counts of both sets of images."""
        names = (item.name for item in fields(self))
        return HumanCounts(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def labelled_px(self) -> int:
        """Pixels that count."""
        return self.hits + self.false_alarms + self.misses + self.rejections

    @property
    def iou(self) -> float | None:
        """Hits over everything called human by either; None where neither calls anything so."""
        return _share(self.hits, self.hits + self.false_alarms + self.misses)

    @property
    def dice(self) -> float | None:
        """Twice the hits over the human pixels of both; None where there are none."""
        return _share(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)

    @property
    def precision(self) -> float | None:
        """Share of predicted human pixels that are human; None where none is predicted."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Share of human pixels that are found; None where there are none."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def pixel_accuracy(self) -> float | None:
        """Share of labelled pixels that are right; None where none is labelled."""
        return _share(self.hits + self.rejections, self.labelled_px)

    @property
    def empty_alarm_rate(self) -> float | None:
        """Share of images without people that raise a false alarm; None without such images."""
        return _share(self.empty_alarms, self.empty_images)

    @property
    def empty_false_px_share(self) -> float | None:
        """Share of their pixels that are called human; None without such images."""
        return _share(self.empty_false_px, self.empty_px)


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


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
