from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.labelling.motion import MotionConfig, difference_sigma, learn_plate, mover_mask
from camera_analysis.labelling.plate_memory import remember
from tests.camera_analysis.factories_scene import noisy, room, walker_box, with_walker

CONFIG = MotionConfig()
HOUR = 3600.0


def learned(frame, seed):
    return learn_plate([noisy(frame, seed + n) for n in range(12)], CONFIG)


@pytest.fixture(scope="module")
def empty():
    return remember(learned(room(), 0), None, 0.0, CONFIG)


def covered(frame, memory):
    """Share of the walker's box that is seen to move."""
    x0, y0, x1, y1 = walker_box(9)
    sigma = difference_sigma(noisy(frame, 99), memory.plate, CONFIG)
    return mover_mask(sigma, CONFIG)[y0:y1, x0:x1].mean()


@pytest.mark.parametrize("gain", [1.0, 0.7])
def test_who_stands_still_for_a_whole_file_stays_a_mover(empty, gain):
    standing = np.clip(with_walker(room(), 9) * gain, 0, 255).astype(np.uint8)
    alone = remember(learned(standing, 50), None, 0.0, CONFIG)
    known = remember(learned(standing, 50), empty, HOUR, CONFIG)
    assert covered(standing, alone) < 0.1  # dissolved into the background
    assert covered(standing, known) > 0.8
    x0, y0, x1, y1 = walker_box(9)
    back = known.plate.rgb[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].astype(float)
    assert np.abs(back - gain * room()[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]).mean() < 8


def test_furniture_that_stays_is_background_after_some_hours(empty):
    moved = with_walker(room(), 9)
    memory, shown = empty, []
    for hour in range(6):
        memory = remember(learned(moved, 100 * hour), memory, HOUR, CONFIG)
        shown.append(covered(moved, memory))
    assert shown[0] > 0.8
    assert shown[3] > 0.8
    assert shown[4] < 0.1


def test_who_leaves_in_the_next_file_leaves_no_ghost(empty):
    with_somebody = remember(learned(with_walker(room(), 9), 50), None, 0.0, CONFIG)
    after = remember(learned(room(), 70), with_somebody, HOUR, CONFIG)
    assert covered(room(), after) == 0
    assert not after.unseen_s.any()


def test_a_patch_of_sun_is_no_mover(empty):
    sunny = room().astype(float)
    sunny[20:50, 30:70] *= 1.3
    sunny = np.clip(sunny, 0, 255).astype(np.uint8)
    memory = remember(learned(sunny, 30), empty, HOUR, CONFIG)
    sigma = difference_sigma(noisy(sunny, 9), memory.plate, CONFIG)
    assert not mover_mask(sigma, CONFIG).any()
