"""A lens from pictures of a chessboard: matrix and distortion, or the number that speaks against.

Zhang's method (2000) as OpenCV has it: ``cv2.calibrateCamera`` for a rectilinear lens (k1, k2 and
the tangential p1, p2), ``cv2.fisheye.calibrate`` without skew for a fisheye (k1 and k2; k3 and k4
as well from 15 views on).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.lenses.lens import Lens, LensKind

FloatArray = npt.NDArray[np.float64]
Grey = npt.NDArray[np.uint8]

#: Fewer inner corners across or down than this are no chessboard.
_FEWEST_CORNERS = 3
#: Share of a full turn that a fisheye may show across the frame: first guesses of its focal length.
_TURNS_ACROSS = (0.5, 0.3, 0.8)
#: Fewer views do not tell a fisheye's k3 and k4 from k1 and k2; then they are zero.
_VIEWS_FOR_FOUR_TERMS = 15


class CalibrationRefusedError(ValueError):
    """What was shown does not say what the lens is like; the message holds the number."""


@dataclass(frozen=True, kw_only=True)
class CalibrationLimits:
    """When a calibration is refused."""

    max_error_px: float = 1.0  # root mean square; a still board seen sharply gives 0.1 to 0.5
    min_views: int = 5  # 3 suffice in theory; with 5 a wrong one shows in the error
    same_view_share: float = 0.02  # of the diagonal: corners nearer than this on average are alike
    min_seen_share: float = 0.2  # of the frame within the corners: distortion lives at the edge


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A lens, and how well it explains what was shown.

    Attributes:
        lens: with matrix, distortion and the size of the frames.
        error_px: root mean square distance of points from where the lens puts them, raw pixels.
        points: how many.
        views: pictures or lines behind it.
        left_out: picture -> why it does not count.
    """

    lens: Lens
    error_px: float
    points: int
    views: int
    left_out: Mapping[str, str]


@dataclass(frozen=True)
class _View:
    name: str
    corners_xy: FloatArray  # (N, 2)


def calibrate_chessboard(
    pictures: Mapping[str, Grey],
    pattern_wh: tuple[int, int],
    kind: LensKind,
    limits: CalibrationLimits | None = None,
) -> Calibration:
    """Calibrate from pictures of a flat chessboard, held at different places and tilts.

    Args:
        pictures: name -> (H, W) uint8, all of one size.
        pattern_wh: inner corners across and down, as 9 x 6 of a board of 10 x 7 squares.
        kind: of the lens.
        limits: when the outcome is refused.

    Raises:
        CalibrationRefusedError: too few pictures with a board, too many alike, too little of the
            frame covered, or too large an error; the message holds the number.
        ValueError: the pictures differ in size, or the pattern is none.
    """
    limits = limits or CalibrationLimits()
    size_wh = _common_size(pictures)
    if min(pattern_wh) < _FEWEST_CORNERS:
        raise ValueError(f"pattern {pattern_wh}: expected inner corners such as 9x6, 3 or more")
    views, left_out = _distinct_views(pictures, pattern_wh, size_wh, limits)
    _require_views(views, left_out, size_wh, limits)
    board = np.zeros((pattern_wh[0] * pattern_wh[1], 3))
    board[:, :2] = np.mgrid[: pattern_wh[0], : pattern_wh[1]].T.reshape(-1, 2)
    calibrate = _calibrate_fisheye if kind == "fisheye" else _calibrate_rectilinear
    error_px, lens = calibrate(board, views, size_wh)
    require_small_error(error_px, limits.max_error_px)
    return Calibration(
        lens=lens,
        error_px=error_px,
        points=len(views) * len(board),
        views=len(views),
        left_out=left_out,
    )


def require_small_error(error_px: float, limit_px: float) -> None:
    """Refuse a lens that puts points elsewhere.

    Raises:
        CalibrationRefusedError: the error is larger than the limit, or no number.
    """
    if not error_px <= limit_px:
        raise CalibrationRefusedError(
            f"refused: points lie {error_px:.2f} px (root mean square) from where the lens puts "
            f"them, at most {limit_px:g} are accepted; was the board flat and still, is the kind "
            "of lens right, is every point where it should be?"
        )


def _common_size(pictures: Mapping[str, Grey]) -> tuple[int, int]:
    sizes = {(grey.shape[1], grey.shape[0]) for grey in pictures.values()}
    if len(sizes) > 1:
        raise ValueError(f"pictures of several sizes: {sorted(sizes)}; one camera, one size")
    if not sizes:
        raise CalibrationRefusedError("refused: 0 pictures of a chessboard")
    return sizes.pop()


