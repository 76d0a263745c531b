from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from camera_analysis.lenses.lens import pixel_rays
from camera_analysis.lenses.lens_calibration import (
    CalibrationLimits,
    CalibrationRefusedError,
    calibrate_chessboard,
    require_small_error,
)
from tests.camera_analysis.factories_lens import (
    FISHEYE,
    PATTERN,
    PINHOLE,
    POSES,
    SIZE,
    boards,
    draw_board,
)


def far_rays_agree(found, true, *, within_px):
    """Both lenses look in the same directions, near the edge as well; angles in centre pixels."""
    xs, ys = np.meshgrid(np.linspace(60, SIZE[0] - 60, 7), np.linspace(50, SIZE[1] - 50, 5))
    points = np.column_stack([xs.ravel(), ys.ravel()])
    apart = np.linalg.norm(pixel_rays(points, found) - pixel_rays(points, true), axis=1)
    assert (apart * true.matrix[0][0]).max() < within_px


@pytest.fixture(scope="module")
def fisheye_boards():
    return boards(FISHEYE)


def test_drawn_boards_give_a_fisheye_back(fisheye_boards):
    found = calibrate_chessboard(fisheye_boards, PATTERN, "fisheye")
    assert found.views == len(POSES)
    assert found.error_px < 0.3
    assert found.lens.matrix[0][0] == pytest.approx(170, rel=0.01)
    assert found.lens.matrix[1][1] == pytest.approx(168, rel=0.01)
    assert found.lens.matrix[0][2] == pytest.approx(236, abs=1)
    assert found.lens.matrix[1][2] == pytest.approx(183, abs=1)
    assert found.lens.distortion[0] == pytest.approx(-0.02, abs=0.02)
    assert found.lens.size_wh == SIZE
    far_rays_agree(found.lens, FISHEYE, within_px=2.5)


def test_drawn_boards_give_a_rectilinear_lens_back():
    poses = [(turn, (0.8 * x, 0.8 * y, 1.8 * z)) for turn, (x, y, z) in POSES]
    found = calibrate_chessboard(boards(PINHOLE, poses), PATTERN, "rectilinear")
    assert found.error_px < 0.2
    assert found.lens.matrix[0][0] == pytest.approx(380, rel=0.01)
    assert found.lens.matrix[0][2] == pytest.approx(243, abs=2)
    assert found.lens.distortion[0] == pytest.approx(-0.22, abs=0.02)


def test_the_wrong_kind_of_lens_is_refused_with_its_error(fisheye_boards):
    strict = CalibrationLimits(max_error_px=0.15)
    with pytest.raises(CalibrationRefusedError, match=r"points lie \d+\.\d\d px"):
        calibrate_chessboard(fisheye_boards, PATTERN, "rectilinear", strict)


def test_too_few_views_and_views_alike_are_refused_with_their_number(fisheye_boards):
    few = dict(list(fisheye_boards.items())[:3])
    with pytest.raises(CalibrationRefusedError, match="3 views that differ, 5 are needed"):
        calibrate_chessboard(few, PATTERN, "fisheye")
    alike = {f"{n}.png": fisheye_boards["0.png"] for n in range(5)}
    alike["empty.png"] = np.full((SIZE[1], SIZE[0]), 200, np.uint8)
    with pytest.raises(CalibrationRefusedError, match=r"1 views .* 1\.png: like 0\.png"):
        calibrate_chessboard(alike, PATTERN, "fisheye")


def test_a_board_that_was_only_held_in_the_middle_is_refused():
    places = [(0, 0), (-1.2, 0), (1.2, 0), (0, -1.2), (0, 1.2)]
    middle = {
        f"{n}": draw_board(FISHEYE, (0.4, 0.1 * n, 0), (x, y, 10.0))
        for n, (x, y) in enumerate(places)
    }
    with pytest.raises(CalibrationRefusedError, match=r"seen in \d+ % of the frame"):
        calibrate_chessboard(middle, PATTERN, "fisheye")


def test_pictures_of_several_sizes_none_and_no_pattern_are_refused(fisheye_boards):
    with pytest.raises(ValueError, match="several sizes"):
        calibrate_chessboard(
            {"a": fisheye_boards["0.png"], "b": np.zeros((9, 9), np.uint8)}, PATTERN, "fisheye"
        )
    with pytest.raises(CalibrationRefusedError, match="0 pictures"):
        calibrate_chessboard({}, PATTERN, "fisheye")
    with pytest.raises(ValueError, match="9x6"):
        calibrate_chessboard(fisheye_boards, (2, 5), "fisheye")


def test_an_error_that_is_no_number_is_refused():
    require_small_error(0.5, 1.0)
    with pytest.raises(CalibrationRefusedError):
        require_small_error(float("nan"), 1.0)


def test_views_that_opencv_cannot_solve_are_refused_and_not_let_through(
    fisheye_boards, monkeypatch
):
    def fails(*_args, **_kwargs):
        raise cv2.error("no inverse")

    monkeypatch.setattr(cv2, "calibrateCamera", fails)
    with pytest.raises(CalibrationRefusedError, match="do not determine a rectilinear lens"):
        calibrate_chessboard(fisheye_boards, PATTERN, "rectilinear")


def test_the_limits_are_the_ones_asked_for(fisheye_boards):
    lenient = replace(CalibrationLimits(), min_views=3)
    few = dict(list(fisheye_boards.items())[:4])
    assert calibrate_chessboard(few, PATTERN, "fisheye", lenient).views >= 3
