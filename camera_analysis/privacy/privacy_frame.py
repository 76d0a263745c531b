"""What a privacy filter is given: a frame, where to hide, and what it may draw instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

ImageRgb = npt.NDArray[np.uint8]
BoolImage = npt.NDArray[np.bool_]
IntImage = npt.NDArray[np.int32]

#: Scale of a filter as a share of the frame's height: 36 px of 720, an eighth of a person who
#: fills four tenths of the view. What that leaves to recognise is measured, not promised.
DEFAULT_STRENGTH = 0.05

STRENGTHS = (0.005, 0.5)


@dataclass(frozen=True, kw_only=True)
class FilterInput:
    """One frame, and what is to become of it.

    Attributes:
        frame_rgb: (H, W, 3) uint8.
        mask_hw: (H, W) True where people are.
        plate_rgb: (H, W, 3) what the camera shows when nothing moves; None where it is unknown.
        tracks_hw: (H, W) int32 track of each pixel, 0 for none; None draws all regions alike.
        backdrop_rgb: (H, W, 3) what is put behind people; None puts plain grey there.
        strength: scale of the filter as a share of the frame's height: the side of squares, twice
            the standard deviation of a blur, the reach of a warp; each filter says it.
        seed: of what is drawn or shuffled at random; the same over a video.

    Raises:
        ValueError: shapes or types that do not fit, or a strength outside of 0.005 to 0.5.
    """

    frame_rgb: ImageRgb
    mask_hw: BoolImage
    plate_rgb: ImageRgb | None = None
    tracks_hw: IntImage | None = None
    backdrop_rgb: ImageRgb | None = None
    strength: float = DEFAULT_STRENGTH
    seed: int = 0

    def __post_init__(self) -> None:
        shape = self.frame_rgb.shape
        if len(shape) != 3 or shape[2] != 3 or self.frame_rgb.dtype != np.uint8:
            raise ValueError(f"frame: got {self.frame_rgb.dtype} {shape}, expected (H, W, 3) uint8")
        if self.mask_hw.shape != shape[:2] or self.mask_hw.dtype != np.bool_:
            raise ValueError(
                f"mask: got {self.mask_hw.dtype} {self.mask_hw.shape}, expected bool {shape[:2]}"
            )
        for name, picture in (("plate", self.plate_rgb), ("backdrop", self.backdrop_rgb)):
            if picture is not None and picture.shape != shape:
                raise ValueError(f"{name}: got {picture.shape}, expected {shape}")
        if self.tracks_hw is not None and self.tracks_hw.shape != shape[:2]:
            raise ValueError(f"tracks: got {self.tracks_hw.shape}, expected {shape[:2]}")
        if not STRENGTHS[0] <= self.strength <= STRENGTHS[1]:
            raise ValueError(
                f"strength is {self.strength}; allowed: {STRENGTHS[0]} to {STRENGTHS[1]}"
            )

    @property
    def detail_px(self) -> int:
        """The scale of the filter in pixels, at least two: what the filters call the detail."""
        return max(2, round(self.strength * int(self.frame_rgb.shape[0])))


@dataclass(frozen=True, kw_only=True)
class HiddenRegion:
    """A part of the mask that hangs together.

    Attributes:
        crop: rows and columns of its box, to index (H, W, ...) arrays with.
        mask_hw: (h, w) uint8, 1 on the region, 0 on others that reach into its box.
    """

    crop: tuple[slice, slice]
    mask_hw: npt.NDArray[np.uint8]


def boxes_of(mask_hw: BoolImage) -> Iterator[tuple[slice, slice]]:
    """Rows and columns around each part of a mask; boxes may overlap, none is left out."""
    contours, _ = cv2.findContours(
        mask_hw.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    for contour in contours:
        x, y, width, height = cv2.boundingRect(contour)
        yield np.s_[y : y + height, x : x + width]


def regions_of(mask_hw: BoolImage) -> Iterator[HiddenRegion]:
    """The parts of a mask, each with its own pixels; one in a hole of another is in both."""
    contours, _ = cv2.findContours(mask_hw.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in contours:
        x, y, width, height = cv2.boundingRect(contour)
        crop = np.s_[y : y + height, x : x + width]
        own = np.zeros((height, width), np.uint8)
        cv2.drawContours(own, [contour], 0, (1,), cv2.FILLED, offset=(-x, -y))
        yield HiddenRegion(crop=crop, mask_hw=np.bitwise_and(own, mask_hw[crop].view(np.uint8)))


def paste(picture: ImageRgb, where: npt.NDArray[np.uint8], into: ImageRgb) -> None:
    """Overwrite ``into`` with ``picture`` where ``where`` is not 0; all of one height and width."""
    cv2.copyTo(np.ascontiguousarray(picture), where, into)
