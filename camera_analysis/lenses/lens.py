"""Lenses: rectilinear and fisheye, and the way between raw and rectified pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.yaml_values import mapping, typed

LensKind = Literal["rectilinear", "fisheye"]
Matrix3 = tuple[tuple[float, float, float], ...]
FloatArray = npt.NDArray[np.float64]
Points = Sequence[tuple[float, float]] | FloatArray

#: Distortion coefficients that each model accepts (OpenCV's conventions).
_COEFFICIENTS: dict[str, tuple[int, ...]] = {"rectilinear": (0, 4, 5, 8), "fisheye": (4,)}
#: Frames whose sides differ by another factor than this are no larger or smaller copy.
_SAME_SHAPE = 0.02


@dataclass(frozen=True, kw_only=True)
class Lens:
    """A lens; without a matrix it is uncalibrated and pixels are left as they are.

    Attributes:
        kind: "rectilinear" (Brown-Conrady) or "fisheye" (Kannala-Brandt, ``cv2.fisheye``).
        matrix: 3x3 camera matrix in pixels of the raw frame, rows first.
        distortion: 4 coefficients of a fisheye; none, 4, 5 or 8 of a rectilinear lens.
        size_wh: width and height of the raw frames that the matrix is of; None: of any frames.
    """

    kind: LensKind = "rectilinear"  # most fixed cameras
    matrix: Matrix3 | None = None  # uncalibrated: no rectification
    distortion: tuple[float, ...] = ()  # no distortion
    size_wh: tuple[int, int] | None = None  # the frames' own

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
        finite = np.isfinite(self.distortion).all()
        if len(self.distortion) not in _COEFFICIENTS[self.kind] or not finite:
            raise ValueError(
                f"lens.distortion of a {self.kind} lens is {self.distortion}; "
                f"expected one of {_COEFFICIENTS[self.kind]} finite numbers"
            )
        if self.size_wh is not None and (len(self.size_wh) != 2 or min(self.size_wh) < 1):
            raise ValueError(f"lens.size_wh is {self.size_wh}; expected [width, height] in pixels")

    @property
    def calibrated(self) -> bool:
        """Whether raw pixels can be rectified."""
        return self.matrix is not None


def read_lens(value: object) -> Lens:
    """A lens as ``camera.yaml`` holds it.

    Raises:
        ValueError: the value describes none.
    """
    keys = mapping(value, ("kind", "matrix", "distortion", "size_wh"), "lens")
    matrix = keys.get("matrix")
    rows = None if matrix is None else tuple(tuple(float(x) for x in row) for row in matrix)
    numbers = tuple(float(x) for x in keys.get("distortion", ()))
    size = keys.get("size_wh")
    size_wh = None if size is None else tuple(typed(n, (int,), "lens.size_wh") for n in size)
    kind = keys.get("kind", Lens.kind)
    return Lens(kind=kind, matrix=rows, distortion=numbers, size_wh=size_wh)  # type: ignore[arg-type]


def lens_document(lens: Lens) -> dict[str, Any]:
    """A lens in the form that :func:`read_lens` reads."""
    document: dict[str, Any] = {"kind": lens.kind}
    if lens.matrix is not None:
        document["matrix"] = [list(row) for row in lens.matrix]
        document["distortion"] = list(lens.distortion)
        if lens.size_wh is not None:
            document["size_wh"] = list(lens.size_wh)
    return document


def same_shape(one_wh: tuple[int, int], other_wh: tuple[int, int]) -> bool:
    """Whether frames of two sizes can be larger and smaller copies of each other."""
    (width, height), (other_width, other_height) = one_wh, other_wh
    return abs(width * other_height / (height * other_width) - 1) <= _SAME_SHAPE


def lens_at(lens: Lens, size_wh: tuple[int, int]) -> Lens:
    """The lens of the same view in frames of another size, as a camera's second stream has it.

    Raises:
        ValueError: the frames are no larger or smaller copy of those it was calibrated with.
    """
    if lens.matrix is None or lens.size_wh is None or lens.size_wh == size_wh:
        return lens
    across, down = (new / old for new, old in zip(size_wh, lens.size_wh, strict=True))
    if not same_shape(size_wh, lens.size_wh):
        raise ValueError(
            f"the lens was calibrated with frames of {lens.size_wh}, these are {size_wh}: another "
            "shape; calibrate it with these, or move the principal point of a crop (crop_lens)"
        )
    (fx, skew, cx), (_, fy, cy), last = lens.matrix
    matrix = (
        (fx * across, skew * across, (cx + 0.5) * across - 0.5),  # pixel centres: whole numbers
        (0.0, fy * down, (cy + 0.5) * down - 0.5),
        last,
    )
    return replace(lens, matrix=matrix, size_wh=size_wh)


def crop_lens(lens: Lens, box_xyxy: tuple[int, int, int, int]) -> Lens:
    """The lens of a crop of the raw frame: its principal point moves, nothing else does.

    A crop that is rectified with it shows what a crop of the rectified frame shows.

    Args:
        lens: calibrated for the whole frame.
        box_xyxy: x0, y0 inclusive, x1, y1 exclusive, in raw pixels.

    Raises:
        ValueError: the box is empty.
    """
    x0, y0, x1, y1 = box_xyxy
    if x1 <= x0 or y1 <= y0:
        raise ValueError(f"crop {box_xyxy} is empty; expected x0 < x1 and y0 < y1")
    if lens.matrix is None:
        return lens
    (fx, skew, cx), (zero, fy, cy), last = lens.matrix
    matrix = ((fx, skew, cx - x0), (zero, fy, cy - y0), last)
    return replace(lens, matrix=matrix, size_wh=(x1 - x0, y1 - y0))


def rectify_frame(frame: npt.NDArray[np.uint8], lens: Lens) -> npt.NDArray[np.uint8]:
    """Straighten a raw frame; the focal length stays, and what was not filmed becomes black.

    Args:
        frame: (H, W) or (H, W, 3).
        lens: its calibration.

    Returns:
        The same size; a copy of the frame where the lens is not calibrated.
    """
    height, width = frame.shape[:2]
    lens = lens_at(lens, (width, height))
    if lens.matrix is None:
        return frame.copy()
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


def rectify_points(points_xy: Points, lens: Lens) -> FloatArray:
    """Where raw pixels lie in the rectified frame.

    Args:
        points_xy: (N, 2) raw pixel coordinates.
        lens: its calibration.

    Returns:
        (N, 2) rectified pixel coordinates; NaN of what lies at right angles to the axis or behind
        it, as a fisheye sees it, and no flat picture shows.
    """
    points = np.array(points_xy, np.float64).reshape(-1, 2)
    if lens.matrix is None or points.size == 0:
        return points
    rays = pixel_rays(points, lens)
    ahead = np.where(rays[:, 2:] > 1e-6, rays[:, 2:], np.nan)
    matrix = np.array(lens.matrix)
    straight = (rays[:, :2] / ahead) @ matrix[:2, :2].T + matrix[:2, 2]
    return np.asarray(straight, np.float64)


def pixel_rays(points_xy: Points, lens: Lens) -> FloatArray:
    """Directions in which raw pixels look.

    A fisheye's angle from the axis is the inverse of Kannala and Brandt's polynomial
    ``r = theta (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 + k4 theta^8)`` (2006), on the range from
    the centre on where it rises.

    Args:
        points_xy: (N, 2) raw pixel coordinates.
        lens: calibrated, for frames of the size that the points are of; N is 1 or more.

    Returns:
        (N, 3) unit vectors, x to the right, y down, z ahead; NaN outside of a fisheye's range.

    Raises:
        ValueError: the lens is not calibrated.
    """
    if lens.matrix is None:
        raise ValueError("the lens is not calibrated; learned-normal cameras calibrate-lens")
    matrix, distortion = np.array(lens.matrix), np.array(lens.distortion)
    points = np.array(points_xy, np.float64).reshape(-1, 2)
    if lens.kind == "rectilinear":
        often = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-12)
        flat = cv2.undistortPointsIter(
            points[:, None], matrix, distortion, np.eye(3), np.eye(3), often
        ).reshape(-1, 2)
        ahead = np.column_stack([flat, np.ones(len(flat))])
        return np.asarray(ahead / np.linalg.norm(ahead, axis=1, keepdims=True), np.float64)
    y = (points[:, 1] - matrix[1, 2]) / matrix[1, 1]
    x = (points[:, 0] - matrix[0, 2] - matrix[0, 1] * y) / matrix[0, 0]
    radius = np.hypot(x, y)
    theta = _angle_of_radius(radius, distortion)
    sideways = np.divide(np.sin(theta), radius, out=np.ones_like(radius), where=radius > 1e-12)
    return np.column_stack([x * sideways, y * sideways, np.cos(theta)])


def _angle_of_radius(radius: FloatArray, distortion: FloatArray) -> FloatArray:
    """Angle from the axis at a radius in focal lengths; NaN beyond the largest that there is."""
    k1, k2, k3, k4 = distortion
    angles = np.linspace(0, np.pi, 2048)

    def radius_at(theta: FloatArray) -> FloatArray:
        t = theta * theta
        return np.asarray(theta * (1 + t * (k1 + t * (k2 + t * (k3 + t * k4)))))

    def slope_at(theta: FloatArray) -> FloatArray:
        t = theta * theta
        return np.asarray(1 + t * (3 * k1 + t * (5 * k2 + t * (7 * k3 + t * 9 * k4))))

    falls = np.flatnonzero(slope_at(angles) <= 0)
    rising = slice(0, falls[0] if len(falls) else len(angles))
    theta = np.interp(radius, radius_at(angles)[rising], angles[rising], right=np.nan)
    for _ in range(3):  # Newton, from within a thousandth
        slope = slope_at(theta)
        theta = theta - np.where(slope > 1e-6, (radius_at(theta) - radius) / slope, 0.0)
    return np.asarray(theta, np.float64)
