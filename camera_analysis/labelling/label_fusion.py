"""Network evidence and motion become one label map: the camera corrects its segmenter.

With p_frame the network's probability of a person on the frame, p_plate its answer on the
background plate of this camera, and z how much the pixel differs from the plate in standard
deviations of its noise:

    logit P(human) = logit(p_frame) - max(0, logit(p_plate)) + clip((z - z0) / s, -m, +m)

The second term is what the network says of furniture that it takes for people: only what exceeds
it counts. The third is the log-likelihood ratio of motion, linear around the threshold z0 and
bounded, so that it can tip a doubtful network but not overrule a certain one: a person who stands
still keeps the network's evidence. A person who is part of the plate, because nobody saw the place
without them, is cancelled with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera_analysis.label_classes import HUMAN, OTHER_MOVER, STATIC
from camera_analysis.labelling.motion import (
    BoolImage,
    FloatImage,
    ImageRgb,
    MotionConfig,
    Plate,
    clean_mask,
    difference_sigma,
    mover_mask,
)


@dataclass(frozen=True, kw_only=True)
class FusionConfig:
    """How much motion weighs against the network."""

    motion_bound: float = 2.0  # nats: motion alone moves a probability between 0.12 and 0.88
    motion_scale: float = 1.5  # standard deviations per nat
    certain: float = 1e-4  # probabilities are kept this far from 0 and 1


def label_frame(
    frame_rgb: ImageRgb,
    plate: Plate,
    human_hw: FloatImage | None,
    plate_human_hw: FloatImage | None,
    *,
    motion: MotionConfig,
    fusion: FusionConfig,
) -> npt.NDArray[np.uint8]:
    """Label map of a frame.

    Args:
        frame_rgb: (H, W, 3) uint8.
        plate: background of the same size.
        human_hw: (H, W) the network's probability on the frame; None without a network.
        plate_human_hw: (H, W) its probability on the plate; None without a network.
        motion: thresholds of motion.
        fusion: weights.

    Returns:
        (H, W) uint8 of class ids; without a network everything that moves is an other mover.
    """
    sigma_hw = difference_sigma(frame_rgb, plate, motion)
    moving = mover_mask(sigma_hw, motion)
    labels = np.full(moving.shape, STATIC, np.uint8)
    labels[moving] = OTHER_MOVER
    if human_hw is not None and plate_human_hw is not None:
        evidence = human_evidence(human_hw, plate_human_hw, sigma_hw, motion, fusion)
        labels[_large(evidence > 0, motion)] = HUMAN
    return labels


def human_evidence(
    human_hw: FloatImage,
    plate_human_hw: FloatImage,
    sigma_hw: FloatImage,
    motion: MotionConfig,
    fusion: FusionConfig,
) -> FloatImage:
    """(H, W) logit of P(human), by the formula of this module."""
    ratio = (sigma_hw - motion.threshold_sigma) / fusion.motion_scale
    bounded = np.clip(ratio, -fusion.motion_bound, fusion.motion_bound)
    furniture = np.maximum(0.0, _logit(plate_human_hw, fusion.certain))
    return np.asarray(_logit(human_hw, fusion.certain) - furniture + bounded, np.float32)


def _logit(probability: FloatImage, certain: float) -> FloatImage:
    p = np.clip(probability, certain, 1 - certain)
    return np.asarray(np.log(p) - np.log1p(-p), np.float32)


def _large(mask: BoolImage, motion: MotionConfig) -> BoolImage:
    return clean_mask(mask, motion.min_area_share)
