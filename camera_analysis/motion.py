"""The background plate of a file, and what differs from it: the other movers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

ImageRgb = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]

#: Pixels looked at in each direction of a cell of the light grid.
_CELL = 8

#: Turns a median absolute deviation into the standard deviation of a normal distribution.
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, kw_only=True)
class MotionConfig:
    """What counts as different from the plate."""

    threshold_sigma: float = 5.0  # a pixel in two million of pure noise
    noise_floor: float = 0.035  # log brightness: 3.5 %, what compression alone leaves
    dark_offset: float = 16.0  # grey levels added before the logarithm: noise in the dark is cheap
    noise_cap: float = 0.12  # pixels that flicker more are still compared
    largest_light_change: float = 1.2  # log brightness: lights that change by a factor of 3
    min_area_share: float = 0.0006  # of the frame: 5 pixels at 128x64, 140 at 640x360
    light_grid: tuple[int, int] = (4, 6)  # rows, columns: an object may fill a fifth of the view


@dataclass(frozen=True, kw_only=True)
class Plate:
    """What a camera shows when nothing moves.

    Attributes:
        rgb: (H, W, 3) uint8, per-pixel median.
        log_rgb: (H, W, 3) float32, its smoothed logarithm after the dark offset.
        certainty: (H, W, 3) float32, 1 / noise of the logarithm, the noise within floor and cap.
        samples: number of frames behind it.
    """

    rgb: ImageRgb
    log_rgb: FloatImage
    certainty: FloatImage
    samples: int


def learn_plate(frames: Sequence[ImageRgb], config: MotionConfig) -> Plate:
    """Per-pixel median and noise of (H, W, 3) uint8 frames of one size, spread over a file.

    Raises:
        ValueError: no frames.
    """
    if not frames:
        raise ValueError("a plate needs at least one frame; got none")
    height = frames[0].shape[0]
    rgb = np.empty_like(frames[0])
    sigma = np.empty(frames[0].shape, np.float32)
    log_of = _log_table(config)
    for top in range(0, height, 32):  # in strips, so that memory stays small
        strip = np.stack([frame[top : top + 32] for frame in frames])
        rgb[top : top + 32] = np.median(strip, axis=0).astype(np.uint8)
        logs = log_of[strip]
        deviation = np.abs(logs - log_of[rgb[top : top + 32]])
        sigma[top : top + 32] = np.median(deviation, axis=0) * _MAD_TO_SIGMA
    sigma = np.clip(cv2.blur(sigma, (3, 3)), config.noise_floor, config.noise_cap)
    smooth = cv2.blur(log_of[rgb], (3, 3))
    return Plate(rgb=rgb, log_rgb=smooth, certainty=1 / sigma, samples=len(frames))


def difference_sigma(frame_rgb: ImageRgb, plate: Plate, config: MotionConfig) -> FloatImage:
    """How much each pixel differs from the plate, in standard deviations of its noise.

    The logarithm turns a change of the light's brightness into an offset; the offset is estimated
    on a coarse grid of medians, in which an object smaller than a fifth of the view has no say.

    Args:
        frame_rgb: (H, W, 3) uint8 of the plate's size.
        plate: the plate.
        config: thresholds.

    Returns:
        (H, W) float32 >= 0.
    """
    logs = np.asarray(cv2.LUT(frame_rgb, _log_table(config)), np.float32)
    change = cv2.subtract(cv2.blur(logs, (3, 3)), plate.log_rgb)
    light = _light_change(change, config)
    scaled = cv2.multiply(cv2.absdiff(change, light), plate.certainty)
    red, green, blue = cv2.split(scaled)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.float32)


def mover_mask(sigma_hw: FloatImage, config: MotionConfig) -> BoolImage:
    """Pixels of movers: thresholded, closed, holes filled, small components removed.

    Args:
        sigma_hw: (H, W) from :func:`difference_sigma`.
        config: thresholds.
    """
    return clean_mask(sigma_hw > config.threshold_sigma, config.min_area_share)


def clean_mask(mask: BoolImage, min_area_share: float) -> BoolImage:
    """Close gaps of one pixel, fill holes, drop components below a share of the frame."""
    if not mask.any():
        return mask.copy()
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, near)
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(closed), contours, -1, 1, thickness=cv2.FILLED)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(filled, connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= max(4.0, min_area_share * mask.size)
    large[0] = False  # the background
    return np.asarray(large[labels])


def _log_table(config: MotionConfig) -> FloatImage:
    """Logarithm of each of the 256 grey levels."""
    grey_levels = np.arange(256, dtype=np.float32)
    return np.asarray(np.log(grey_levels + config.dark_offset), np.float32)


def _light_change(change: FloatImage, config: MotionConfig) -> FloatImage:
    """(H, W, 3) smooth part of a change of log brightness, robust to objects."""
    height, width = change.shape[:2]
    rows, columns = config.light_grid
    size = (columns * _CELL, rows * _CELL)
    thin = cv2.resize(change, size, interpolation=cv2.INTER_NEAREST)
    cells = thin.reshape(rows, _CELL, columns, _CELL, 3).transpose(0, 2, 4, 1, 3)
    middle = _CELL * _CELL // 2
    coarse = np.partition(cells.reshape(rows, columns, 3, -1), middle, axis=3)[..., middle]
    calm = cv2.medianBlur(np.ascontiguousarray(coarse), 3)
    calm = np.clip(calm, -config.largest_light_change, config.largest_light_change)
    return np.asarray(cv2.resize(calm, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
