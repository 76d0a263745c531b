"""How far the camera was moved or turned: phase correlation on edges, refined, and checked.

The refinement that finds a rotation maximizes the enhanced correlation coefficient (Evangelidis
and Psarakis, PAMI 2008). Neither is believed unless it brings the edges into agreement.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]

#: A small grey copy of a day's plate, by which days are compared.
VIEW_FILE = "view.png"
#: Its longer side at most: a blurred plate holds no more, and a hundredth of the view suffices.
_VIEW_SIDE = 96

#: Registration works at most at this width: enough for a thousandth of the view.
_WORK_WIDTH = 160

#: Cycles per pixel above which the spectrum hardly counts.
_FINEST_FREQUENCY = 0.12

#: Peaks of the phase correlation that are checked against the picture.
_PEAKS = 4

#: Steps of the refinement at most, and the progress below which it ends.
_REFINED = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-4)
#: Share of the disagreement that a displacement must explain.
_EXPLAINED = 0.3

#: Around a peak, pixels that belong to it.
_NEAR = np.arange(-2, 3)


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A displacement of the view.

    Attributes:
        shift_px: its length in pixels of the frame, at its centre; 0 where the picture does not
            confirm one.
        match: correlation of the edges with the reference without any shift, in [-1, 1].
        shifted_match: the same after the best shift and rotation.
        rotation_deg: about the optical axis; 0 where the picture does not confirm one.
    """

    shift_px: float
    match: float
    shifted_match: float
    rotation_deg: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Edge map of a frame, prepared for registration; ``scale`` is work pixels per frame pixel."""

    map_hw: FloatImage
    scale: float


def edges_of(grey: npt.NDArray[np.uint8]) -> Edges:
    """Edge strength of an (H, W) uint8 frame, square-rooted so that few strong edges do not rule.

    Light that changes evenly leaves it almost as it is.
    """
    height, width = grey.shape
    scale = min(1.0, _WORK_WIDTH / width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    smooth = cv2.GaussianBlur(small, (3, 3), 0).astype(np.float32)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3)
    strength = np.sqrt(cv2.magnitude(across, down))
    return Edges(map_hw=np.asarray(strength - strength.mean(), np.float32), scale=scale)


def read_view(picture: Path) -> npt.NDArray[np.uint8] | None:
    """(H, W) uint8 grey view of a plate or of a stored view, at most 96 px; None without it."""
    grey = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE) if picture.is_file() else None
    if grey is None:
        return None
    scale = _VIEW_SIDE / max(grey.shape)
    if scale < 1:
        size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


def save_view(plate: Path, out: Path) -> None:
    """Write the view of a ``plate.png`` to a folder; it shows less than the plate does.

    Without a plate nothing is written: the day then has no frame either.
    """
    view = read_view(plate)
    if view is not None:
        cv2.imwrite(str(out / VIEW_FILE), view)


def measure_shift(reference: Edges, frame: Edges, *, good_match: float = 0.8) -> Shift:
    """Displacement of a frame against a reference of the same size.

    A shift counts only if the edges agree better with it than without it: a person who fills the
    view also moves the peak of the correlation, but does not bring the edges into agreement.

    Args:
        reference: edges of the plate.
        frame: edges of the frame.
        good_match: with this agreement at no shift, none is looked for; with this agreement after
            the best shift, no rotation is.
    """
    if _is_flat(reference.map_hw):  # nothing to recognise the view by
        return Shift(shift_px=0.0, match=1.0, shifted_match=1.0)
    match = _correlation(reference.map_hw, frame.map_hw)
    if match >= good_match:
        return Shift(shift_px=0.0, match=match, shifted_match=match)
    best, shifted_match = (0, 0), match
    for dx, dy in _likely_shifts(reference.map_hw, frame.map_hw):
        agreement = _correlation(*_overlap(reference.map_hw, frame.map_hw, dx, dy))
        if agreement > shifted_match:
            best, shifted_match = (dx, dy), agreement
    confirmed = _explains(shifted_match, match)
    if not confirmed:
        best = (0, 0)
    if (shifted_match if confirmed else match) < good_match:
        turned = _turned(reference, frame, best, match)
        if turned is not None and (not confirmed or _explains(turned.shifted_match, shifted_match)):
            return turned
    length = float(np.hypot(*best)) / reference.scale
    return Shift(shift_px=length, match=match, shifted_match=shifted_match)


def agreement(reference: Edges, frame: Edges) -> float:
    """Correlation of edges of the same size, in [-1, 1]; 1 where the reference has none."""
    if _is_flat(reference.map_hw):
        return 1.0
    return _correlation(reference.map_hw, frame.map_hw)


def _explains(moved_match: float, match: float) -> bool:
    """Whether a displacement brings the edges into agreement, so that it can be believed."""
    return moved_match > match + (1.0 - match) * _EXPLAINED


def _turned(reference: Edges, frame: Edges, start: tuple[int, int], match: float) -> Shift | None:
    """Rotation and shift near a first guess (dx, dy); None where the picture confirms none."""
    warp = np.array([[1, 0, start[0]], [0, 1, start[1]]], np.float32)
    template, moved = reference.map_hw, frame.map_hw
    try:
        _, warp = cv2.findTransformECC(
            template, moved, warp, cv2.MOTION_EUCLIDEAN, _REFINED, None, 5
        )
    except cv2.error:  # it does not converge: the views have little in common
        return None
    height, width = template.shape
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    back = cv2.warpAffine(moved, warp, (width, height), flags=way)
    seen = cv2.warpAffine(np.ones_like(moved), warp, (width, height), flags=way) > 0.5
    if seen.mean() < 0.5:
        return None
    moved_match = _correlation(template[seen], back[seen])
    if not _explains(moved_match, match):
        return None
    centre = np.array([width / 2, height / 2, 1.0])
    return Shift(
        shift_px=float(np.hypot(*(warp @ centre - centre[:2]))) / reference.scale,
        match=match,
        shifted_match=moved_match,
        rotation_deg=float(np.degrees(np.arctan2(warp[1, 0], warp[0, 0]))),
    )


def _likely_shifts(a: FloatImage, b: FloatImage) -> list[tuple[int, int]]:
    """Displacements (dx, dy) at the highest peaks of the phase correlation, up to half the view.

    Only the coarser half of the spectrum is compared: whitening would raise the noise of the rest.
    """
    height, width = a.shape
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    cross = np.fft.rfft2(b * window) * np.conj(np.fft.rfft2(a * window))
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    coarse = np.exp(-(down**2 + across**2) / (2 * _FINEST_FREQUENCY**2))
    surface = np.fft.irfft2(cross / (np.abs(cross) + 1e-6) * coarse, s=a.shape)
    shifts = []
    for _ in range(_PEAKS):
        y, x = np.unravel_index(int(surface.argmax()), surface.shape)
        dy, dx = (
            int((y + height // 2) % height - height // 2),
            int((x + width // 2) % width - width // 2),
        )
        shifts.append((dx, dy))
        surface[np.ix_((y + _NEAR) % height, (x + _NEAR) % width)] = -np.inf
    return [(dx, dy) for dx, dy in shifts if abs(dx) < width // 2 and abs(dy) < height // 2]


def _overlap(a: FloatImage, b: FloatImage, dx: int, dy: int) -> tuple[FloatImage, FloatImage]:
    """The parts of both that show the same, if b is a moved by (dx, dy)."""
    height, width = a.shape
    in_a = a[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    in_b = b[max(0, dy) : height - max(0, -dy), max(0, dx) : width - max(0, -dx)]
    return in_a, in_b


def _correlation(a: FloatImage, b: FloatImage) -> float:
    """Pearson correlation in [-1, 1]; 0 if one of them is flat.

    In double precision, because a dot product of floats depends on where they lie in memory.
    """
    precise_a, precise_b = a.astype(np.float64), b.astype(np.float64)
    precise_a -= precise_a.mean()
    precise_b -= precise_b.mean()
    energy_a, energy_b = float(np.vdot(precise_a, precise_a)), float(np.vdot(precise_b, precise_b))
    if min(energy_a, energy_b) <= 0:
        return 0.0
    return float(np.vdot(precise_a, precise_b) / np.sqrt(energy_a * energy_b))


def _is_flat(edges_hw: FloatImage) -> bool:
    return float(edges_hw.std()) < 1e-3
