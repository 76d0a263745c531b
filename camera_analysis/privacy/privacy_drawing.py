"""Filters that draw a stand-in from a person's outline and track alone: nothing of their look.

The same track has the same colour and pattern throughout a video; of another seed it has others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.privacy.privacy_cover import blank
from camera_analysis.privacy.privacy_frame import (
    FilterInput,
    HiddenRegion,
    ImageRgb,
    IntImage,
    paste,
    regions_of,
)

GreyImage = npt.NDArray[np.uint8]

#: Share of the colour of a silhouette over the empty place.
_SILHOUETTE_SHARE = 0.65
#: Height in pixels at which a skeleton is found: what is finer is noise of the mask.
_SKELETON_PX = 64
#: Smallest height of a token that a number can be read on.
_NUMBERED_PX = 40


def silhouette(given: FilterInput) -> ImageRgb:
    """A translucent shape in the colour of the track, over the background plate."""
    out = blank(given)
    for region in regions_of(given.mask_hw):
        track = track_of(region, given.tracks_hw)
        ground = out[region.crop]
        colour = np.full_like(ground, track_rgb(track, given.seed))
        share = _SILHOUETTE_SHARE if given.plate_rgb is not None else 1.0
        paste(cv2.addWeighted(colour, share, ground, 1 - share, 0.0), region.mask_hw, ground)
    return out


def skeleton(given: FilterInput) -> ImageRgb:
    """The lines along the middle of body and limbs, over the background plate."""
    out = blank(given)
    for region in regions_of(given.mask_hw):
        lines = _middle_lines(region.mask_hw) & region.mask_hw
        colour = np.full_like(
            out[region.crop], track_rgb(track_of(region, given.tracks_hw), given.seed)
        )
        paste(colour, lines, out[region.crop])
    return out


def token(given: FilterInput) -> ImageRgb:
    """A drawn figure with the number of its track, over the background plate.

    What of the figure would lie outside of the mask is cut off.
    """
    out = blank(given)
    for region in regions_of(given.mask_hw):
        track = track_of(region, given.tracks_hw)
        figure = _figure(region.mask_hw.shape)
        picture = np.full_like(out[region.crop], track_rgb(track, given.seed))
        if track and figure.shape[0] >= _NUMBERED_PX:
            _write_number(picture, track)
        paste(picture, figure & region.mask_hw, out[region.crop])
    return out


def hash_texture(given: FilterInput) -> ImageRgb:
    """Coloured squares that are a hash of the track, on one grid over the frame."""
    side = given.detail_px
    height, width = given.mask_hw.shape
    out = given.frame_rgb.copy()
    for region in regions_of(given.mask_hw):
        random = _random(given.seed, track_of(region, given.tracks_hw))
        grid = random.integers(0, 256, (-(-height // side), -(-width // side), 3), np.uint8)
        y, x = region.crop
        rows, columns = np.arange(y.start, y.stop) // side, np.arange(x.start, x.stop) // side
        paste(grid[rows[:, None], columns], region.mask_hw, out[region.crop])
    return out


def track_of(region: HiddenRegion, tracks_hw: IntImage | None) -> int:
    """The track that most pixels of a region belong to; 0 where none is known."""
    if tracks_hw is None:
        return 0
    found = tracks_hw[region.crop][region.mask_hw > 0]
    tracks, pixels = np.unique(found[found > 0], return_counts=True)
    return int(tracks[pixels.argmax()]) if len(tracks) else 0


def track_rgb(track: int, seed: int) -> tuple[int, int, int]:
    """A saturated colour of a track."""
    hue = int(_random(seed, track).integers(0, 180))
    red, green, blue = cv2.cvtColor(np.array([[[hue, 190, 225]]], np.uint8), cv2.COLOR_HSV2RGB)[
        0, 0
    ]
    return int(red), int(green), int(blue)


def _random(seed: int, track: int) -> np.random.Generator:
    digest = hashlib.blake2b(f"{seed} {track}".encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def _figure(shape: tuple[int, ...]) -> GreyImage:
    """(h, w) uint8, 1 on a standing figure that fills the box: head, body, legs."""
    height, width = shape[:2]
    sheet = np.zeros((120, 60), np.uint8)
    cv2.circle(sheet, (30, 14), 13, 1, cv2.FILLED)
    cv2.ellipse(sheet, (30, 58), (24, 30), 0, 0, 360, 1, cv2.FILLED)
    cv2.rectangle(sheet, (12, 62), (26, 119), 1, cv2.FILLED)
    cv2.rectangle(sheet, (34, 62), (48, 119), 1, cv2.FILLED)
    return np.asarray(cv2.resize(sheet, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _write_number(picture: ImageRgb, track: int) -> None:
    height, width = picture.shape[:2]
    text = str(track)
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    scale = min(0.5 * width / wide, 0.15 * height / high)
    at = (round((width - scale * wide) / 2), round(0.5 * height + scale * high / 2))
    thickness = max(1, round(2 * scale))
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (20, 20, 20), thickness)


def _middle_lines(mask_hw: GreyImage) -> GreyImage:
    """(h, w) uint8, 1 on the thinned mask, drawn three hundredths of its height wide."""
    height, width = mask_hw.shape
    shrink = max(1.0, height / _SKELETON_PX)
    small_wh = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = cv2.resize(mask_hw * np.uint8(255), small_wh, interpolation=cv2.INTER_AREA)
    smooth = cv2.medianBlur(np.pad(small, 4), 5) > 127
    lines = thinned(smooth)[4:-4, 4:-4].astype(np.uint8)
    lines = cv2.dilate(lines, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.resize(lines, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def thinned(mask_hw: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Lines of one pixel along the middle of a mask whose border is empty.

    Zhang and Suen, "A fast parallel algorithm for thinning digital patterns", CACM 27, 1984.
    """
    left = mask_hw.copy()
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            goes = left & _may_go(left, first)
            changed |= bool(goes.any())
            left &= ~goes
    return left


def _may_go(mask: npt.NDArray[np.bool_], first: bool) -> npt.NDArray[np.bool_]:
    """Border pixels whose loss parts nothing: those at the south-east, or at the north-west."""
    ring = list(_neighbours(mask))  # north, then clockwise
    north, east, south, west = ring[::2]
    count = np.sum(ring, axis=0, dtype=np.int8)
    rises = np.sum([~a & b for a, b in zip(ring, ring[1:] + ring[:1], strict=True)], axis=0)
    open_side = ~(east & south & (north | west)) if first else ~(north & west & (east | south))
    return np.asarray((count >= 2) & (count <= 6) & (rises == 1) & open_side)


def _neighbours(mask: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.bool_]]:
    for down, across in ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)):
        yield np.roll(mask, (-down, -across), axis=(0, 1))
