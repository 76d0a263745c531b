"""Masks that may be trusted to hide people: wide, held over time, and doubted where they should be.

A mask that is right for statistics is wrong for privacy: there a doubtful pixel is left out, here
it is hidden. What differs from the background plate is hidden, person or not, and so is what the
network takes for a person with a low probability, furniture or not. The mask is widened by a
margin, and holds for some time before and after, so that who is missed in one frame is still
covered. A frame is not trusted at all where much of it changed without being covered, where the
mask covers most of it, or where the camera was moved, covered or blinded: it is hidden as a whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np

from camera_analysis.labelling.motion import (
    BoolImage,
    FloatImage,
    ImageRgb,
    MotionConfig,
    Plate,
    difference_sigma,
    mover_mask,
)

Item = TypeVar("Item")

#: Doubt in a frame without any mask counts from here on: a person a tenth of the frame's height.
#: Less of it is what noise and leaves leave of an empty place.
QUIET_SHARE = 0.002

#: Time stamps are compared to within this: seconds are no multiples of a frame's duration.
_CLOCK_S = 1e-4


@dataclass(frozen=True, kw_only=True)
class SafetyConfig:
    """How wide and for how long is hidden, and when a frame is not trusted.

    The margin and the limit of doubt were measured where docs/privacy.md says it.
    """

    human_probability: float = 0.3  # half of what statistics ask for, and no furniture taken off
    doubtful_probability: float = 0.1  # from here on the network is not sure that nobody is there
    doubtful_sigma: float = 3.5  # from here on a pixel may have changed; 5 makes it a mover
    margin_share: float = 0.03  # of the height: 22 px of 720
    hold_s: float = 0.2  # before and after: five frames at 25 a second
    max_doubtful_share: float = 0.02  # of the frame: a person a quarter of its height
    max_covered_share: float = 0.7  # of the frame: nobody is so large, the plate is wrong

    def __post_init__(self) -> None:
        shares = (self.margin_share, self.max_doubtful_share, self.max_covered_share)
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"shares are {shares}; expected each within 0 to 1")
        if not 0 <= self.hold_s <= 5:
            raise ValueError(f"hold_s is {self.hold_s}; expected 0 to 5 seconds")


@dataclass(frozen=True, kw_only=True)
class SafeMask:
    """What to hide in one frame.

    Attributes:
        mask_hw: (H, W) True where somebody may be, margin included.
        doubtful_share: share of the frame that may have changed, or may show a person, and is not
            covered.
        distrust: why the frame must be hidden as a whole: "doubtful", "overfull"; "" where not.
    """

    mask_hw: BoolImage
    doubtful_share: float
    distrust: str


def safe_mask(
    frame_rgb: ImageRgb,
    plate: Plate,
    human_hw: FloatImage | None,
    *,
    motion: MotionConfig,
    safety: SafetyConfig,
    movers: bool = True,
) -> SafeMask:
    """What to hide in one frame, before masks are held over time.

    Args:
        frame_rgb: (H, W, 3) uint8 of the plate's size.
        plate: what the camera shows when nothing moves.
        human_hw: (H, W) the network's probability; None where it was not asked.
        motion: thresholds of motion.
        safety: see there.
        movers: hide what moves too; False hides only what the network finds.
    """
    sigma_hw = difference_sigma(frame_rgb, plate, motion)
    found = mover_mask(sigma_hw, motion) if movers else np.zeros(sigma_hw.shape, bool)
    doubtful = np.zeros(sigma_hw.shape, bool)
    if movers:  # otherwise what moves is left in view on purpose
        doubtful = cv2.medianBlur((sigma_hw > safety.doubtful_sigma).view(np.uint8), 5) > 0
    if human_hw is not None:
        found |= human_hw > safety.human_probability
        doubtful |= human_hw > safety.doubtful_probability
    return _judged(found, doubtful, safety)


def network_mask(human_hw: FloatImage, safety: SafetyConfig) -> SafeMask:
    """What to hide in a picture of which nothing is known but what a network says.

    Args:
        human_hw: (H, W) its probability.
        safety: see there.
    """
    found, doubtful = (
        np.asarray(human_hw > limit)
        for limit in (safety.human_probability, safety.doubtful_probability)
    )
    return _judged(found, doubtful, safety)


def _judged(found: BoolImage, doubtful: BoolImage, safety: SafetyConfig) -> SafeMask:
    mask_hw = widened(found, safety.margin_share * found.shape[0])
    share = float((doubtful & ~mask_hw).mean())
    distrust = "overfull" if float(mask_hw.mean()) > safety.max_covered_share else ""
    if share > safety.max_doubtful_share:
        distrust = "doubtful"
    return SafeMask(mask_hw=mask_hw, doubtful_share=share, distrust=distrust)


def widened(mask_hw: BoolImage, margin_px: float) -> BoolImage:
    """(H, W) the mask and all that lies within a margin of it."""
    if margin_px <= 0 or not mask_hw.any():
        return mask_hw.copy()
    apart = cv2.distanceTransform((~mask_hw).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(apart <= margin_px)


def enlarged(mask_hw: BoolImage, size_wh: tuple[int, ...]) -> BoolImage:
    """A mask at another size (width, height)."""
    large = cv2.resize(mask_hw.view(np.uint8), size_wh[:2], interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8).view(np.bool_)


class HeldMasks(Generic[Item]):
    """Gives each item of a stream with the union of the masks around its time.

    Holds the items of one ``hold_s`` and the masks of two.

    Args:
        hold_s: how long a mask holds before and after its own time.
    """

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s + _CLOCK_S
        self._waiting: deque[tuple[float, Item]] = deque()
        self._masks: deque[tuple[float, BoolImage]] = deque()

    def add(
        self, time_s: float, item: Item, mask_hw: BoolImage | None
    ) -> Iterator[tuple[Item, BoolImage | None]]:
        """The next item, in order of time; yields those whose time is over.

        Args:
            time_s: of the item.
            item: handed through.
            mask_hw: (H, W); None where there is none for this frame.

        Yields:
            Items with the union of all masks of at most ``hold_s`` before or after them; None where
            there was no mask around.
        """
        self._waiting.append((time_s, item))
        if mask_hw is not None:
            self._masks.append((time_s, mask_hw))
        while self._waiting and time_s - self._waiting[0][0] > self._hold_s:
            yield self._release()

    def finish(self) -> Iterator[tuple[Item, BoolImage | None]]:
        """The items that still wait."""
        while self._waiting:
            yield self._release()

    def _release(self) -> tuple[Item, BoolImage | None]:
        time_s, item = self._waiting.popleft()
        while self._masks and time_s - self._masks[0][0] > self._hold_s:
            self._masks.popleft()
        union: BoolImage | None = None
        for mask_time_s, mask_hw in self._masks:
            if mask_time_s - time_s > self._hold_s:
                break
            union = mask_hw if union is None else union | mask_hw
        return item, union


def uncovered_shares(mask_hw: BoolImage, truth_hw: BoolImage, margins_px: FloatImage) -> FloatImage:
    """What share of true pixels a mask leaves uncovered when it is widened by each margin.

    Args:
        mask_hw: (H, W) before it is widened.
        truth_hw: (H, W), at least one pixel.
        margins_px: (M,) ascending or not.

    Returns:
        (M,) float32 in [0, 1]; 1 everywhere where the mask is empty.
    """
    if not mask_hw.any():
        return np.ones(len(margins_px), np.float32)
    apart = cv2.distanceTransform((~mask_hw).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    left = np.sort(apart[truth_hw])
    return np.asarray(1 - np.searchsorted(left, margins_px, side="right") / len(left), np.float32)


def estimated_in_view(hidden_n: FloatImage, doubtful_n: FloatImage) -> float:
    """What a private video says of itself without truth: how much of people may be in view.

    Doubtful pixels, as a share of them and the hidden ones. A frame without a mask counts where
    more than ``QUIET_SHARE`` of it is doubtful, so masks that are empty everywhere give 1 where
    somebody may be, and 0 in a place where nothing happens.

    Args:
        hidden_n: (N,) share of the pixels that is hidden in each frame that is shown.
        doubtful_n: (N,) see :class:`SafeMask`, of the same frames.

    Returns:
        In [0, 1]; 0 without a frame that counts.
    """
    counts = (hidden_n > 0) | (doubtful_n > QUIET_SHARE)
    in_view = float(doubtful_n[counts].sum())
    return in_view / max(in_view + float(hidden_n[counts].sum()), 1e-9)
