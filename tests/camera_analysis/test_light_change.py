from __future__ import annotations

import cv2
import numpy as np
import pytest

from camera_analysis.light_change import LightConfig, light_change

CONFIG = LightConfig()
SHAPE = (96, 144, 3)


@pytest.fixture(scope="module")
def wall():
    """Log brightness of a textured view."""
    spots = np.random.default_rng(4).random(SHAPE, np.float32) - 0.5
    return (4.5 + 3 * cv2.GaussianBlur(spots, (0, 0), 1.5)).astype(np.float32)


@pytest.mark.parametrize("offset", [0.0, 0.05, -0.5, 0.4])
def test_a_change_of_all_the_light_is_found(wall, offset):
    change = np.full(SHAPE, offset, np.float32)
    assert np.allclose(light_change(change, wall, CONFIG), offset, atol=0.01)


@pytest.mark.parametrize(("share", "offset"), [(0.3, 0.0), (0.6, 0.0), (0.4, -0.4)])
def test_somebody_close_to_the_camera_is_no_change_of_light(wall, share, offset):
    change = np.full(SHAPE, offset, np.float32)
    covered = slice(0, round(share * SHAPE[1]))
    change[:, covered] = 3.0 - wall[:, covered]  # one dark coat
    assert np.allclose(light_change(change, wall, CONFIG), offset, atol=0.03)


def test_a_lamp_of_its_own_lights_a_part_of_the_view(wall):
    change = np.zeros(SHAPE, np.float32)
    change[:, 96:] = 0.5
    field = light_change(change, wall, CONFIG)
    assert np.allclose(field[:, 128:], 0.5, atol=0.1)
    assert np.allclose(field[:, :64], 0.0, atol=0.1)


def test_no_light_changes_more_than_the_largest_change(wall):
    change = np.full(SHAPE, -3.0, np.float32)
    assert light_change(change, wall, CONFIG).min() >= -CONFIG.largest - 1e-6
