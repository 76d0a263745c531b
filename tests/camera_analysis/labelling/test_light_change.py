from __future__ import annotations

import cv2
import numpy as np
import pytest

from camera_analysis.labelling.light_change import LightConfig, light_change, shadow

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


def test_a_shadow_is_even_dark_and_smooth():
    residual = np.zeros((60, 120, 3), np.float32)
    residual[20:50, 10:40] = -0.3  # a shadow
    residual[20:50, 50:80] = (-0.4, -0.1, -0.1)  # a coat in a colour
    residual[20:50, 90:110] = -1.6  # a black coat
    taken = shadow(residual, CONFIG)
    rest = np.abs(residual - taken[..., None]).max(axis=2)
    assert rest[25:45, 15:35].max() < 1e-6
    assert rest[25:45, 55:75].min() > 0.175  # a mover still
    assert rest[25:45, 95:105].min() > 0.175
    assert taken[:10].max() == taken[:10].min() == 0


def test_what_is_lighter_or_checked_is_no_shadow():
    lighter = np.full((20, 20, 3), 0.3, np.float32)
    assert not shadow(lighter, CONFIG).any()
    checked = np.full((20, 20, 3), -0.1, np.float32)
    checked[::2, ::2] = -0.6
    assert not shadow(checked, CONFIG).any()
