"""Stiffness of drawn things: a block that glides, and one whose legs swing under it."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from camera_analysis.channels.stiffness import StiffnessMeter

SIZE_HW = (80, 200)
FPS = 10.0
BODY = np.random.default_rng(1).integers(0, 255, (24, 16)).astype(np.float32)


def frames(*, legs: bool, speed: float, count: int = 20) -> Iterator[np.ndarray]:
    """Grey frames: a textured body, and below it a block or two legs that open and close."""
    noise = np.random.default_rng(2)
    body = cv2.GaussianBlur(BODY, (5, 5), 0)
    for number in range(count):
        frame = np.full(SIZE_HW, 120, np.float32)
        x = 20 + round(speed * number)
        frame[20:44, x : x + 16] = body
        swing = round(6 * abs(np.sin(np.pi * number / 5))) if legs else 4
        for left in (x + 6 - swing, x + 8 + swing):
            frame[44:64, left : left + 4] = 20
        yield np.clip(frame + noise.normal(0, 2, SIZE_HW), 0, 255).astype(np.uint8)


def measured(*, legs: bool, speed: float, fps: float = FPS) -> list[float]:
    """The largest stiffness of each frame, by a movement that is known exactly."""
    meter, found = StiffnessMeter(fps), []
    for number, grey in enumerate(frames(legs=legs, speed=speed)):
        moving = np.zeros(SIZE_HW, bool)
        x = 20 + round(speed * number)
        moving[18:66, x - 4 : x + 20] = True
        flow = np.zeros((*SIZE_HW, 2), np.float32)
        flow[moving] = (speed, 0)
        parts, stiffness = meter.measure(grey, moving, flow)
        assert not any(parts[~moving])
        found.append(float(stiffness.max()))
    return found


def test_what_glides_is_stiffer_than_what_walks():
    gliding, walking = (measured(legs=legs, speed=3)[3:] for legs in (False, True))
    assert np.median(gliding) > 6
    assert 0 < np.median(walking) < np.median(gliding) / 2


def test_of_a_clip_s_first_frames_nothing_is_known():
    gliding = measured(legs=False, speed=3)
    apart = 3  # frames between the two pictures
    assert not any(gliding[:apart])
    assert all(gliding[apart:])


def test_nothing_is_said_of_what_stays_or_where_frames_lie_far_apart():
    assert not any(measured(legs=False, speed=0))
    assert not any(measured(legs=False, speed=3, fps=1.0))
    assert not any(measured(legs=False, speed=3, fps=0.0))


@pytest.mark.parametrize("way", [-1, 1])
def test_what_comes_from_outside_the_picture_is_unknown(way):
    meter = StiffnessMeter(FPS)
    grey = np.random.default_rng(0).integers(0, 255, SIZE_HW).astype(np.uint8)
    moving = np.ones(SIZE_HW, bool)
    flow = np.full((*SIZE_HW, 2), 3.0 * way, np.float32)
    for _ in range(12):
        _, stiffness = meter.measure(grey, moving, flow)
    assert not stiffness.any()


def test_two_that_touch_and_pass_each_other_are_two_things():
    meter = StiffnessMeter(FPS)
    grey = np.zeros(SIZE_HW, np.uint8)
    moving = np.zeros(SIZE_HW, bool)
    moving[20:50, 40:80] = True
    flow = np.zeros((*SIZE_HW, 2), np.float32)
    flow[:, :60], flow[:, 60:] = (2, 0.3), (-2, 0.1)
    parts, _ = meter.measure(grey, moving, flow)
    assert parts[30, 45] != parts[30, 75]
    assert min(parts[30, 45], parts[30, 75]) > 0
    flow[:, 60:] = (3, 0.1)  # beside each other
    parts, _ = meter.measure(grey, moving, flow)
    assert parts[30, 45] == parts[30, 75]
