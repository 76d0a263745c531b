"""What cheap cameras do to a picture: darkness, dead pixels, strong compression; and equalization.

Masks are not touched: nothing moves here. Every function returns a new tensor.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from segmentation import luminance
from segmentation.config import TrainConfig
from segmentation.data import U8

_LOW_LIGHT_GAMMA = (1.5, 3.0)  # a street lamp against daylight, after the camera's own gain
_LOW_LIGHT_NOISE = (0.02, 0.08)  # of full scale: gain lifts the noise with the picture
_SALT_PEPPER = (0.002, 0.02)  # of the pixels, half of them white
_JPEG_QUALITY = (20, 70)  # recorders save disk; below 20 outlines are gone


def add_camera_faults(image: Tensor, config: TrainConfig, rng: np.random.Generator) -> Tensor:
    """Each fault at its share, in the order in which light becomes a file.

    Args:
        image: (3, H, W) float32 in [0, 1].
        config: the shares.
        rng: decides.

    Returns:
        The same shape and range.
    """
    dark, dotted, packed, equalized = rng.random(4) < (
        config.low_light_share,
        config.salt_pepper_share,
        config.jpeg_share,
        config.equalize_share,
    )
    if dark:
        image = darken(image, rng.uniform(*_LOW_LIGHT_GAMMA), rng.uniform(*_LOW_LIGHT_NOISE), rng)
    if dotted:
        image = salt_and_pepper(image, rng.uniform(*_SALT_PEPPER), rng)
    if packed:
        image = compress(image, int(rng.integers(_JPEG_QUALITY[0], _JPEG_QUALITY[1] + 1)))
    return equalize_luminance(image) if equalized else image


def darken(image: Tensor, gamma: float, noise: float, rng: np.random.Generator) -> Tensor:
    """A night picture: (3, H, W) in [0, 1] to the power ``gamma``, plus noise of that deviation."""
    grain = torch.from_numpy(rng.standard_normal(image.shape, dtype=np.float32))
    return (image**gamma + noise * grain).clamp(0, 1)


def salt_and_pepper(image: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """(3, H, W) with about ``share`` of the pixels white or black, all channels alike."""
    drawn = torch.from_numpy(rng.random(image.shape[1:], dtype=np.float32))  # (H, W)
    dotted = torch.where(drawn < share / 2, 1.0, image)
    return torch.where(drawn > 1 - share / 2, 0.0, dotted)


def compress(image: Tensor, quality: int) -> Tensor:
    """(3, H, W) in [0, 1], as a JPEG of that quality (1 to 100) gives it back.

    By OpenCV: torchvision's own is deprecated.
    """
    _, data = cv2.imencode(".jpg", _pixels(image), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _tensor(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))


def equalize_luminance(image: Tensor) -> Tensor:
    """(3, H, W) in [0, 1] with a flat histogram of luma; colours keep their hue."""
    equalized = luminance.equalize_luminance(np.ascontiguousarray(_pixels(image)[..., ::-1]))
    return _tensor(np.ascontiguousarray(equalized[..., ::-1]))


def _pixels(image: Tensor) -> U8:
    """(3, H, W) RGB in [0, 1] -> (H, W, 3) uint8 in OpenCV's order of channels."""
    scaled = (image.flip(0).permute(1, 2, 0) * 255).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(scaled.numpy())


def _tensor(pixels_hwc_bgr: U8) -> Tensor:
    return torch.from_numpy(pixels_hwc_bgr).permute(2, 0, 1).flip(0).contiguous().float() / 255
