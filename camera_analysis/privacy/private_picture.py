"""A single picture with people hidden, or the place around them: by a mask, or by a network."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

import cv2
import numpy as np

from camera_analysis.labelling.motion import BoolImage, ImageRgb
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.background_filters import filling
from camera_analysis.privacy.mask_safety import (
    SafeMask,
    SafetyConfig,
    enlarged,
    network_mask,
    widened,
)
from camera_analysis.privacy.privacy_cover import MASK_RGB
from camera_analysis.privacy.privacy_filters import FILTERS, apply_filter
from camera_analysis.privacy.privacy_frame import DEFAULT_STRENGTH, FilterInput
from camera_analysis.privacy.private_frames import MASK_PX


@dataclass(frozen=True, kw_only=True)
class PictureRules:
    """What is done to a picture.

    Attributes:
        method: a key of the registry of filters.
        strength: of filters that have one.
        margin_share: hidden around people, as a share of the height; a filter of the place takes
            none.
        backdrop_rgb: (h, w, 3) of any size, where the method replaces the background.
    """

    method: str
    strength: float = DEFAULT_STRENGTH
    margin_share: float = SafetyConfig.margin_share
    backdrop_rgb: ImageRgb | None = None

    def __post_init__(self) -> None:
        if self.method not in FILTERS:
            raise ValueError(f"method is {self.method!r}; there are: {', '.join(FILTERS)}")
        if not 0 <= self.margin_share <= 0.2:
            raise ValueError(f"margin_share is {self.margin_share}; allowed: 0 to 0.2")


@dataclass(frozen=True, kw_only=True)
class PrivatePicture:
    """(H, W, 3) what may be shown, and why all of it is hidden; "" where it is not."""

    shown_rgb: ImageRgb
    reason: str


def private_picture(
    frame_rgb: ImageRgb, people: BoolImage | Segmenter, rules: PictureRules
) -> PrivatePicture:
    """Apply a filter to one picture.

    Of a picture nothing is known but the mask: what is drawn in the empty place is black, and who
    does not differ from the background is found by the network or not at all.

    Args:
        frame_rgb: (H, W, 3) uint8.
        people: (H, W) True where they are, as somebody painted it; or who says where.
        rules: see there.

    Raises:
        ValueError: a strength that is not allowed, or a mask of another size.
    """
    size_wh = (frame_rgb.shape[1], frame_rgb.shape[0])
    found = _mask_of(frame_rgb, people, rules)
    if found.distrust:
        return PrivatePicture(shown_rgb=np.full_like(frame_rgb, MASK_RGB), reason=found.distrust)
    if not isinstance(people, np.ndarray):
        found = replace(found, mask_hw=enlarged(found.mask_hw, size_wh))
    mask = found.mask_hw
    backdrop = rules.backdrop_rgb
    given = FilterInput(
        frame_rgb=frame_rgb,
        mask_hw=mask,
        tracks_hw=np.asarray(cv2.connectedComponents(mask.view(np.uint8))[1], np.int32),
        backdrop_rgb=None if backdrop is None else filling(backdrop, size_wh),
        strength=rules.strength,
        seed=secrets.randbits(128),
    )
    return PrivatePicture(shown_rgb=apply_filter(rules.method, given), reason="")


def _mask_of(frame_rgb: ImageRgb, people: BoolImage | Segmenter, rules: PictureRules) -> SafeMask:
    margin_share = rules.margin_share if FILTERS[rules.method].hides_people else 0.0
    if isinstance(people, np.ndarray):
        mask_hw = widened(people, margin_share * people.shape[0])
        return SafeMask(mask_hw=mask_hw, doubtful_share=0.0, distrust="")
    height, width = frame_rgb.shape[:2]
    scale = min(1.0, MASK_PX / max(height, width))
    small_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(frame_rgb, small_wh, interpolation=cv2.INTER_AREA)
    human_hw = people.probability(np.asarray(small, np.uint8)[None])[0]
    return network_mask(human_hw, SafetyConfig(margin_share=margin_share))
