"""Whether a sampled frame can be used: each fault is a number and a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.registration import Edges, Shift, edges_of, measure_shift

GreyImage = npt.NDArray[np.uint8]

#: Reason codes of a frame; "" is usable. The first that applies is given.
REASONS: tuple[str, ...] = ("", "dark", "bright", "covered", "blurred", "frozen", "moved")


@dataclass(frozen=True, kw_only=True)
class QualityLimits:
    """Thresholds beyond which a frame is not used."""

    dark_luma: float = 6.0  # grey levels of 255: below, even a night camera shows nothing
    bright_luma: float = 249.0  # blinded
    covered_textured_share: float = 0.02  # of 8x8 blocks: a covered lens has no edges anywhere
    block_contrast: float = 5.0  # standard deviation in grey levels that makes a block textured
    blurred_share: float = 0.15  # of the plate's sharpness: out of focus, or a drop on the lens
    frozen_s: float = 60.0  # bit-identical for longer: the encoder hangs; sensors are never silent
    moved_share: float = 0.02  # of the frame's width: beyond, pixels no longer mean the same place
    unrecognised_match: float = 0.2  # edges that agree less with the plate are another view


@dataclass(frozen=True, kw_only=True)
class PlateQuality:
    """What a usable frame of this view looks like: its edges, sharpness and mean grey level."""

    edges: Edges
    sharpness: float
    luma_mean: float


@dataclass(frozen=True, kw_only=True)
class FrameQuality:
    """Measures of one frame.

    Attributes:
        luma_mean: mean grey level, 0-255.
        sharpness: variance of the smoothed frame's Laplacian.
        textured_share: share of 8x8 blocks with contrast.
        still_share: share of pixels identical to the sample before; 0 for the first.
        still_s: for how long the samples have been bit-identical.
        shift: displacement against the plate.
        plate: what the frame is compared with.
        width: of the frame, pixels.
    """

    luma_mean: float
    sharpness: float
    textured_share: float
    still_share: float
    still_s: float
    shift: Shift
    plate: PlateQuality
    width: int

    def reason(self, limits: QualityLimits) -> str:
        """First of :data:`REASONS` that applies, or "" where the frame is usable."""
        if self.luma_mean < limits.dark_luma:
            return "dark"
        if self.luma_mean > limits.bright_luma:
            return "bright"
        if self.textured_share < limits.covered_textured_share:
            return "covered"
        if self.sharpness < limits.blurred_share * self._expected_sharpness():
            return "blurred"
        if self.still_s > limits.frozen_s:
            return "frozen"
        return "moved" if is_moved(self.shift, self.width, limits) else ""

    def _expected_sharpness(self) -> float:
        """The plate's sharpness in the light of the frame: contrast falls with brightness."""
        dimmer = min(1.0, self.luma_mean / max(self.plate.luma_mean, 1.0))
        return self.plate.sharpness * dimmer**2


def is_moved(shift: Shift, width: int, limits: QualityLimits) -> bool:
    """Whether the view is displaced, or no longer recognised at all."""
    displaced = shift.shift_px > limits.moved_share * width
    return displaced or shift.match < limits.unrecognised_match


def sharpness_of(grey: GreyImage) -> float:
    """Variance of the Laplacian of an (H, W) uint8 frame, smoothed so that noise is no detail."""
    smooth = cv2.GaussianBlur(grey, (5, 5), 1.0)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(smooth, cv2.CV_32F))
    return float(deviation[0, 0]) ** 2


def textured_share_of(grey: GreyImage, block_contrast: float) -> float:
    """Share of 8x8 blocks whose standard deviation exceeds ``block_contrast`` grey levels."""
    values = grey.astype(np.float32)
    size = (max(1, grey.shape[1] // 8), max(1, grey.shape[0] // 8))
    mean = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    square = cv2.resize(values * values, size, interpolation=cv2.INTER_AREA)
    return float((square - mean * mean > block_contrast**2).mean())


class QualityMeter:
    """Measures frames in order; remembers the sample before, and since when it is the same."""

    def __init__(self, limits: QualityLimits) -> None:
        self._limits = limits
        self._previous: GreyImage | None = None
        self._still_since_s = 0.0

    def measure(
        self, grey: GreyImage, edges: Edges, time_s: float, plate: PlateQuality
    ) -> FrameQuality:
        """Measure an (H, W) uint8 frame taken ``time_s`` seconds into the day's footage."""
        still_share = 0.0
        if self._previous is not None and self._previous.shape == grey.shape:
            still_share = float(np.count_nonzero(self._previous == grey)) / grey.size
        if still_share < 1.0:
            self._still_since_s = time_s
        self._previous = grey
        return FrameQuality(
            luma_mean=float(cv2.mean(grey)[0]),
            sharpness=sharpness_of(grey),
            textured_share=textured_share_of(grey, self._limits.block_contrast),
            still_share=still_share,
            still_s=time_s - self._still_since_s,
            shift=measure_shift(plate.edges, edges),
            plate=plate,
            width=grey.shape[1],
        )


def plate_quality(grey: GreyImage) -> PlateQuality:
    """Quality of an (H, W) uint8 plate."""
    return PlateQuality(
        edges=edges_of(grey), sharpness=sharpness_of(grey), luma_mean=float(cv2.mean(grey)[0])
    )
