"""What a pixel shows when nothing moves: the state most samples agree on, unless it was an object.

A **state** of a pixel is a colour that recurs over the samples of a file. The most frequent one is
not always the background: somebody may stand in one place for most of the file. Where another state
was seen for long too, the two are compared as regions: an object has a contour, a background goes
on beyond it. Of the two states the one that differs less from what lies around the region is the
background: the cue that also tells removed objects from abandoned ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

IntImage = npt.NDArray[np.int16]
FloatImage = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class StateConfig:
    """What makes a state, and which of two states is background."""

    reach_sigma: float = 3.0  # samples this near to each other show the same
    patch: int = 5  # pixels: a sample is trusted where the patch around it recurs too
    least_share: float = 0.08  # of the samples: a state seen more briefly is somebody passing
    apart_sigma: float = 5.0  # states nearer to each other are one
    min_area_share: float = 0.0006  # of the frame: smaller regions have no contour to speak of
    clearer: float = 0.7  # the other state must differ from its surroundings so much less


def choose_samples(logs: FloatImage, noise: FloatImage, config: StateConfig) -> IntImage:
    """The sample that shows the background, for each pixel.

    Args:
        logs: (N, H, W, 3) float32, smoothed log brightness of samples, freed from changes of light.
        noise: (H, W) float32, its standard deviation where nothing moves.
        config: see there.

    Returns:
        (H, W) int16 indices of samples.
    """
    samples = np.round(logs * 1000).astype(np.int16)  # whole numbers: compared by SIMD
    reach = np.repeat(np.round(config.reach_sigma * 1000 * noise)[..., None], 3, axis=2)
    reach = reach.astype(np.int16)
    first, members = _largest_state(samples, reach, None, config)
    seen = members.sum(axis=0)
    second, others = _largest_state(samples, reach, ~members, config)
    again = others.sum(axis=0)
    usual, other = (np.take_along_axis(logs, one[None, ..., None], 0)[0] for one in (first, second))
    rival = again >= max(3.0, config.least_share * len(logs))
    rival &= (np.abs(usual - other).max(axis=2) > config.apart_sigma * noise) & (seen > 0)
    moved_in = object_regions(usual, other, rival, config)
    return _with_margin(first, second, moved_in)


def object_regions(
    usual: FloatImage, other: FloatImage, rival: BoolImage, config: StateConfig
) -> BoolImage:
    """(H, W) regions in which the usual state is an object and the other one background.

    Args:
        usual: (H, W, 3) log brightness of the state that counts otherwise.
        other: (H, W, 3) that of its rival.
        rival: (H, W) where there is one.
        config: see there.
    """
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = cv2.morphologyEx(rival.astype(np.uint8), cv2.MORPH_CLOSE, near)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, cross)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    found = np.zeros(rival.shape, bool)
    for number in range(1, len(stats)):
        if stats[number, cv2.CC_STAT_AREA] < config.min_area_share * rival.size:
            continue
        region = labels == number
        contrast, other_contrast = _contrasts(usual, other, region)
        if other_contrast < config.clearer * contrast:
            found |= region
    return found


def _largest_state(
    samples: IntImage, reach: IntImage, valid: BoolImage | None, config: StateConfig
) -> tuple[IntImage, BoolImage]:
    """The sample that most others resemble, patch by patch, and (N, H, W) those that do.

    Where `valid` (N, H, W) is false a sample does not count.
    """
    height, width = reach.shape[:2]
    best = np.full((height, width), -1, np.float32)
    index = np.zeros((height, width), np.int16)
    allowed = None if valid is None else valid.astype(np.uint8) * 255
    for number, sample in enumerate(samples):
        low, high = sample - reach, sample + reach
        votes = np.zeros((height, width), np.uint16)
        for place, item in enumerate(samples):
            near = cv2.inRange(item, low, high)
            votes += near if allowed is None else near & allowed[place]
        score = cv2.blur(votes.astype(np.float32), (config.patch, config.patch))
        if valid is not None:
            score *= valid[number]
        better = score > best
        best[better], index[better] = score[better], number
    centre = np.take_along_axis(samples, index[None, ..., None], 0)[0]
    near = np.stack([cv2.inRange(item, centre - reach, centre + reach) for item in samples]) > 0
    return index, near if valid is None else near & valid


def _contrasts(usual: FloatImage, other: FloatImage, region: BoolImage) -> tuple[float, float]:
    """Mean difference across the region's contour, of both states, to the usual state outside."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    mask = region.astype(np.uint8)
    outside = (cv2.dilate(mask, disc) - mask).astype(np.float32)
    inside = region & (cv2.erode(mask, disc, borderType=cv2.BORDER_REPLICATE) == 0)
    near = cv2.blur(outside, (9, 9))
    around = cv2.blur(usual * outside[..., None], (9, 9))
    rim = inside & (near > 1e-3)
    if not rim.any():
        return 0.0, 0.0
    beyond = around[rim] / near[rim][:, None]
    contrast, other_contrast = (
        float(np.abs(state[rim] - beyond).max(axis=1).mean()) for state in (usual, other)
    )
    return contrast, other_contrast


def _with_margin(first: IntImage, second: IntImage, moved_in: BoolImage) -> IntImage:
    """The second choice in regions and one pixel around them, where an object's edge is mixed."""
    inside = np.where(moved_in, second, -1).astype(np.int16)
    grown = cv2.dilate(inside, np.ones((3, 3), np.uint8))
    near = np.where(moved_in, inside, grown)
    return np.asarray(np.where(near >= 0, near, first), np.int16)
