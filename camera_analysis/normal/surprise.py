"""How surprising a label map is, given the counts behind it: maps and frame scores, in bits.

Surprise of a label is S = -log2((n + 1/2) / (N + K/2)): n times this label was seen around this
place in N frames, with half a pseudo-count for each of K classes. Counts are averaged, not
summed, over a small neighbourhood, so that n and N keep the unit "frames": neighbouring pixels
see the same person at the same moment and are no further evidence.

Only moving labels score, by their *excess* S - E[S], where E[S] is the surprise that a usual frame
has at this place. So a busy doorway, where person and floor alternate, scores nothing for either,
and an empty room is never an alarm. The score of a frame is the largest mean excess over a window
the size of a small person: a lone wrong pixel is averaged away, and a person is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.label_classes import STATIC
from camera_analysis.labelling.time_smoothing import gaussian_mean
from camera_analysis.normal.count_tables import CountArray
from camera_analysis.normal.learned_normal import UNKNOWN, modal_map

BitMap = npt.NDArray[np.float32]
FloatVector = npt.NDArray[np.float64]
LabelArray = npt.NDArray[np.uint8]

#: Pseudo-count of each class: Jeffreys' prior.
ALPHA = 0.5


@dataclass(frozen=True, kw_only=True)
class ScoreConfig:
    """How maps become scores. Lengths are shares of the frame's width."""

    # An outline drawn by segmentation jitters by about a hundredth of the width: 5 of 320 pixels.
    neighbourhood_share: float = 1 / 64
    # A person of a tenth of the frame's height is about this wide, and fills most of the window.
    window_share: float = 1 / 32
    # Samples; a flash of one sample keeps 40 % of its score, a stay of three keeps 87 %.
    smoothing_samples: float = 1.0
    # A label that its place showed in fewer than 1 of 256 frames, over a full window.
    alarm_bits: float = 8.0
    # A short history cannot reach 8 bits; then this share of what a label never seen would score.
    ceiling_share: float = 0.75

    def __post_init__(self) -> None:
        """Refuse values that make no score."""
        shares = (self.neighbourhood_share, self.window_share, self.ceiling_share)
        if not all(0 < share <= 1 for share in shares):
            raise ValueError(f"shares {shares} must lie in (0, 1]")
        if self.alarm_bits <= 0 or self.smoothing_samples < 0:
            raise ValueError(
                f"alarm_bits {self.alarm_bits} must be above 0 and smoothing_samples "
                f"{self.smoothing_samples} not below 0"
            )


@dataclass(frozen=True, kw_only=True)
class FrameSurprise:
    """One frame against a normal.

    Args:
        delta_share: share of known pixels whose label differs from the mode, in [0, 1].
        excess_bits: (H, W) excess surprise of each pixel.
        window_bits: (H, W) mean excess surprise of the window around each pixel.
        raw_bits: the largest of them.
    """

    delta_share: float
    excess_bits: BitMap
    window_bits: BitMap
    raw_bits: float


