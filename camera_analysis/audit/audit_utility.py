"""What can still be counted when people are hidden: who is seen, where they stand, how much room.

Somebody who has only the hidden video takes its difference from the empty view, cleans it, and
reads people off it: the same as :mod:`camera_analysis.labelling.motion` does without a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from camera_analysis.audit.audit_people import BoolImage, ImageRgb, Person
from camera_analysis.labelling.motion import MotionConfig, Plate, difference_sigma, mover_mask
from camera_analysis.labelling.regions import Box

#: Least overlap of a region with the true box for a person to be seen.
LEAST_OVERLAP = 0.5


@dataclass(frozen=True, kw_only=True)
class Utility:
    """What is left in one frame.

    Attributes:
        people: who are there.
        seen: of them, by a region of their own.
        foot_errors: distance of the foot points, as a share of the person's height, of those seen.
        share_error: pixels of movers less those of people, as a share of those of people.
    """

    people: int
    seen: int
    foot_errors: tuple[float, ...]
    share_error: float


def utility_of(
    hidden_rgb: ImageRgb, plate: Plate, people_hw: BoolImage, people: Sequence[Person]
) -> Utility:
    """Compare what is read off a hidden frame with the truth.

    Args:
        hidden_rgb: (H, W, 3) uint8.
        plate: the empty view.
        people_hw: (H, W) True where truth says people.
        people: those of the frame who can be told apart.
    """
    config = MotionConfig()
    found_hw = mover_mask(difference_sigma(hidden_rgb, plate, config), config)
    boxes = _boxes(found_hw)
    errors = []
    for person in people:
        rows, columns = person.crop
        true = Box(columns.start, rows.start, columns.stop, rows.stop)
        best = max(boxes, key=true.overlap, default=None)
        if best is not None and true.overlap(best) >= LEAST_OVERLAP:
            foot = ((best.x0 + best.x1) / 2, float(best.y1))
            away = np.hypot(foot[0] - person.foot_xy[0], foot[1] - person.foot_xy[1])
            errors.append(float(away) / person.height_px)
    true_px = int(people_hw.sum())
    return Utility(
        people=len(people),
        seen=len(errors),
        foot_errors=tuple(errors),
        share_error=(int(found_hw.sum()) - true_px) / max(true_px, 1),
    )


def boxes_of_movers(hidden_rgb: ImageRgb, plate: Plate) -> list[Box]:
    """Boxes of what differs from the empty view in an (H, W, 3) uint8 frame."""
    config = MotionConfig()
    return _boxes(mover_mask(difference_sigma(hidden_rgb, plate, config), config))


def _boxes(found_hw: BoolImage) -> list[Box]:
    contours, _ = cv2.findContours(
        found_hw.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    found = [cv2.boundingRect(contour) for contour in contours]
    return [Box(x, y, x + width, y + height) for x, y, width, height in found]
