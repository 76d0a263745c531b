"""The background plate of a file, and what differs from it: the other movers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.light_change import LightConfig, light_change, shadow
from camera_analysis.labelling.plate_states import IntImage, StateConfig, choose_samples

ImageRgb = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]

#: Turns a median absolute difference of two samples into the standard deviation of one.
_DIFFERENCE_TO_SIGMA = 1.4826 / 2**0.5


@dataclass(frozen=True, kw_only=True)
class MotionConfig:
    """What counts as different from the plate."""

    threshold_sigma: float = 5.0  # a pixel in two million of pure noise
    noise_floor: float = 0.035  # log brightness: 3.5 %, what compression alone leaves
    dark_offset: float = 16.0  # grey levels added before the logarithm: noise in the dark is cheap
    noise_cap: float = 0.12  # pixels that flicker more are still compared
    min_area_share: float = 0.0006  # of the frame: 5 pixels at 128x64, 140 at 640x360
    chosen_at_px: int = 200  # longer side of the view when states are chosen: people stay visible
    light: LightConfig = field(default_factory=LightConfig)  # see there
    states: StateConfig = field(default_factory=StateConfig)  # see there


@dataclass(frozen=True, kw_only=True)
class Plate:
    """What a camera shows when nothing moves.

    Attributes:
        rgb: (H, W, 3) uint8, mean of the samples that show the background.
        log_rgb: (H, W, 3) float32, its smoothed logarithm after the dark offset.
        certainty: (H, W, 3) float32, 1 / noise of the logarithm, the noise within floor and cap.
        samples: number of frames behind it.
    """

    rgb: ImageRgb
    log_rgb: FloatImage
    certainty: FloatImage
    samples: int


def learn_plate(frames: Sequence[ImageRgb], config: MotionConfig) -> Plate:
    """Background and noise of (H, W, 3) uint8 frames of one size, spread over a file.

    Frames are freed from changes of light; at each pixel one of them is chosen that shows the
    background (:mod:`camera_analysis.labelling.plate_states`), on a reduced view; the plate is the
    mean of those near to it.

    Raises:
        ValueError: no frames.
    """
    if not frames:
        raise ValueError("a plate needs at least one frame; got none")
    thin = _Thin(frames[0].shape, config.chosen_at_px)
    logs = np.stack([thin.reduce(_smooth_log(frame, config)) for frame in frames])
    usual = np.median(logs, axis=0).astype(np.float32)
    lights = [light_change(log - usual, usual, config.light) for log in logs]
    logs -= np.stack(lights)
    noise = _noise(logs, config)
    chosen = thin.enlarge_nearest(choose_samples(logs, noise, config.states))
    reach = config.states.reach_sigma * thin.enlarge(noise)

    def samples() -> Iterator[FloatImage]:  # made anew each time: so many would not fit in memory
        for frame, light in zip(frames, lights, strict=True):
            yield cv2.subtract(_smooth_log(frame, config), thin.enlarge(light))

    centre = np.empty(frames[0].shape, np.float32)
    for number, log in enumerate(samples()):
        here = chosen == number
        centre[here] = log[here]
    centre, _, _ = _mean_near(centre, reach, samples(), frames)
    mean, sigma, rgb = _mean_near(centre, reach, samples(), frames)
    sigma = np.clip(cv2.blur(sigma, (3, 3)), config.noise_floor, config.noise_cap)
    return Plate(rgb=rgb, log_rgb=mean, certainty=1 / sigma, samples=len(frames))


def difference_sigma(frame_rgb: ImageRgb, plate: Plate, config: MotionConfig) -> FloatImage:
    """How much each pixel differs from the plate, in standard deviations of its noise.

    The logarithm turns a change of the light's brightness into an offset, which is taken off, and
    so are shadows (:mod:`camera_analysis.labelling.light_change`).

    Args:
        frame_rgb: (H, W, 3) uint8 of the plate's size.
        plate: the plate.
        config: thresholds.

    Returns:
        (H, W) float32 >= 0.
    """
    change = cv2.subtract(_smooth_log(frame_rgb, config), plate.log_rgb)
    residual = cv2.subtract(change, light_change(change, plate.log_rgb, config.light))
    darker = shadow(residual, config.light)
    residual = cv2.subtract(residual, cv2.merge([darker, darker, darker]))
    red, green, blue = cv2.split(cv2.multiply(cv2.absdiff(residual, 0.0), plate.certainty))
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


def _smooth_log(frame_rgb: ImageRgb, config: MotionConfig) -> FloatImage:
    """(H, W, 3) log brightness, each pixel the mean of nine: less noise, less compression."""
    return np.asarray(cv2.blur(cv2.LUT(frame_rgb, _log_table(config)), (3, 3)), np.float32)


class _Thin:
    """Every so-manieth pixel of (H, W, ...) images, and back."""

    def __init__(self, shape: tuple[int, ...], longer_side_px: int) -> None:
        height, width = shape[:2]
        share = min(1.0, longer_side_px / max(height, width))
        self._wh = (width, height)
        self._thin_wh = (max(1, round(width * share)), max(1, round(height * share)))

    def reduce(self, image: FloatImage) -> FloatImage:
        thin = cv2.resize(image, self._thin_wh, interpolation=cv2.INTER_NEAREST)
        return np.asarray(thin, np.float32)

    def enlarge(self, image: FloatImage) -> FloatImage:
        return np.asarray(cv2.resize(image, self._wh), np.float32)

    def enlarge_nearest(self, image: IntImage) -> IntImage:
        wide = cv2.resize(image, self._wh, interpolation=cv2.INTER_NEAREST)
        return np.asarray(wide, np.int16)


def _noise(logs: FloatImage, config: MotionConfig) -> FloatImage:
    """(H, W) standard deviation of (N, H, W, 3) samples where nothing moves.

    From differences of samples one after the other, half of which at least show no change.
    """
    if len(logs) < 2:
        return np.full(logs.shape[1:3], config.noise_floor, np.float32)
    steps = np.median(np.abs(np.diff(logs, axis=0)), axis=0) * _DIFFERENCE_TO_SIGMA
    noise = cv2.blur(steps.astype(np.float32), (5, 5)).max(axis=2)
    return np.asarray(np.clip(noise, config.noise_floor, config.noise_cap), np.float32)


def _mean_near(
    centre: FloatImage, reach: FloatImage, logs: Iterable[FloatImage], frames: Sequence[ImageRgb]
) -> tuple[FloatImage, FloatImage, ImageRgb]:
    """Mean and standard deviation of the samples near a centre, and the mean of their frames.

    Args:
        centre: (H, W, 3); kept where no sample is near.
        reach: (H, W) largest difference in any channel.
        logs: (H, W, 3) samples.
        frames: (H, W, 3) uint8, those samples as they were filmed.
    """
    total, squares, colour = (np.zeros(centre.shape, np.float32) for _ in range(3))
    votes = np.zeros(reach.shape, np.float32)
    for log, frame in zip(logs, frames, strict=True):
        off = cv2.subtract(log, centre)
        red, green, blue = cv2.split(cv2.absdiff(log, centre))
        near = cv2.compare(cv2.max(cv2.max(red, green), blue), reach, cv2.CMP_LE)
        cv2.accumulate(off, total, mask=near)
        cv2.accumulateSquare(off, squares, mask=near)
        cv2.accumulate(frame, colour, mask=near)
        votes += near > 0
    share = 1 / np.maximum(votes, 1)[..., None]
    shift = total * share
    variance = np.maximum(squares * share - shift**2, 0)
    mean = np.asarray(centre + shift, np.float32)
    sigma = np.asarray(np.sqrt(variance), np.float32)
    return mean, sigma, np.round(colour * share).astype(np.uint8)