class SurpriseModel:
    """Label maps scored against one set of counts; the tables are made once.

    Args:
        counts_khw: (K, H, W) counts of the normal.
        frames: frames behind the counts.
        config: neighbourhood and window.

    Raises:
        ValueError: no pixel was ever observed.
    """

    def __init__(self, counts_khw: CountArray, frames: int, config: ScoreConfig) -> None:
        if not counts_khw.size or not counts_khw.any():
            raise ValueError("the normal holds no frames; it cannot judge")
        self.classes, self.height, self.width = counts_khw.shape
        self.frames = frames
        self.mode_hw = modal_map(counts_khw)
        self._known_hw = self.mode_hw != UNKNOWN
        self._known_pixels = int(self._known_hw.sum())
        self.window_hw = (odd_length(config.window_share, self.width),) * 2
        around = odd_length(config.neighbourhood_share, self.width)
        self._pooled_khw = np.stack([_mean_around(plane, around) for plane in counts_khw])
        observed = self._pooled_khw.sum(axis=0) + ALPHA * self.classes
        probability = (self._pooled_khw + ALPHA) / observed
        bits = -np.log2(probability)
        expected = (probability * bits).sum(axis=0)
        excess = np.maximum(bits - expected, 0.0)
        excess[STATIC] = 0.0
        excess[:, ~self._known_hw] = 0.0
        self._bits = bits.astype(np.float32).reshape(self.classes, -1)
        self._excess = excess.astype(np.float32).reshape(self.classes, -1)

    def score(self, labels_hw: LabelArray) -> FrameSurprise:
        """Delta share and windowed excess surprise of one (H, W) uint8 label map.

        Raises:
            ValueError: another size than the normal's, or a class it does not know.
        """
        self._require_label_map(labels_hw)
        differs = (labels_hw != self.mode_hw) & self._known_hw
        excess = self._excess_of(labels_hw)
        window_bits = np.asarray(
            cv2.blur(excess, self.window_hw, borderType=cv2.BORDER_CONSTANT), np.float32
        )
        return FrameSurprise(
            delta_share=float(np.count_nonzero(differs) / self._known_pixels),
            excess_bits=excess,
            window_bits=window_bits,
            raw_bits=float(window_bits.max()),
        )

    def _excess_of(self, labels_hw: LabelArray) -> BitMap:
        """(H, W) excess surprise of moving labels; 0 for static and for unknown places."""
        excess = np.zeros(labels_hw.size, np.float32)
        moving = np.flatnonzero(labels_hw)
        excess[moving] = self._excess[labels_hw.ravel()[moving], moving]
        return excess.reshape(labels_hw.shape)

    def delta_bits(self, labels_hw: LabelArray) -> BitMap:
        """(H, W) surprise in bits where the label differs from the mode, NaN elsewhere."""
        pixels = np.arange(labels_hw.size)
        bits = self._bits[labels_hw.ravel(), pixels].reshape(labels_hw.shape)
        differs = (labels_hw != self.mode_hw) & self._known_hw
        return np.where(differs, bits, np.float32(np.nan))

    def seen(self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> FloatVector:
        """(K,) frames of the normal in which these places, on average, showed each class."""
        return np.asarray(self._pooled_khw[:, rows, columns].mean(axis=1), np.float64)

    def _require_label_map(self, labels_hw: LabelArray) -> None:
        if labels_hw.shape != (self.height, self.width):
            height, width = labels_hw.shape
            raise ValueError(
                f"label map of {width} x {height} pixels cannot be judged by a normal of "
                f"{self.width} x {self.height}; the camera's resolution changed"
            )
        if int(labels_hw.max()) >= self.classes:
            raise ValueError(
                f"label {int(labels_hw.max())} is unknown to a normal of {self.classes} "
                "classes; the segmenter changed, count the window again"
            )


def ceiling_bits(frames: int, classes: int) -> float:
    """Surprise of a label never seen in ``frames`` frames: the most that can be reached."""
    return float(np.log2((frames + ALPHA * classes) / ALPHA))


def alarm_threshold(frames: int, classes: int, config: ScoreConfig) -> float:
    """Threshold in bits: the configured one, or less where the history is too short to reach it."""
    return min(config.alarm_bits, config.ceiling_share * ceiling_bits(frames, classes))


def odd_length(share: float, width: int) -> int:
    """Odd number of pixels, at least 3, next to a share of the width: 5 of 320 for 1/64."""
    return max(3, 2 * int(share * width / 2) + 1)


def smooth_over_time(
    values: npt.NDArray[np.float64], seconds: npt.NDArray[np.float64], sigma: float, gap_s: float
) -> npt.NDArray[np.float64]:
    """Gaussian smoothing over neighbouring samples, never across a gap in time.

    At the ends of a stretch the weights that remain are scaled to sum to 1.

    Args:
        values: (N,) scores in the order of time.
        seconds: (N,) times in seconds, ascending.
        sigma: standard deviation in samples; 0 leaves the values as they are.
        gap_s: samples further apart than this belong to two stretches.
    """
    if not sigma or not values.size:
        return values.copy()
    stretches = np.split(values, np.flatnonzero(np.diff(seconds) > gap_s) + 1)
    return np.concatenate([gaussian_mean(stretch, sigma) for stretch in stretches])


def _mean_around(plane_hw: CountArray, length: int) -> npt.NDArray[np.float64]:
    """Mean over a square neighbourhood; at the border over the part inside the frame."""
    kernel = (length, length)
    plane = plane_hw.astype(np.float64)
    total = cv2.boxFilter(plane, -1, kernel, normalize=False, borderType=cv2.BORDER_CONSTANT)
    inside = cv2.boxFilter(
        np.ones_like(plane), -1, kernel, normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return np.asarray(np.maximum(total, 0.0) / inside, np.float64)