def _distinct_views(
    pictures: Mapping[str, Grey],
    pattern_wh: tuple[int, int],
    size_wh: tuple[int, int],
    limits: CalibrationLimits,
) -> tuple[list[_View], dict[str, str]]:
    views: list[_View] = []
    left_out: dict[str, str] = {}
    alike_px = limits.same_view_share * float(np.hypot(*size_wh))
    for name, grey in pictures.items():
        found, corners = cv2.findChessboardCornersSB(
            grey, pattern_wh, flags=cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_ACCURACY
        )
        if not found:
            left_out[name] = "no chessboard of this pattern"
            continue
        corners_xy = corners.reshape(-1, 2).astype(np.float64)
        # The board reads the same from its other end.
        twin = next((view for view in views if _apart(view, corners_xy) < alike_px), None)
        if twin:
            left_out[name] = f"like {twin.name}"
            continue
        views.append(_View(name, corners_xy))
    return views, left_out


def _apart(view: _View, corners_xy: FloatArray) -> float:
    """Mean distance of corners of two views of one board, in pixels."""
    both = (corners_xy, corners_xy[::-1])
    return min(float(np.linalg.norm(view.corners_xy - one, axis=1).mean()) for one in both)


def _require_views(
    views: list[_View],
    left_out: Mapping[str, str],
    size_wh: tuple[int, int],
    limits: CalibrationLimits,
) -> None:
    if len(views) < limits.min_views:
        reasons = "; ".join(f"{name}: {why}" for name, why in list(left_out.items())[:5])
        raise CalibrationRefusedError(
            f"refused: {len(views)} views that differ, {limits.min_views} are needed"
            f" ({len(left_out)} left out{': ' + reasons if reasons else ''})"
        )
    hull = cv2.convexHull(np.concatenate([view.corners_xy for view in views]).astype(np.float32))
    share = cv2.contourArea(hull) / (size_wh[0] * size_wh[1])
    if share < limits.min_seen_share:
        raise CalibrationRefusedError(
            f"refused: the board was seen in {100 * share:.0f} % of the frame, "
            f"{100 * limits.min_seen_share:.0f} % are needed; hold it near the edges too"
        )


def _calibrate_rectilinear(
    board: FloatArray, views: list[_View], size_wh: tuple[int, int]
) -> tuple[float, Lens]:
    seen = [view.corners_xy.astype(np.float32) for view in views]
    boards = [board.astype(np.float32)] * len(views)
    # A third radial term is not told from the others by a handful of views.
    try:
        error_px, matrix, distortion, _, _ = cv2.calibrateCamera(
            boards, seen, size_wh, None, None, flags=cv2.CALIB_FIX_K3
        )
    except cv2.error as error:
        raise CalibrationRefusedError(
            f"refused: {len(views)} views do not determine a rectilinear lens "
            f"({error.err}); hold the board at more tilts"
        ) from error
    return float(error_px), _lens("rectilinear", matrix, distortion.ravel()[:4], size_wh)


def _calibrate_fisheye(
    board: FloatArray, views: list[_View], size_wh: tuple[int, int]
) -> tuple[float, Lens]:
    """Calibrate from several first focal lengths; from OpenCV's own it often gets lost."""
    flags = (
        cv2.fisheye.CALIB_RECOMPUTE_EXTRINSIC
        | cv2.fisheye.CALIB_FIX_SKEW
        | cv2.fisheye.CALIB_USE_INTRINSIC_GUESS
    )
    if len(views) < _VIEWS_FOR_FOUR_TERMS:
        flags |= cv2.fisheye.CALIB_FIX_K3 | cv2.fisheye.CALIB_FIX_K4
    until = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-9)
    (width, height), found = size_wh, []
    for turn_share in _TURNS_ACROSS:
        focal = width / (2 * np.pi * turn_share)
        guess = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
        try:
            error_px, matrix, distortion, _, _ = cv2.fisheye.calibrate(
                [board[None]] * len(views),
                [view.corners_xy[:, None] for view in views],
                size_wh,
                guess,
                np.zeros((4, 1)),
                flags=flags,
                criteria=until,
            )
        except cv2.error:  # lost from this guess: its next step has no inverse
            continue
        if np.isfinite(matrix).all() and min(matrix[0, 0], matrix[1, 1]) > 0:
            found.append((float(error_px), _lens("fisheye", matrix, distortion.ravel(), size_wh)))
    if not found:
        raise CalibrationRefusedError(
            f"refused: {len(views)} views do not determine a fisheye; hold the board at more tilts"
        )
    return min(found, key=lambda one: one[0])


def _lens(
    kind: LensKind, matrix: FloatArray, distortion: FloatArray, size_wh: tuple[int, int]
) -> Lens:
    rows = tuple(tuple(float(number) for number in row) for row in matrix)
    return Lens(
        kind=kind,
        matrix=rows,  # type: ignore[arg-type]
        distortion=tuple(float(number) for number in distortion),
        size_wh=size_wh,
    )
