"""Whether a sampled frame can be used: each fault is a number and a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.registration import (
    Edges,
    Shift,
    agreement,
    edges_of,
    measure_shift,
)

GreyImage = npt.NDArray[np.uint8]

#: Reason codes of a frame; "" is usable. The first that applies is given.
REASONS: tuple[str, ...] = (
    *("", "dark", "bright", "covered"),
    *("corrupt", "blurred", "frozen", "moved"),
)

#: Rows of one grey level beyond these are glare or shadow, not damage.
_NEAR_BLACK, _NEAR_WHITE = 5, 250
#: Brightness of one plate as a share of another's, from which their sharpness can be compared.
_SAME_LIGHT = 0.5
#: Fewer equal rows in a run than this share of the height are those of a picture that was enlarged
#: from one of 50 rows or more; a decoder fills in blocks.
_RUN_SHARE = 0.02


@dataclass(frozen=True, kw_only=True)
class QualityLimits:
    """Thresholds beyond which a frame is not used."""

    dark_luma: float = 6.0  # grey levels of 255: below, even a night camera shows nothing
    bright_luma: float = 249.0  # blinded
    covered_textured_share: float = 0.02  # of 8x8 blocks: a covered lens has no edges anywhere
    block_contrast: float = 5.0  # standard deviation in grey levels that makes a block textured
    corrupt_rows: float = 0.1  # of the height: a sensor never gives a row twice, a decoder does
    blurred_share: float = 0.15  # of the plate's sharpness: out of focus, or a drop on the lens
    frozen_s: float = 60.0  # bit-identical for longer: the encoder hangs; sensors are never silent
    moved_share: float = 0.02  # of the frame's width: beyond, pixels no longer mean the same place
    turned_deg: float = 2.0  # moves the frame's sides by what moved_share allows
    unrecognised_match: float = 0.2  # edges that agree less with the plate are another view


@dataclass(frozen=True)
class MovedTo:
    """The view of a file that was found displaced against the day's.

    Attributes:
        edges: of its own plate.
        shift: against the day's plate.
    """

    edges: Edges
    shift: Shift


@dataclass(frozen=True, kw_only=True)
class PlateQuality:
    """What a usable frame of this view looks like.

    Attributes:
        edges: of the plate.
        sharpness: of the plate.
        luma_mean: mean grey level, 0-255.
        repeats_h: (H,) rows that equal the one above, as in a letter box.
        moved_to: what else the file of the frame may show.
    """

    edges: Edges
    sharpness: float
    luma_mean: float
    repeats_h: npt.NDArray[np.bool_]
    moved_to: MovedTo | None = None


@dataclass(frozen=True, kw_only=True)
class FrameQuality:
    """Measures of one frame.

    Attributes:
        luma_mean: mean grey level, 0-255.
        sharpness: variance of the smoothed frame's Laplacian.
        textured_share: share of 8x8 blocks with contrast.
        repeated_rows: share of rows, in runs, that equal the one above where those of the plate do
            not: what a decoder fills in for missing data.
        still_share: share of pixels identical to the sample before; 0 for the first.
        still_s: for how long the samples have been bit-identical.
        shift: displacement against the plate.
        plate: what the frame is compared with.
        width: of the frame, pixels.
    """

    luma_mean: float
    sharpness: float
    textured_share: float
    repeated_rows: float
    still_share: float
    still_s: float
    shift: Shift
    plate: PlateQuality
    width: int

    def reason(self, limits: QualityLimits) -> str:
        """First of :data:`REASONS` that applies, or "" where the frame is usable."""
        return next(iter(self.reasons(limits)), "")

    def reasons(self, limits: QualityLimits) -> tuple[str, ...]:
        """All of :data:`REASONS` that apply, in their order; one may hide another behind it."""
        faults = {
            "dark": self.luma_mean < limits.dark_luma,
            "bright": self.luma_mean > limits.bright_luma,
            "covered": self.textured_share < limits.covered_textured_share,
            "corrupt": self.repeated_rows > limits.corrupt_rows,
            "blurred": self.sharpness_share < limits.blurred_share,
            "frozen": self.still_s > limits.frozen_s,
            "moved": is_moved(self.shift, self.width, limits),
        }
        return tuple(reason for reason, applies in faults.items() if applies)

    @property
    def sharpness_share(self) -> float:
        """Sharpness as a share of what the plate would have in this light.

        Contrast falls with brightness. A plate without any detail says nothing: 1.
        """
        return _sharpness_share(self.sharpness, self.luma_mean, self.plate)


def _sharpness_share(sharpness: float, luma_mean: float, plate: PlateQuality) -> float:
    dimmer = min(1.0, luma_mean / max(plate.luma_mean, 1.0))
    expected = plate.sharpness * dimmer**2
    return sharpness / expected if expected > 0 else 1.0


def is_blurred(view: PlateQuality, earlier: PlateQuality, limits: QualityLimits) -> bool:
    """Whether a plate is too blurred beside an earlier one to measure frames against it.

    In light that is less than half as bright, or more than twice, nothing can be told: contrast at
    night is another.
    """
    darker, brighter = sorted((view.luma_mean, earlier.luma_mean))
    if darker < _SAME_LIGHT * brighter:
        return False
    return _sharpness_share(view.sharpness, view.luma_mean, earlier) < limits.blurred_share


def is_moved(shift: Shift, width: int, limits: QualityLimits) -> bool:
    """Whether the view is displaced or turned, or no longer recognised at all."""
    displaced = shift.shift_px > limits.moved_share * width
    turned = abs(shift.rotation_deg) > limits.turned_deg
    return displaced or turned or shift.match < limits.unrecognised_match


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


def repeats_of(grey: GreyImage) -> npt.NDArray[np.bool_]:
    """(H,) rows of an (H, W) uint8 frame that equal the row above; neither black nor white ones."""
    ends = grey[:, 0]
    repeats_h = np.zeros(len(grey), bool)
    # Few rows have an equal neighbour at their end: the others need not be compared.
    for row in np.flatnonzero(ends[1:] == ends[:-1]) + 1:
        blank = not _NEAR_BLACK < ends[row] < _NEAR_WHITE
        repeats_h[row] = not blank and np.array_equal(grey[row], grey[row - 1])
    return repeats_h


def _in_runs(repeats_h: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(H,) rows that are True together with enough of their neighbours."""
    ends = np.flatnonzero(np.diff(repeats_h.astype(np.int8), prepend=0, append=0))
    kept_h = np.zeros_like(repeats_h)
    for first, end in ends.reshape(-1, 2).tolist():
        kept_h[first:end] = end - first > _RUN_SHARE * len(repeats_h)
    return kept_h


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
            repeated_rows=float((_in_runs(repeats_of(grey)) & ~plate.repeats_h).mean()),
            still_share=still_share,
            still_s=time_s - self._still_since_s,
            shift=_shift_against(plate, edges),
            plate=plate,
            width=grey.shape[1],
        )


def _shift_against(plate: PlateQuality, edges: Edges) -> Shift:
    """Of a frame; the file's own, where the frame is more like the displaced view of its file."""
    shift, moved_to = measure_shift(plate.edges, edges), plate.moved_to
    if moved_to is not None and agreement(moved_to.edges, edges) > shift.match:
        return moved_to.shift
    return shift


def plate_quality(grey: GreyImage) -> PlateQuality:
    """Quality of an (H, W) uint8 plate."""
    return PlateQuality(
        edges=edges_of(grey),
        sharpness=sharpness_of(grey),
        luma_mean=float(cv2.mean(grey)[0]),
        repeats_h=repeats_of(grey),
    )
