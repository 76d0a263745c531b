"""How stiffly a thing travels: what of its picture arrives unchanged, as wheels do and legs do not.

A thing is laid over where it was a moment ago, at the shift that fits best. What does not fit then,
as a share of the contrast within the thing, is its change of shape: a walker's limbs leave much of
it, a wheelchair, a cart or a car hardly any. It needs pictures: optical flow at 20 to 40 pixels is
smoothed over limbs and body alike. A walker is stiff for a moment too, between two steps, and a
wheelchair is not beside walkers, so that what counts is gathered along the thing's path
(:mod:`camera_analysis.channels.path_readings`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

GreyImage = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]
FloatVector = npt.NDArray[np.float64]
IntImage = npt.NDArray[np.int32]
BoolImage = npt.NDArray[np.bool_]

#: Seconds between the two pictures: a third of a walker's stride, in which legs change most.
APART_S = 0.3
#: Seconds beyond which two pictures show too little of one movement.
LONGEST_APART_S = 0.5
#: Side of the smallest thing whose shape can be told, in pixels.
LEAST_SIDE = 6.0
#: How far a thing must have gone, as a share of its side and in pixels, half of what a slow walker
#: goes: of who stays, or turns in a chair, nothing is said.
LEAST_TRAVEL, LEAST_TRAVEL_PX = 0.1, 2.0
#: Grey levels of contrast within a thing; less is the sensor's noise.
LEAST_CONTRAST = 4.0
#: Pixels around the place foretold by its motion in which a thing is looked for.
REACH = 3


@dataclass(frozen=True)
class Thing:
    """One moving thing.

    Attributes:
        rows: of its box.
        columns: of its box.
        mask_hw: (h, w) its pixels within the box.
        pace_xy: pixels a frame, by its flow.
    """

    rows: slice
    columns: slice
    mask_hw: BoolImage
    pace_xy: tuple[float, float]


class StiffnessMeter:
    """Measures the things of consecutive frames.

    Args:
        fps: frames per second; 0 where they are not evenly spaced.
    """

    def __init__(self, fps: float) -> None:
        self._apart = frames_apart(fps)
        self._past: deque[GreyImage] = deque(maxlen=max(1, self._apart))

    def measure(
        self, grey: GreyImage, moving_hw: BoolImage, flow: FloatImage
    ) -> tuple[IntImage, FloatVector]:
        """Number of the thing at each pixel, and how stiff each number is now; 0 is unknown.

        Stiffness is contrast over what does not fit, root mean square each: about 1 for what has
        nothing in common with the picture before, contrast over noise for a rigid thing.

        Args:
            grey: (H, W) the frame.
            moving_hw: (H, W) what moves.
            flow: (H, W, 2) pixels since the frame before.
        """
        if not self._apart or not moving_hw.any():
            self._past.append(grey)
            return np.zeros(moving_hw.shape, np.int32), np.zeros(1)
        count, parts, stats = _things(moving_hw, flow)
        stiffness = np.zeros(count)
        for part in range(1, count if len(self._past) == self._apart else 0):
            x, y, width, height = stats[part, :4].tolist()
            box = slice(y, y + height), slice(x, x + width)
            mask = parts[box] == part
            pace = flow[box][mask].mean(axis=0)
            thing = Thing(*box, mask_hw=mask, pace_xy=(float(pace[0]), float(pace[1])))
            stiffness[part] = _stiffness(grey, self._past[0], thing, self._apart)
        self._past.append(grey)
        return parts, stiffness


def frames_apart(fps: float) -> int:
    """Frames between the two pictures; 0 where they would lie too far apart."""
    frames = max(1, round(APART_S * fps))
    return frames if frames <= LONGEST_APART_S * fps else 0


def _things(moving_hw: BoolImage, flow: FloatImage) -> tuple[int, IntImage, IntImage]:
    """Connected things, those that pass each other taken apart: number of labels, map, statistics.

    What touches and moves in opposite ways along the axis of its motion is more than one thing.
    """
    count, parts, stats, _ = cv2.connectedComponentsWithStats(
        moving_hw.view(np.uint8), connectivity=8
    )
    against = np.zeros(moving_hw.shape, bool)
    for part in range(1, count):
        x, y, width, height = stats[part, :4].tolist()
        box = slice(y, y + height), slice(x, x + width)
        mask = parts[box] == part
        steps = flow[box][mask]
        axis = np.linalg.eigh(steps.T @ steps)[1][:, 1]
        against[box][mask] = steps @ axis < 0
    kernel = np.ones((3, 3), np.uint8)
    apart = [
        cv2.morphologyEx((moving_hw & side).view(np.uint8), cv2.MORPH_OPEN, kernel)
        for side in (against, ~against)
    ]
    total, labels, found = 1, np.zeros(moving_hw.shape, np.int32), [np.zeros((1, 5), np.int32)]
    for side in apart:
        count, parts, stats, _ = cv2.connectedComponentsWithStats(side, connectivity=8)
        labels = np.where(parts > 0, parts + total - 1, labels).astype(np.int32)
        found.append(np.asarray(stats[1:], np.int32))
        total += count - 1
    return total, labels, np.concatenate(found)


def _stiffness(grey: GreyImage, earlier: GreyImage, thing: Thing, frames: int) -> float:
    """Contrast of a thing over what its best shift leaves; 0 if unknown.

    Unknown are things that hardly travelled, are too small, of no contrast, or came from outside
    the picture.
    """
    area = int(np.count_nonzero(thing.mask_hw))
    x, y = thing.columns.start, thing.rows.start
    left = round(x - thing.pace_xy[0] * frames) - REACH
    top = round(y - thing.pace_xy[1] * frames) - REACH
    right = left + thing.columns.stop - x + 2 * REACH
    bottom = top + thing.rows.stop - y + 2 * REACH
    inside = left >= 0 and top >= 0 and right <= grey.shape[1] and bottom <= grey.shape[0]
    if area < LEAST_SIDE**2 or not inside:
        return 0.0
    now = grey[thing.rows, thing.columns]
    contrast = float(now[thing.mask_hw].std())
    if contrast < LEAST_CONTRAST:
        return 0.0
    squares = cv2.matchTemplate(
        earlier[top:bottom, left:right], now, cv2.TM_SQDIFF, mask=thing.mask_hw.astype(np.uint8)
    )
    least, _, (found_x, found_y), _ = cv2.minMaxLoc(squares)
    least_px = max(LEAST_TRAVEL * np.sqrt(area), LEAST_TRAVEL_PX)
    if np.hypot(left + found_x - x, top + found_y - y) < least_px:
        return 0.0
    return contrast / float(np.sqrt(max(least / area, 1.0)))
