from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.lens import Lens, rectify_frame, rectify_points

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
    ],
)
def test_impossible_calibrations_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        Lens(**settings)
