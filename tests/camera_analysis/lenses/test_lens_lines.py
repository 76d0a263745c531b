from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.lenses.lens import rectify_points
from camera_analysis.lenses.lens_calibration import CalibrationLimits, CalibrationRefusedError
from camera_analysis.lenses.lens_lines import calibrate_lines, line_errors_px
from tests.camera_analysis.factories_lens import FISHEYE, PINHOLE, SIZE, edges


def bend(line):
    centred = line - line.mean(0)
    return np.abs(centred @ np.linalg.svd(centred)[2][1]).max()


def test_the_edges_of_a_room_give_a_fisheyes_focal_length():
    lines = edges(FISHEYE, jitter_px=0.3)
    found = calibrate_lines(lines, SIZE, "fisheye")
    assert found.error_px < 1
    assert found.lens.matrix[0][0] == pytest.approx(169, rel=0.06)
    assert max(bend(line) for line in lines) > 8
    assert max(bend(rectify_points(line, found.lens)) for line in lines) < 5


def test_edges_give_the_distortion_of_a_rectilinear_lens_for_a_given_focal_length():
    lines = edges(PINHOLE, jitter_px=0.1)
    found = calibrate_lines(lines, SIZE, "rectilinear", focal_px=380)
    assert found.lens.distortion[0] == pytest.approx(-0.22, abs=0.06)
    assert max(bend(line) for line in lines) > 2.5
    assert max(bend(rectify_points(line, found.lens)) for line in lines) < 1


def test_a_true_lens_makes_every_edge_straight():
    assert np.abs(line_errors_px(edges(FISHEYE), FISHEYE)).max() < 1e-6
    assert np.abs(line_errors_px(edges(PINHOLE), PINHOLE)).max() < 1e-2


def test_a_curve_taken_for_an_edge_is_refused_with_the_number():
    lines = edges(FISHEYE)
    angles = np.linspace(0, 3, 9)
    lines[0] = np.column_stack([240 + 60 * np.cos(angles), 180 + 60 * np.sin(angles)])
    with pytest.raises(CalibrationRefusedError, match=r"points lie \d+\.\d\d px .* at most 1 "):
        calibrate_lines(lines, SIZE, "fisheye")
    assert (
        calibrate_lines(lines, SIZE, "fisheye", limits=CalibrationLimits(max_error_px=50)).error_px
        > 1
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (edges(FISHEYE)[:2], "2 lines, 3 are needed"),
        ([line[:3] for line in edges(FISHEYE)], "a line of 3 points"),
        ([line + 400 for line in edges(FISHEYE)], "outside of"),
        ([np.column_stack([np.arange(9) * 20.0, np.full(9, 30.0 * n)]) for n in range(4)], "bends"),
    ],
)
def test_lines_that_say_too_little_are_refused(lines, says):
    with pytest.raises(CalibrationRefusedError, match=says):
        calibrate_lines(lines, SIZE, "fisheye")
