"""Steps on one probability map after the network: median, edges, hysteresis, morphology, regions.

Median, opening and closing commute with thresholds: the label of a pixel is that which the same
step on the mask would give it. Hysteresis, regions and holes find regions; a pixel whose label is
overruled there gets 1 - p, as sure as before but of the opposite.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from segmentation.inference.guided_filter import guided_filter
from segmentation.inference.postprocess_config import PostprocessConfig
from segmentation.luminance import equalize_luminance
from segmentation.metrics import THRESHOLD

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]

#: Logits beyond are as good as certain: a chance of 1 in 15,000.
_MAX_LOGIT = 9.6
_LEVELS = 256
_BELOW = np.nextafter(np.float32(THRESHOLD), np.float32(0))
#: Neighbours of a pixel: people touch by corners too, and what they enclose then does not.
_OF_PEOPLE, _OF_BACKGROUND = 8, 4


def refine(probability_hw: F32, frame_hwc_rgb: U8, config: PostprocessConfig) -> F32:
    """All steps on one map that are switched on, in their order.

    Args:
        probability_hw: (H, W) in [0, 1]; stays as it is.
        frame_hwc_rgb: (H, W, 3) uint8, the frame that was looked at.
        config: which steps.

    Returns:
        (H, W) float32 in [0, 1]; the map itself where no step is on.
    """
    out = probability_hw
    if config.median_px:
        out = median(out, config.median_px)
    if config.guided_radius_px:
        luma = cv2.cvtColor(frame_hwc_rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        out = guided_filter(
            out, luma, radius_px=config.guided_radius_px, epsilon=config.guided_epsilon
        ).clip(0.0, 1.0)
    if config.hysteresis_high:
        out = hysteresis(out, low=config.hysteresis_low, high=config.hysteresis_high)
    if config.opening_px:
        out = _morphology(out, cv2.MORPH_OPEN, config.opening_px)
    if config.closing_px:
        out = _morphology(out, cv2.MORPH_CLOSE, config.closing_px)
    fewest_px = max(config.min_region_px, config.min_region_share * out.size)
    if fewest_px > 1:
        out = remove_regions(out, fewest_px)
    if config.max_hole_share:
        out = fill_holes(out, config.max_hole_share * out.size)
    return out


def seen_by_network(frames_nhwc_rgb: U8, config: PostprocessConfig) -> U8:
    """(N, H, W, 3) frames as the network is to see them; themselves where that step is off."""
    if not config.equalize_luminance or not len(frames_nhwc_rgb):
        return frames_nhwc_rgb
    return np.stack([equalize_luminance(np.ascontiguousarray(one)) for one in frames_nhwc_rgb])


def refine_each(probability_nhw: F32, frames_nhwc_rgb: U8, config: PostprocessConfig) -> F32:
    """``refine`` for (N, H, W) maps and the (N, H, W, 3) frames that they were found on."""
    if not config.changes_maps:
        return probability_nhw
    pairs = zip(probability_nhw, frames_nhwc_rgb, strict=True)
    refined = [refine(one, frame, config) for one, frame in pairs]
    return np.stack(refined) if refined else probability_nhw


def median(probability_hw: F32, width_px: int) -> F32:
    """Median of a square window; at the border pixels are repeated.

    It is taken over 256 levels of the logit, 0.075 apart, with the threshold between two of them.
    A pixel that stays at its level keeps its probability exactly.
    """
    with np.errstate(divide="ignore"):
        logit_hw = np.log(probability_hw) - np.log1p(-probability_hw)
    scaled = (logit_hw / _MAX_LOGIT + 1.0) * (_LEVELS / 2)
    levels = np.clip(np.floor(scaled), 0, _LEVELS - 1).astype(np.uint8)
    levels[(probability_hw >= THRESHOLD) & (levels < _LEVELS // 2)] = _LEVELS // 2
    found = cv2.medianBlur(levels, width_px)
    middles = ((np.arange(_LEVELS) + 0.5) / (_LEVELS / 2) - 1.0) * _MAX_LOGIT
    values = (1.0 / (1.0 + np.exp(-middles))).astype(np.float32)
    return np.where(found == levels, probability_hw, values[found])


def hysteresis(probability_hw: F32, *, low: float, high: float) -> F32:
    """Regions of pixels of at least ``low``, where one has at least ``high``; nothing else.

    Who is seen surely somewhere is there as a whole, and what is nowhere sure is nobody. Canny,
    "A Computational Approach to Edge Detection", 1986, section VI, for regions (8-connected).

    Args:
        probability_hw: (H, W) in [0, 1].
        low: at most the threshold.
        high: at least the threshold.
    """
    count, labels = cv2.connectedComponents(
        (probability_hw >= low).astype(np.uint8), connectivity=_OF_PEOPLE
    )
    sure = np.zeros(count, np.bool_)
    sure[labels[probability_hw >= high]] = True
    stays = sure[labels]
    won = np.where(stays & (probability_hw < THRESHOLD), 1.0 - probability_hw, probability_hw)
    lost = ~stays & (probability_hw >= THRESHOLD)
    return np.where(lost, np.minimum(1.0 - probability_hw, _BELOW), won)


def remove_regions(probability_hw: F32, fewest_px: float) -> F32:
    """Human regions (8-connected) of fewer pixels become background."""
    gone = _small(probability_hw >= THRESHOLD, fewest_px, connectivity=_OF_PEOPLE)
    return np.where(gone, np.minimum(1.0 - probability_hw, _BELOW), probability_hw)


def fill_holes(probability_hw: F32, most_px: float) -> F32:
    """Background regions (4-connected) of at most so many pixels become human.

    What touches the frame's edge is no hole: the person may go round it outside the frame.
    """
    background = probability_hw < THRESHOLD
    filled = _small(background, most_px + 1, connectivity=_OF_BACKGROUND, inside=True)
    return np.where(filled, 1.0 - probability_hw, probability_hw)


def _small(mask_hw: Bool, fewest_px: float, *, connectivity: int, inside: bool = False) -> Bool:
    """Pixels of the mask's regions below a size; ``inside``: of those off the frame's edge."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask_hw.astype(np.uint8), connectivity=connectivity
    )
    chosen = stats[:, cv2.CC_STAT_AREA] < fewest_px
    chosen[0] = False  # what is not in the mask
    if inside:
        edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        chosen[np.unique(edge)] = False
    return np.asarray(chosen[labels], np.bool_)


def _morphology(probability_hw: F32, operation: int, diameter_px: int) -> F32:
    """Opening or closing by a disc; beyond the border there is nothing that could count."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter_px, diameter_px))
    return np.asarray(cv2.morphologyEx(probability_hw, operation, disc), np.float32)
