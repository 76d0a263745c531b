"""Regions of interest on a label map, and what its pixels weigh under the lens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera_analysis.lenses.lens import Lens, lens_at, pixel_rays, rectify_points
from camera_analysis.occupancy.rois import Roi

BoolImage = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
WeightImage = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class RoiMask:
    """Where a region lies on the label map.

    Attributes:
        name: of the region.
        inside_hw: (H, W) pixels whose centre lies in its polygon.
    """

    name: str
    inside_hw: BoolImage


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The pixels of a label map within the full frame that it was reduced from.

    Attributes:
        native_wh: width and height of the full frame.
        label_wh: width and height of the label map.
    """

    native_wh: tuple[int, int]
    label_wh: tuple[int, int]

    def to_native(self, points_xy: FloatArray) -> FloatArray:
        """(N, 2) full-frame pixels of (N, 2) label-map pixels; centres lie on whole numbers."""
        scale = np.array(self.native_wh) / np.array(self.label_wh)
        return np.asarray((points_xy + 0.5) * scale - 0.5, np.float64)

    def centres(self) -> FloatArray:
        """(H * W, 2) full-frame pixels of the label map's pixel centres, row by row."""
        return self.to_native(_lattice(*self.label_wh))


def roi_masks(rois: Sequence[Roi], lens: Lens, grid: Grid) -> list[RoiMask]:
    """Each region on the label map; one in rectified pixels is asked where its pixels look.

    Args:
        rois: polygons in full-frame pixels, raw or rectified.
        lens: needed for rectified ones; one that was calibrated with larger or smaller frames is
            brought to these.
        grid: of the label maps.

    Raises:
        ValueError: a region has no pixel on the label map, or the lens is of other frames.
    """
    if not rois:
        return []
    raw_xy = grid.centres()
    spaces = {"raw": raw_xy}
    if any(roi.space == "rectified" for roi in rois):
        spaces["rectified"] = rectify_points(raw_xy, lens_at(lens, grid.native_wh))
    width, height = grid.label_wh
    found = []
    for roi in rois:
        inside = points_in_polygon(spaces[roi.space], np.array(roi.polygon_xy, np.float64))
        if not inside.any():
            raise ValueError(
                f"region {roi.name!r} lies outside of the {grid.native_wh[0]}x{grid.native_wh[1]} "
                "frame, or is smaller than a pixel of the label maps; "
                "draw it again: learned-normal cameras draw-rois"
            )
        found.append(RoiMask(name=roi.name, inside_hw=inside.reshape(height, width)))
    return found


def points_in_polygon(points_xy: FloatArray, polygon_xy: FloatArray) -> BoolImage:
    """Which points lie in a polygon, by the even-odd rule; NaN lies in none.

    Args:
        points_xy: (N, 2).
        polygon_xy: (K, 2) corners in order; the last is joined to the first.

    Returns:
        (N,) booleans.
    """
    inside = np.zeros(len(points_xy), bool)
    low, high = polygon_xy.min(0), polygon_xy.max(0)
    near = np.flatnonzero(((points_xy >= low) & (points_xy <= high)).all(1))  # NaN is not near
    x, y = points_xy[near].T
    odd = np.zeros(len(near), bool)
    for (x0, y0), (x1, y1) in zip(polygon_xy, np.roll(polygon_xy, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crossed = (y0 > y) != (y1 > y)
        odd ^= crossed & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    inside[near] = odd
    return inside


def pixel_weights(lens: Lens, grid: Grid) -> WeightImage:
    """What each pixel of the label map weighs: its solid angle, as a share of the central one's.

    A fisheye squeezes what is far from its axis into few pixels. Weighted by solid angle, a person
    who is turned about the camera keeps their weight, wherever they are in the picture. (The area
    in the rectified picture would be the other choice; it grows without bound towards 90 degrees.)
    The solid angle of a pixel is that of the two triangles of the rays through its corners, by Van
    Oosterom and Strackee (1983): ``tan(W / 2) = |a . (b x c)| / (1 + a . b + b . c + c . a)``.

    Returns:
        (H, W) float32; 1 everywhere without a calibration, 0 outside of a fisheye's range.
    """
    width, height = grid.label_wh
    if not lens.calibrated:
        return np.ones((height, width), np.float32)
    angle = pixel_solid_angles(lens, grid)
    at = lens_at(lens, grid.native_wh).matrix
    if at is None:
        raise ValueError("the lens has no matrix")
    # At the principal point a pixel of (1 / fx) x (1 / fy) is met at right angles.
    native = grid.native_wh[0] * grid.native_wh[1] / (width * height)
    central = native / (at[0][0] * at[1][1])
    return np.asarray(angle / central, np.float32)


def pixel_solid_angles(lens: Lens, grid: Grid) -> FloatArray:
    """(H, W) solid angle of each pixel of the label map in steradians; 0 outside of the range."""
    width, height = grid.label_wh
    corners_xy = grid.to_native(_lattice(width + 1, height + 1) - 0.5)
    rays = pixel_rays(corners_xy, lens_at(lens, grid.native_wh))
    rays = rays.reshape(height + 1, width + 1, 3)
    a, b, c, d = rays[:-1, :-1], rays[:-1, 1:], rays[1:, 1:], rays[1:, :-1]
    return np.nan_to_num(_triangle(a, b, c) + _triangle(a, c, d))


def _triangle(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """(...) solid angle between (..., 3) unit vectors."""
    volume = np.abs((a * np.cross(b, c)).sum(-1))
    rest = 1 + (a * b).sum(-1) + (b * c).sum(-1) + (c * a).sum(-1)
    return np.asarray(2 * np.arctan2(volume, rest), np.float64)


def _lattice(width: int, height: int) -> FloatArray:
    """(H * W, 2) whole numbers x, y, row by row."""
    xs, ys = np.meshgrid(np.arange(width), np.arange(height))
    return np.column_stack([xs.ravel(), ys.ravel()]).astype(np.float64)
