from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.lenses.lens import Lens, rectify_points
from camera_analysis.occupancy.roi_masks import (
    Grid,
    pixel_solid_angles,
    pixel_weights,
    points_in_polygon,
    roi_masks,
)
from camera_analysis.occupancy.rois import Roi

SQUARE = ((1.5, 0.5), (4.5, 0.5), (4.5, 2.5), (1.5, 2.5))
FISHEYE = Lens(
    kind="fisheye",
    matrix=((40.0, 0.0, 79.5), (0.0, 40.0, 59.5), (0.0, 0.0, 1.0)),
    distortion=(0.0,) * 4,
    size_wh=(160, 120),
)


def test_a_polygon_holds_the_pixels_whose_centres_it_holds():
    (mask,) = roi_masks(
        [Roi(name="a", polygon_xy=SQUARE)], Lens(), Grid(native_wh=(6, 4), label_wh=(6, 4))
    )
    assert mask.inside_hw.astype(int).tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 0],
        [0, 0, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ]


def test_polygons_are_in_pixels_of_the_full_frame():
    full = [Roi(name="a", polygon_xy=((-0.5, -0.5), (5.5, -0.5), (5.5, 3.5), (-0.5, 3.5)))]
    (mask,) = roi_masks(full, Lens(), Grid(native_wh=(12, 8), label_wh=(6, 4)))
    assert mask.inside_hw.sum() == 3 * 2


def test_centres_of_label_pixels_lie_in_the_middle_of_what_they_were_reduced_from():
    grid = Grid(native_wh=(12, 8), label_wh=(6, 4))  # two by two pixels each
    assert grid.to_native(np.array([[0.0, 0.0], [5.0, 3.0]])).tolist() == [[0.5, 0.5], [10.5, 6.5]]


def test_a_region_in_rectified_pixels_lies_where_its_pixels_look():
    grid = Grid(native_wh=(160, 120), label_wh=(160, 120))
    corners = np.array([(30.0, 30.0), (60, 30), (60, 60), (30, 60)])
    straight = tuple(map(tuple, rectify_points(corners, FISHEYE).tolist()))
    raw, rectified = roi_masks(
        [
            Roi(name="raw", polygon_xy=tuple(map(tuple, corners.tolist()))),
            Roi(name="rectified", polygon_xy=straight, space="rectified"),
        ],
        FISHEYE,
        grid,
    )
    both = (raw.inside_hw & rectified.inside_hw).sum()
    either = (raw.inside_hw | rectified.inside_hw).sum()
    assert 0.75 < both / either < 1  # the same corners, joined by other lines
    assert rectified.inside_hw[45, 45]
    assert not rectified.inside_hw[60, 80]


def test_a_region_outside_of_the_frame_is_refused_by_name():
    far = Roi(name="far", polygon_xy=((500, 500), (600, 500), (600, 600)))
    with pytest.raises(ValueError, match=r"region 'far' lies outside of the 160x120"):
        roi_masks([far], Lens(), Grid(native_wh=(160, 120), label_wh=(80, 60)))


def test_nan_and_holes_by_the_even_odd_rule():
    star = np.array([(0.0, 0), (4, 0), (4, 4), (0, 4), (0, 1), (3, 1), (3, 3), (0, 3)])
    points = np.array([(3.5, 2.0), (1.5, 2.0), (np.nan, 1.0)])
    assert points_in_polygon(points, star).tolist() == [True, False, False]


def test_without_a_calibration_all_pixels_weigh_the_same():
    assert (pixel_weights(Lens(), Grid(native_wh=(9, 6), label_wh=(3, 2))) == 1).all()


def test_the_solid_angles_of_a_view_add_up_to_that_of_its_pyramid():
    flat = Lens(matrix=((100.0, 0, 79.5), (0, 100.0, 59.5), (0, 0, 1.0)), size_wh=(160, 120))
    a, b = 0.8, 0.6  # tangents of half the view: 80 and 60 pixels at a focal length of 100
    pyramid = 4 * np.arcsin(a * b / np.sqrt((1 + a * a) * (1 + b * b)))
    grid = Grid(native_wh=(160, 120), label_wh=(80, 60))
    assert pixel_solid_angles(flat, grid).sum() == pytest.approx(pyramid, rel=1e-6)


def test_a_fisheye_that_shows_half_a_sphere_shows_two_pi():
    grid = Grid(native_wh=(160, 120), label_wh=(160, 120))
    xs, ys = np.meshgrid(np.arange(160) - 79.5, np.arange(120) - 59.5)
    within = np.hypot(xs, ys) < 40 * 1.4  # 1.4 rad from the axis
    cap = 2 * np.pi * (1 - np.cos(1.4))
    assert pixel_solid_angles(FISHEYE, grid)[within].sum() == pytest.approx(cap, rel=0.01)


def test_the_central_pixel_weighs_one_and_those_of_a_fisheyes_edge_less():
    weights = pixel_weights(FISHEYE, Grid(native_wh=(320, 240), label_wh=(160, 120)))
    assert weights[60, 80] == pytest.approx(1, abs=1e-3)
    assert weights[60, 80 + 60] == pytest.approx(np.sin(1.5) / 1.5, rel=0.02)  # r = f theta
