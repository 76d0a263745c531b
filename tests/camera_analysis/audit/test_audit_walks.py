"""A drawn walker, whose track is known, is looked for in open and in hidden video."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.audit.audit_hiding import hide_people
from camera_analysis.audit.audit_people import AuditFrame
from camera_analysis.audit.audit_walks import WalkFrames, walks_found
from camera_analysis.labelling.motion import MotionConfig, learn_plate
from tests.camera_analysis.factories_private import HEIGHT, WIDTH, frame_of, walker

STEP_S = 0.2


def walk(frames: int) -> WalkFrames:
    """The walker, 50 px high, two pixels to the right a frame, five frames a second."""
    plate = learn_plate([frame_of(step, empty=True) for step in range(5)], MotionConfig())
    made = []
    for step in range(frames):
        tracks = np.zeros((HEIGHT, WIDTH), np.int32)
        tracks[walker(step)] = 1
        made.append(
            AuditFrame(
                sequence="room",
                frame_rgb=frame_of(step),
                people_hw=tracks > 0,
                tracks_hw=tracks,
                plate=plate,
            )
        )
    return WalkFrames(frames=made, step_s=STEP_S)


def test_an_open_walk_is_found_where_it_was():
    found = walks_found([walk(20)], lambda frame: frame.frame_rgb)
    assert (found.walks, found.found) == (1, 1)
    assert found.foot_error_px == pytest.approx(0, abs=1.5)


def test_squares_leave_the_walk_and_the_empty_place_does_not():
    squares = walks_found([walk(20)], lambda frame: hide_people(frame, "hash", 0.05))
    assert (squares.walks, squares.found) == (1, 1)
    assert squares.foot_error_px < 4
    gone = walks_found([walk(20)], lambda frame: hide_people(frame, "blank", 0.05))
    assert (gone.walks, gone.found, gone.foot_error_px) == (1, 0, None)


def test_a_foot_point_that_is_shown_elsewhere_is_off_by_as_much():
    def three_pixels_down(frame):
        return np.roll(frame.frame_rgb, 3, axis=0)

    moved = [
        AuditFrame(
            sequence="room",
            frame_rgb=one.frame_rgb,
            people_hw=one.people_hw,
            tracks_hw=one.tracks_hw,
            plate=learn_plate(
                [np.roll(frame_of(step, empty=True), 3, axis=0) for step in range(5)],
                MotionConfig(),
            ),
        )
        for one in walk(12).frames
    ]
    found = walks_found([WalkFrames(frames=moved, step_s=STEP_S)], three_pixels_down)
    assert found.found == 1
    assert found.foot_error_px == pytest.approx(3, abs=1.5)


def test_less_than_a_second_is_no_walk():
    assert walks_found([walk(4)], lambda frame: frame.frame_rgb).walks == 0
