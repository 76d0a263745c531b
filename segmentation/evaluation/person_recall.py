"""Which persons are found, by their size in the frame; which false ones stand out as a region.

A person is an 8-connected region of human pixels; people who overlap count as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.data import U8

#: Smaller regions are specks: neither a person nor a false one. As in the dataset build.
MIN_REGION_PX = 16
#: Height / height of the frame. Below: far away, 72 of 480 rows, as across a hall.
SMALL_BELOW = 0.15
#: From here on a person fills half the frame's height, as on photographs rather than on cameras.
LARGE_FROM = 0.5
#: A person is found when this share of its labelled pixels is called human.
FOUND_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class PersonCounts:
    """Persons of one image, by height, and how many of them were found."""

    small: int = 0
    small_found: int = 0
    middle: int = 0
    middle_found: int = 0
    large: int = 0
    large_found: int = 0


def count_persons(predicted_hw: npt.NDArray[np.bool_], mask_hw: U8) -> PersonCounts:
    """Persons of the truth, and those of whom at least half the pixels are called human.

    Args:
        predicted_hw: (H, W) bool, True where a human is predicted.
        mask_hw: (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.
    """
    human = mask_hw == HUMAN
    if not human.any():
        return PersonCounts()
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        human.astype(np.uint8), connectivity=8
    )
    area = stats[:, cv2.CC_STAT_AREA]
    hits = np.bincount(labels[human & predicted_hw], minlength=count)
    person = area >= MIN_REGION_PX
    person[0] = False  # what is not human
    found = person & (hits >= FOUND_SHARE * area)
    tall = stats[:, cv2.CC_STAT_HEIGHT] / mask_hw.shape[0]
    small, large = tall < SMALL_BELOW, tall >= LARGE_FROM
    middle = ~small & ~large
    return PersonCounts(
        small=int((person & small).sum()),
        small_found=int((found & small).sum()),
        middle=int((person & middle).sum()),
        middle_found=int((found & middle).sum()),
        large=int((person & large).sum()),
        large_found=int((found & large).sum()),
    )


def has_false_region(predicted_hw: npt.NDArray[np.bool_], mask_hw: U8) -> bool:
    """Whether an image without people shows a predicted region that is no speck.

    False for an image with people, and for one of which nothing is labelled.
    """
    if (mask_hw == HUMAN).any() or (mask_hw == IGNORE).all():
        return False
    false_hw = (predicted_hw & (mask_hw != IGNORE)).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(false_hw, connectivity=8)
    return bool((stats[1:, cv2.CC_STAT_AREA] >= MIN_REGION_PX).any())
