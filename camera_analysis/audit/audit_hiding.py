"""Labelled people hidden as an audit hides them: by their true masks, grown a little."""

from __future__ import annotations

import cv2
import numpy as np

from camera_analysis.audit.audit_people import AuditFrame, BoolImage, ImageRgb
from camera_analysis.privacy.privacy_filters import apply_filter
from camera_analysis.privacy.privacy_frame import FilterInput

#: True masks are grown by this share of the frame's height: labels follow edges to a pixel or two.
GROWN_SHARE = 0.01


def hide_people(
    frame: AuditFrame,
    method: str,
    strength: float,
    *,
    picture_rgb: ImageRgb | None = None,
    others: int = 0,
    seed: int = 0,
) -> ImageRgb:
    """The people of a frame, hidden.

    Args:
        frame: whose masks and tracks.
        method: name in the registry of filters.
        strength: side of the finest detail left, as a share of the frame's height.
        picture_rgb: (H, W, 3) instead of the frame's, where it differs in what people look like.
        others: whose numbers of tracks: two differ in all of them.
        seed: of the filter.
    """
    tracks_hw = np.where(frame.tracks_hw > 0, frame.tracks_hw + 1000 * others, 0)
    given = FilterInput(
        frame_rgb=frame.frame_rgb if picture_rgb is None else picture_rgb,
        mask_hw=grown(frame.people_hw, GROWN_SHARE),
        plate_rgb=frame.plate.rgb if frame.plate else None,
        tracks_hw=tracks_hw.astype(np.int32),
        strength=strength,
        seed=seed,
    )
    return apply_filter(method, given)


def grown(mask_hw: BoolImage, share: float) -> BoolImage:
    """A mask grown on all sides by a share of its height, one pixel at least."""
    by = max(1, round(share * mask_hw.shape[0]))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.dilate(mask_hw.view(np.uint8), kernel), np.uint8).view(np.bool_)


def with_other_looks(frame: AuditFrame, seed: int) -> ImageRgb:
    """(H, W, 3) the frame with blotches of random colour wherever people are."""
    mask_hw = grown(frame.people_hw, GROWN_SHARE)
    height, width = mask_hw.shape
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
    blotches = cv2.resize(coarse.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(mask_hw[..., None], np.asarray(blotches, np.uint8), frame.frame_rgb)
