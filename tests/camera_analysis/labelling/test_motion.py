from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.labelling.motion import (
    MotionConfig,
    clean_mask,
    difference_sigma,
    learn_plate,
    mover_mask,
)
from tests.camera_analysis.factories_scene import noisy, room, walker_box, with_walker

CONFIG = MotionConfig()


@pytest.fixture(scope="module")
def plate():
    scene = room()
    return learn_plate([noisy(with_walker(scene, n), n) for n in range(41)], CONFIG)


def movers(frame, plate):
    return mover_mask(difference_sigma(frame, plate, CONFIG), CONFIG)


def overlap(mask, step):
    x0, y0, x1, y1 = walker_box(step)
    truth = np.zeros(mask.shape, bool)
    truth[y0:y1, x0:x1] = True
    return (mask & truth).sum() / (mask | truth).sum()


def test_the_plate_forgets_who_walks_through(plate):
    assert np.abs(plate.rgb.astype(int) - room()).max() <= 6
    assert plate.samples == 41


@pytest.mark.parametrize("step", [3, 9, 17])
def test_the_walker_is_found_and_nothing_else(plate, step):
    mask = movers(noisy(with_walker(room(), step), 100 + step), plate)
    assert overlap(mask, step) > 0.75


def test_an_empty_room_has_no_movers(plate):
    assert not movers(noisy(room(), 77), plate).any()


@pytest.mark.parametrize("gain", [0.6, 0.8, 1.15])
def test_light_that_changes_is_no_mover_and_hides_none(plate, gain):
    dimmed = np.clip(room() * gain, 0, 255).astype(np.uint8)
    assert movers(noisy(dimmed, 5), plate).mean() < 0.01
    walked = np.clip(with_walker(room(), 9) * gain, 0, 255).astype(np.uint8)
    assert overlap(movers(noisy(walked, 6), plate), 9) > 0.6


def test_holes_are_filled_and_specks_dropped():
    ring = np.zeros((40, 40), bool)
    ring[10:20, 10:20] = True
    ring[13:17, 13:17] = False
    ring[30, 30] = True
    cleaned = clean_mask(ring, 0.005)
    assert cleaned[14, 14]
    assert not cleaned[30, 30]
    assert cleaned.sum() == 100
    assert ring[30, 30]  # the argument is left alone


def test_a_plate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        learn_plate([], CONFIG)
