"""A lens from lines that are straight in the world: the plumb-line method.

The rays to the points of a straight line lie in one plane through the camera (Brown 1971, with
rays in place of a rectified picture, so that a fisheye may see more than half of the world). The
error of a point is its ray's angle from the plane, times the focal length: raw pixels at the
centre. For each trial lens the best plane of a line is its rays' smallest singular vector; what is
sought follows by least squares.

What a few lines cannot say: the focal length of a rectilinear lens, whose rectified picture is
straight at any scale; it is given, or taken as the frame's width (53 degrees across). And a
fisheye's focal length apart from its distortion: without a given one the fisheye is taken to keep
angles (r = f theta, as most are built) and f is found; with one, k1 is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from camera_analysis.lenses.lens import Lens, LensKind, pixel_rays
from camera_analysis.lenses.lens_calibration import (
    Calibration,
    CalibrationLimits,
    CalibrationRefusedError,
    require_small_error,
)

FloatArray = npt.NDArray[np.float64]

#: Lines and points of each that are needed: two points lie on any line, a third tells one number.
MIN_LINES = 3
MIN_POINTS = 4
#: A line that bends by less than this share of its length shows no distortion.
_STRAIGHT = 0.002
#: Error of a point that its lens does not see at all, in pixels.
_UNSEEN_PX = 100.0


def calibrate_lines(
    lines_xy: Sequence[FloatArray],
    size_wh: tuple[int, int],
    kind: LensKind,
    *,
    focal_px: float | None = None,
    limits: CalibrationLimits | None = None,
) -> Calibration:
    """Focal length (of a fisheye) and distortion from points along straight edges of one frame.

    Args:
        lines_xy: three or more (N, 2) arrays of raw pixels, N at least 4; away from the centre and
            in several directions, because a line through the centre stays straight.
        size_wh: of the frame; its centre is taken for the principal point.
        kind: of the lens.
        focal_px: its focal length, if it is known.
        limits: ``max_error_px`` holds for the distance from the lines.

    Raises:
        CalibrationRefusedError: too few lines or points, all of them straight already, or the
            lines do not become straight; the message holds the number.
    """
    limits = limits or CalibrationLimits()
    lines = [np.asarray(line, np.float64).reshape(-1, 2) for line in lines_xy]
    _require_lines(lines, size_wh)
    first = _first(kind, size_wh, focal_px)
    free_focal = kind == "fisheye" and focal_px is None
    # From several focal lengths: where rays wrap around, there are other minima.
    tries = [np.array([start]) for start in (-0.5, 0.0, 0.5)] if free_focal else [np.zeros(1)]
    if kind == "rectilinear":
        tries = [np.zeros(2)]

    def lens_of(free: FloatArray) -> Lens:
        return _lens_of(first, free, free_focal)

    outcomes = [
        least_squares(lambda free: line_errors_px(lines, lens_of(free)), one, x_scale=0.1)
        for one in tries
    ]
    best = min(outcomes, key=lambda outcome: float(outcome.cost)).x
    lens = lens_of(best)
    errors = line_errors_px(lines, lens)
    # Each line's plane takes two numbers of its own from the errors.
    freedom = max(errors.size - 2 * len(lines) - best.size, 1)
    error_px = float(np.sqrt((errors**2).sum() / freedom))
    require_small_error(error_px, limits.max_error_px)
    return Calibration(
        lens=lens, error_px=error_px, points=errors.size, views=len(lines), left_out={}
    )


def line_errors_px(lines_xy: Sequence[FloatArray], lens: Lens) -> FloatArray:
    """Distance of each point from its line's plane, in raw pixels at the centre.

    Args:
        lines_xy: (N, 2) arrays.
        lens: calibrated.
    """
    if lens.matrix is None:
        raise ValueError("the lens is not calibrated")
    focal = (lens.matrix[0][0] + lens.matrix[1][1]) / 2
    errors = []
    for line in lines_xy:
        rays = pixel_rays(line, lens)
        if not np.isfinite(rays).all():
            errors.append(np.full(len(line), _UNSEEN_PX))
            continue
        normal = np.linalg.svd(rays, full_matrices=False)[2][-1]
        errors.append(focal * np.arcsin(np.clip(rays @ normal, -1, 1)))
    return np.concatenate(errors)


def _require_lines(lines: Sequence[FloatArray], size_wh: tuple[int, int]) -> None:
    if len(lines) < MIN_LINES:
        raise CalibrationRefusedError(f"refused: {len(lines)} lines, {MIN_LINES} are needed")
    short = min(len(line) for line in lines)
    if short < MIN_POINTS:
        raise CalibrationRefusedError(
            f"refused: a line of {short} points, {MIN_POINTS} are needed on each"
        )
    outside = sum(int(((line < -0.5) | (line > np.array(size_wh) - 0.5)).sum()) for line in lines)
    if outside:
        raise CalibrationRefusedError(f"refused: {outside} coordinates lie outside of {size_wh}")
    if max(_bend(line) for line in lines) < _STRAIGHT:
        raise CalibrationRefusedError(
            f"refused: no line bends by more than {100 * _STRAIGHT:g} % of its length; click edges "
            "far from the centre, or leave the lens uncalibrated"
        )


def _bend(line: FloatArray) -> float:
    """Largest distance from the straight line of best fit, as a share of the length."""
    centred = line - line.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    along, across = centred @ axes[0], centred @ axes[1]
    return float(np.abs(across).max() / max(np.ptp(along), 1e-9))


def _first(kind: LensKind, size_wh: tuple[int, int], focal_px: float | None) -> Lens:
    width, height = size_wh
    # Half a turn across the frame is a fisheye's usual design.
    focal = focal_px or (width / np.pi if kind == "fisheye" else float(width))
    matrix = ((focal, 0.0, (width - 1) / 2), (0.0, focal, (height - 1) / 2), (0.0, 0.0, 1.0))
    return Lens(kind=kind, matrix=matrix, distortion=(0.0,) * 4, size_wh=size_wh)


def _lens_of(first: Lens, free: FloatArray, free_focal: bool) -> Lens:
    """The lens with another focal length (the factor's logarithm), or with k1 (and k2)."""
    if first.matrix is None:
        raise ValueError("the lens to start from has no matrix")
    if not free_focal:
        terms = [float(number) for number in free]
        return replace(first, distortion=(*terms, *[0.0] * (4 - len(terms))))
    factor = float(np.exp(free[0]))
    (fx, skew, cx), (zero, fy, cy), last = first.matrix
    return replace(first, matrix=((fx * factor, skew, cx), (zero, fy * factor, cy), last))
