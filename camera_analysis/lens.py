"""Lenses: rectilinear and fisheye, and the way between raw and rectified pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

LensKind = Literal["rectilinear", "fisheye"]
Matrix3 = tuple[tuple[float, float, float], ...]

#: Distortion coefficients that each model accepts (OpenCV's conventions).
_COEFFICIENTS: dict[str, tuple[int, ...]] = {"rectilinear": (0, 4, 5, 8), "fisheye": (4,)}


@dataclass(frozen=True, kw_only=True)
class Lens:
    """A lens; without a matrix it is uncalibrated and pixels are left as they are.

    Attributes:
        kind: "rectilinear" (Brown-Conrady) or "fisheye" (Kannala-Brandt, ``cv2.fisheye``).
        matrix: 3x3 camera matrix in pixels of the raw frame, rows first.
        distortion: 4 coefficients of a fisheye; none, 4, 5 or 8 of a rectilinear lens.
    """

    kind: LensKind = "rectilinear"  # most fixed cameras
    matrix: Matrix3 | None = None  # uncalibrated: no rectification
    distortion: tuple[float, ...] = ()  # no distortion

    def __post_init__(self) -> None:
        if self.kind not in get_args(LensKind):
            raise ValueError(f"lens.kind is {self.kind!r}; allowed: {get_args(LensKind)}")
        if self.matrix is None:
            if self.distortion:
                raise ValueError("lens.distortion without lens.matrix: state both or neither")
            return
        matrix = np.asarray(self.matrix, np.float64)
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or abs(matrix[2, 2] - 1) > 1e-9:
            raise ValueError(f"lens.matrix must be 3x3, finite, with 1 at the end: {self.matrix}")
        if min(matrix[0, 0], matrix[1, 1]) <= 0:
            raise ValueError(f"lens.matrix has no positive focal lengths: {self.matrix}")
        if len(self.distortion) not in _COEFFICIENTS[self.kind]:
            raise ValueError(
                f"lens.distortion of a {self.kind} lens has {len(self.distortion)} numbers; "
                f"expected one of {_COEFFICIENTS[self.kind]}"
            )

    @property
    def calibrated(self) -> bool:
        """Whether raw pixels can be rectified."""
        return self.matrix is not None


def rectify_frame(frame: npt.NDArray[np.uint8], lens: Lens) -> npt.NDArray[np.uint8]:
    """Straighten a raw frame of the size the lens was calibrated at; borders become black.

    Args:
        frame: (H, W) or (H, W, 3).
        lens: its calibration.

    Returns:
        The same size; a copy of the frame where the lens is not calibrated.
    """
    if lens.matrix is None:
        return frame.copy()
    height, width = frame.shape[:2]
    matrix, distortion = np.array(lens.matrix), np.array(lens.distortion)
    if lens.kind == "fisheye":
        across, down = cv2.fisheye.initUndistortRectifyMap(
            matrix, distortion, np.eye(3), matrix, (width, height), cv2.CV_32FC1
        )
    else:
        across, down = cv2.initUndistortRectifyMap(
            matrix, distortion, np.eye(3), matrix, (width, height), cv2.CV_32FC1
        )
    return np.asarray(cv2.remap(frame, across, down, cv2.INTER_LINEAR), np.uint8)


def rectify_points(
    points_xy: Sequence[tuple[float, float]] | npt.NDArray[np.float64], lens: Lens
) -> npt.NDArray[np.float64]:
    """Where raw pixels lie in the rectified frame.

    Args:
        points_xy: (N, 2) raw pixel coordinates.
        lens: its calibration.

    Returns:
        (N, 2) rectified pixel coordinates.
    """
    points = np.array(points_xy, np.float64).reshape(-1, 1, 2)
    if lens.matrix is None or points.size == 0:
        return points.reshape(-1, 2)
    matrix, distortion = np.array(lens.matrix), np.array(lens.distortion)
    undistort = cv2.fisheye.undistortPoints if lens.kind == "fisheye" else cv2.undistortPoints
    straight = undistort(points, matrix, distortion, P=matrix)
    return np.asarray(straight, np.float64).reshape(-1, 2)
