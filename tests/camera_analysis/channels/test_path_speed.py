"""Speeds along paths, on a grid of one row in which one place moves."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.channels.channel_codes import ABSENT, SPEED, CodeConfig, CodeReader
from camera_analysis.channels.path_speed import PathSpeed
from tests.camera_analysis.channels.test_channels import textured

GRID_PX = 4


def moving(place: int, speed: float, step_x: float) -> tuple[np.ndarray, np.ndarray]:
    """Speed and flow of a frame in which one of eight places moves."""
    speeds, steps = np.zeros((1, 8), np.float32), np.zeros((1, 8, 2), np.float32)
    speeds[0, place], steps[0, place, 0] = speed, step_x
    return speeds, steps


def means(meter: PathSpeed, frames: list[tuple[int, float]], step_x: float) -> list[float]:
    """Mean at the place that moves, frame by frame."""
    return [float(meter.mean(*moving(place, speed, step_x))[0, place]) for place, speed in frames]


def test_a_flash_is_a_third_of_itself_and_what_lasts_is_all_of_it():
    # Three frames of a tenth of a second; a place to the right in each.
    flash = means(PathSpeed(10.0, GRID_PX), [(0, 4.0), (1, 4.0), (2, 4.0), (3, 10.0)], 4.0)
    assert flash == pytest.approx([4.0, 4.0, 4.0, 6.0])
    lasting = means(PathSpeed(10.0, GRID_PX), [(n, 10.0) for n in range(6)], 4.0)
    assert lasting == pytest.approx([10.0] * 6)


def test_the_oldest_frame_is_forgotten_by_a_third_each_time():
    # (1) -> (1 + 4) / 2 -> (1 + 4 + 4) / 3 -> (2 / 3 * 9 + 4) / 3
    slow_first = means(PathSpeed(10.0, GRID_PX), [(0, 1.0), (1, 4.0), (2, 4.0), (3, 4.0)], 4.0)
    assert slow_first == pytest.approx([1.0, 2.5, 3.0, 10 / 3])


def test_speed_is_taken_over_from_where_the_thing_came_from_not_from_the_place():
    meter = PathSpeed(10.0, GRID_PX)
    means(meter, [(2, 9.0), (2, 9.0)], 0.0)
    assert means(meter, [(2, 3.0)], 4.0) == pytest.approx([3.0])  # it came from place 1
    # Half a place: half of a frame of what is on either side, and this frame.
    meter = PathSpeed(10.0, GRID_PX)
    means(meter, [(2, 9.0)], 0.0)
    assert means(meter, [(3, 3.0)], 2.0) == pytest.approx([(0.5 * 9 + 3) / 1.5])


def test_nothing_moves_nothing_is_kept():
    meter = PathSpeed(10.0, GRID_PX)
    means(meter, [(2, 9.0)], 0.0)
    nothing = meter.mean(np.zeros((1, 8), np.float32), np.zeros((1, 8, 2), np.float32))
    assert not nothing.any()
    assert means(meter, [(2, 3.0)], 0.0) == pytest.approx([3.0])


@pytest.mark.parametrize("fps", [0.0, 2.0, 4.0])
def test_frames_that_lie_far_apart_stand_alone(fps):
    assert means(PathSpeed(fps, GRID_PX), [(2, 9.0), (2, 3.0)], 0.0) == pytest.approx([9.0, 3.0])


def test_codes_of_a_clip_are_along_the_path_and_those_of_single_frames_are_not():
    places = (20, 22, 24, 32)  # 2, 2, then 8 pixels a frame
    codes = {}
    for fps in (0.0, 10.0):
        reader = CodeReader(80, 120, CodeConfig(), fps=fps)
        codes[fps] = [reader.read(textured(left)).codes[SPEED] for left in places]
    inside = (slice(7, 11), slice(9, 12))
    alone, along = (np.median(codes[fps][-1][inside]) for fps in (0.0, 10.0))
    assert alone - along == pytest.approx(6, abs=2)  # 8 for 4 pixels: an octave of 6 steps
    assert ((codes[0.0][-1] == ABSENT) == (codes[10.0][-1] == ABSENT)).all()
