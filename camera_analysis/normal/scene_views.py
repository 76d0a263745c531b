"""What differs between two small views of a camera: displaced, veiled, or changed in a part.

Views are the grey pictures of at most 96 pixels that are stored with a day's counts. Structure is
compared, not brightness: light that grows, fades or comes from another side leaves it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.frame_quality import QualityLimits, is_moved
from camera_analysis.labelling.registration import Shift, edges_of, measure_shift

GreyImage = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]
Kind = Literal["", "moved", "veiled", "changed"]

#: The whole view is another one; ``CHANGED`` is a part of it.
MOVED: Kind = "moved"
VEILED: Kind = "veiled"
CHANGED: Kind = "changed"


@dataclass(frozen=True, kw_only=True)
class SceneLimits:
    """When two views of a camera differ."""

    # As for frames against their plate: displaced, turned, or not recognised.
    moved: QualityLimits = field(default_factory=QualityLimits)
    # Contrast relative to brightness, which light does not change; fog and dirt take more.
    veiled_contrast: float = 1 / 3
    # Of the view: about what a cupboard fills, a seventh of the width and of the height.
    changed_share: float = 0.02
    # Agreement of structure in [-1, 1] below which a place shows something else.
    least_agreement: float = 0.3
    # Grey levels: contrast below this is noise and the codec's, and agrees with everything.
    noise_levels: float = 4.0
    # Pixels of the view: standard deviation of the window in which structure is compared.
    window_px: float = 1.25
    # Pixels: what happens to look as before within a thing leaves gaps of this radius.
    gap_px: int = 3
    # Pixels: the border of a shadow changes a strip of five windows, thinner than twice this.
    solid_px: int = 4


@dataclass(frozen=True, kw_only=True)
class ViewDifference:
    """One view against another.

    Args:
        shift: displacement, in pixels of the view.
        width: of the views, pixels.
        contrast_share: contrast of the second as a share of the first's, relative to brightness.
        other_hw: (H, W) places whose structure does not agree; all False where the view is
            displaced.
        changed_hw: (H, W) those of them that lie together in pieces as thick as things are.
    """

    shift: Shift
    width: int
    contrast_share: float
    other_hw: BoolImage
    changed_hw: BoolImage

    @property
    def changed_share(self) -> float:
        """Share of the view that shows something else, in [0, 1]."""
        return float(self.changed_hw.mean())

    def kind(self, limits: SceneLimits) -> Kind:
        """The gravest difference, or "" where both show the same scene."""
        low = limits.veiled_contrast
        if not low <= self.contrast_share <= 1 / low:
            return VEILED
        if is_moved(self.shift, self.width, limits.moved):
            return MOVED
        return CHANGED if self.changed_share >= limits.changed_share else ""


def compare_views(before: GreyImage, after: GreyImage, limits: SceneLimits) -> ViewDifference:
    """Compare two (H, W) uint8 views.

    Raises:
        ValueError: the sizes differ.
    """
    if before.shape != after.shape:
        raise ValueError(f"views of {before.shape} and {after.shape} pixels cannot be compared")
    agreement_hw, contrast_share = _structure(before, after, limits)
    shift = measure_shift(edges_of(after), edges_of(before))
    width = before.shape[1]
    other = np.zeros(before.shape, bool)
    if not is_moved(shift, width, limits.moved):
        other = np.asarray(agreement_hw < limits.least_agreement, bool)
    return ViewDifference(
        shift=shift,
        width=width,
        contrast_share=contrast_share,
        other_hw=other,
        changed_hw=solid_parts(other, limits),
    )


def solid_parts(other_hw: BoolImage, limits: SceneLimits) -> BoolImage:
    """(H, W) what is left of some places when gaps are closed and thin strips removed."""
    whole = cv2.morphologyEx(other_hw.astype(np.uint8), cv2.MORPH_CLOSE, _disc(limits.gap_px))
    return np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, _disc(limits.solid_px)), bool)


def _disc(radius: int) -> npt.NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _structure(
    before: GreyImage, after: GreyImage, limits: SceneLimits
) -> tuple[FloatImage, float]:
    """(H, W) agreement of structure, and the share of contrast that is left.

    Contrast and structure of the structural similarity index (Wang et al., TIP 2004), both views
    scaled to their common (geometric mean) brightness at each place, so that the noise floor means
    the same in both, whichever comes first.
    """
    a, b = before.astype(np.float32), after.astype(np.float32)
    mean_a, mean_b = _blurred(a, limits), _blurred(b, limits)
    gain = np.maximum(mean_a, 1.0) / np.maximum(mean_b, 1.0)  # variances scale with brightness²
    var_a = np.maximum(_blurred(a * a, limits) - mean_a * mean_a, 0.0) / gain
    var_b = np.maximum(_blurred(b * b, limits) - mean_b * mean_b, 0.0) * gain
    common = _blurred(a * b, limits) - mean_a * mean_b
    floor = np.float32(limits.noise_levels**2)
    agreement = (2 * common + floor) / (var_a + var_b + floor)
    textured = np.maximum(var_a, var_b) > floor
    if not textured.any():
        return np.asarray(agreement, np.float32), 1.0
    contrast_a, contrast_b = np.sqrt(var_a[textured]), np.sqrt(var_b[textured])
    share = float(np.median(contrast_b) / max(float(np.median(contrast_a)), 1e-3))
    return np.asarray(agreement, np.float32), share


def _blurred(values: FloatImage, limits: SceneLimits) -> FloatImage:
    smooth = cv2.GaussianBlur(values, (0, 0), limits.window_px, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth, np.float32)
