"""The same view through another camera, at another hour: colours change, nothing moves.

Brightness, contrast and gamma are one curve of 256 levels, saturation, hue and greyness one matrix:
with an operation each on floats, colours took a sixth of a training on one core.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from segmentation.config import TrainConfig
from segmentation.data import U8
from segmentation.training.augment import log_uniform
from segmentation.training.camera_faults import add_camera_faults

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

#: Luma of R, G and B, ITU-R BT.601.
LUMA = np.array([0.299, 0.587, 0.114])
_BRIGHTNESS = (0.6, 1.4)
_CONTRAST = (0.6, 1.4)
_SATURATION = (0.4, 1.6)
_GAMMA = (0.7, 1.4)
_HUE = 0.03  # of the colour circle, to either side
_BLUR_SIGMA_PX = (0.4, 1.6)
_BLUR_KERNEL_PX = 7
_NOISE_SIGMA = (0.01, 0.05)  # of full scale


def recolour(image_hwc_rgb: U8, config: TrainConfig, rng: np.random.Generator) -> Tensor:
    """Other light, other colours, then what a cheap camera does to them.

    Args:
        image_hwc_rgb: (H, W, 3) uint8; stays as it is.
        config: the share of images for each fault.
        rng: decides.

    Returns:
        (3, H, W) float32 in [0, 1].
    """
    curve = tone_curve(
        image_hwc_rgb,
        brightness=rng.uniform(*_BRIGHTNESS),
        contrast=rng.uniform(*_CONTRAST),
        gamma=log_uniform(*_GAMMA, rng),
    )
    saturation, turn = rng.uniform(*_SATURATION), rng.uniform(-_HUE, _HUE)
    matrix = hue_matrix(turn) @ saturation_matrix(saturation)
    if rng.random() < config.grey_share:
        matrix = saturation_matrix(0.0) @ matrix
    image = cv2.transform(cv2.LUT(image_hwc_rgb, curve), matrix)
    if rng.random() < config.blur_share:
        sigma = rng.uniform(*_BLUR_SIGMA_PX)
        image = cv2.GaussianBlur(image, (_BLUR_KERNEL_PX, _BLUR_KERNEL_PX), sigma)
    planes = np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)  # (3, H, W)
    if rng.random() < config.noise_share:
        grain = rng.standard_normal(planes.shape, dtype=np.float32)
        planes += grain * np.float32(rng.uniform(*_NOISE_SIGMA))
    return add_camera_faults(torch.from_numpy(planes).clamp(0, 1), config, rng)


def tone_curve(image_hwc_rgb: U8, *, brightness: float, contrast: float, gamma: float) -> F32:
    """What becomes of each of the 256 levels of an image, in every channel alike.

    Args:
        image_hwc_rgb: (H, W, 3); contrast is about its mean luma.
        brightness: factor on all values.
        contrast: factor on the distance to the mean.
        gamma: exponent, after both.

    Returns:
        (256,) float32 in [0, 1].
    """
    levels: F64 = np.clip(np.arange(256) / 255 * brightness, 0, 1)
    counts = [
        cv2.calcHist([image_hwc_rgb], [channel], None, [256], [0, 256]) for channel in (0, 1, 2)
    ]
    mean = float(LUMA @ [levels @ count[:, 0] for count in counts]) / image_hwc_rgb[..., 0].size
    curve = np.clip(mean + contrast * (levels - mean), 0, 1) ** gamma
    return np.asarray(curve, np.float32)


def saturation_matrix(factor: float) -> F64:
    """(3, 3) on RGB: 0 makes grey, 1 changes nothing, more is more colourful; luma stays."""
    return factor * np.eye(3) + (1 - factor) * np.tile(LUMA, (3, 1))


def hue_matrix(turn: float) -> F64:
    """(3, 3) on RGB that turns colours about the grey axis: grey stays, and the channels' sum.

    Rodrigues' formula, because the way through HSV takes as long as all other changes of colour
    together.

    Args:
        turn: of the colour circle; 1/3 makes red green.
    """
    angle = 2 * math.pi * turn
    axis = np.full((3, 3), (1 - math.cos(angle)) / 3)
    across = math.sin(angle) / math.sqrt(3) * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    return np.asarray(math.cos(angle) * np.eye(3) + across + axis, np.float64)
