from __future__ import annotations

import cv2
import numpy as np
import pytest

from camera_analysis.lenses.lens import (
    Lens,
    crop_lens,
    lens_at,
    pixel_rays,
    rectify_frame,
    rectify_points,
)

MATRIX = ((100.0, 0.0, 64.0), (0.0, 100.0, 32.0), (0.0, 0.0, 1.0))


def test_without_calibration_pixels_stay():
    frame = np.arange(48, dtype=np.uint8).reshape(6, 8)
    straight = rectify_frame(frame, Lens())
    assert (straight == frame).all()
    assert straight is not frame
    assert rectify_points([(3, 4)], Lens()).tolist() == [[3, 4]]


@pytest.mark.parametrize("kind", ["rectilinear", "fisheye"])
def test_the_centre_stays_and_barrel_distortion_is_pushed_outwards(kind):
    bend = (-0.2, 0.0, 0.0, 0.0) if kind == "rectilinear" else (0.0, 0.0, 0.0, 0.0)
    lens = Lens(kind=kind, matrix=MATRIX, distortion=bend)
    centre, edge = rectify_points([(64, 32), (114, 32)], lens)
    assert np.allclose(centre, (64, 32), atol=1e-3)
    assert edge[0] > 115  # a fisheye's 50 pixels are an angle, whose tangent is larger
    assert rectify_frame(np.full((64, 128, 3), 9, np.uint8), lens).shape == (64, 128, 3)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kind": "pinhole"}, "lens.kind"),
        ({"matrix": ((1.0, 0.0), (0.0, 1.0))}, "3x3"),
        ({"matrix": ((0.0, 0, 1), (0, 1, 1), (0, 0, 1))}, "focal"),
        ({"matrix": MATRIX, "kind": "fisheye", "distortion": (0.1,)}, "expected one of"),
        ({"matrix": MATRIX, "distortion": (0.1, np.nan, 0, 0)}, "finite numbers"),
    ],
)
def test_impossible_calibrations_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        Lens(**settings)


FISHEYE = Lens(
    kind="fisheye",
    matrix=((150.0, 0.0, 160.0), (0.0, 148.0, 118.0), (0.0, 0.0, 1.0)),
    distortion=(-0.03, 0.006, -0.002, 0.0003),
    size_wh=(320, 240),
)


def test_a_fisheye_that_keeps_angles_sees_sideways_and_behind():
    lens = Lens(kind="fisheye", matrix=MATRIX, distortion=(0.0,) * 4)
    quarter = 100 * np.pi / 2
    rays = pixel_rays([(64, 32), (64 + quarter, 32), (64, 32 - 1.2 * quarter)], lens)
    assert np.allclose(rays[:2], [(0, 0, 1), (1, 0, 0)], atol=1e-9)
    assert rays[2, 2] < 0  # 108 degrees from the axis
    assert np.isnan(rectify_points([(64 + quarter, 32)], lens)).all()


def test_rays_of_both_kinds_project_back_to_their_pixels():
    bent = Lens(matrix=MATRIX, distortion=(-0.12, 0.03, 0.001, -0.002))
    points = np.array([(70.0, 40.0), (20, 10), (64, 32), (110, 55)])
    origin = np.zeros(3)
    rays = pixel_rays(points, bent)
    back, _ = cv2.projectPoints(
        rays, origin, origin, np.array(bent.matrix), np.array(bent.distortion)
    )
    assert np.allclose(back[:, 0], points, atol=1e-4)
    wide = pixel_rays(2 * points, FISHEYE)
    back, _ = cv2.fisheye.projectPoints(
        wide[:, None], origin, origin, np.array(FISHEYE.matrix), np.array(FISHEYE.distortion)
    )
    assert np.allclose(back[:, 0], 2 * points, atol=1e-6)


def test_beyond_the_range_of_the_polynomial_there_is_no_ray():
    lens = Lens(kind="fisheye", matrix=MATRIX, distortion=(-0.3, 0.0, 0.0, 0.0))
    rays = pixel_rays([(64 + 60, 32), (64 + 90, 32)], lens)  # the radius never exceeds 70.3
    assert np.isfinite(rays[0]).all()
    assert np.isnan(rays[1]).all()


def test_cropping_and_then_rectifying_equals_rectifying_and_then_cropping():
    frame = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    smooth = cv2.GaussianBlur(frame, (0, 0), 3)
    frame = cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX)
    x0, y0, x1, y1 = box = (10, 10, 200, 170)
    whole = rectify_frame(frame, FISHEYE)[y0:y1, x0:x1]
    part = rectify_frame(np.ascontiguousarray(frame[y0:y1, x0:x1]), crop_lens(FISHEYE, box))
    inside = np.s_[15:-15, 15:-15]  # nearer to the border the crop lacks what the frame has
    assert np.abs(whole[inside].astype(int) - part[inside]).max() <= 2
    wrong = rectify_frame(np.ascontiguousarray(frame[y0:y1, x0:x1]), lens_at_centre(190, 160))
    assert np.abs(whole[inside].astype(int) - wrong[inside]).max() > 20


def lens_at_centre(width: int, height: int) -> Lens:
    """The mistake that a moved principal point mends: the axis taken for the crop's centre."""
    (fx, skew, _), (zero, fy, _), last = FISHEYE.matrix
    matrix = ((fx, skew, width / 2), (zero, fy, height / 2), last)
    return Lens(kind="fisheye", matrix=matrix, distortion=FISHEYE.distortion)


def test_a_smaller_stream_of_the_same_view_looks_in_the_same_directions():
    half = lens_at(FISHEYE, (160, 120))
    full_xy = np.array([(10.0, 20.0), (300.0, 200.0)])
    half_xy = (full_xy + 0.5) / 2 - 0.5
    assert np.allclose(pixel_rays(full_xy, FISHEYE), pixel_rays(half_xy, half), atol=1e-9)
    assert lens_at(Lens(), (5, 5)) == Lens()


def test_frames_of_another_shape_and_empty_crops_are_refused():
    with pytest.raises(ValueError, match=r"calibrated with frames of \(320, 240\)"):
        lens_at(FISHEYE, (320, 180))
    with pytest.raises(ValueError, match="is empty"):
        crop_lens(FISHEYE, (5, 5, 5, 9))
