"""Light is freed from a view whatever it does alike; who comes into the view stays as they are."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.channels.channel_codes import TONE, CodeConfig, CodeReader
from camera_analysis.channels.tone_light import light_of, usual_picture

USUAL = np.random.default_rng(0).uniform(60, 160, (30, 40)).astype(np.float32)


@pytest.mark.parametrize("light", [0.5, 0.8, 1.0, 1.3])
def test_a_lamp_is_measured_as_the_factor_that_it_is(light):
    assert light_of(USUAL * np.float32(light), USUAL) == pytest.approx(light, rel=1e-3)


def test_somebody_who_fills_two_fifths_of_the_view_is_no_change_of_light():
    picture = USUAL.copy()
    picture[:, :16] = 20.0
    picture[:, 16:] *= np.float32(1.2)
    assert light_of(picture, USUAL) == pytest.approx(1.2, rel=0.02)


def test_a_black_view_is_no_division_by_zero():
    assert light_of(USUAL, np.zeros_like(USUAL)) == 1.0
    assert light_of(np.zeros_like(USUAL), USUAL) > 0


def test_the_usual_picture_is_that_of_most_clips_at_the_light_of_most():
    walker = USUAL.copy()
    walker[5:20, 5:15] = 10.0
    pictures = [walker, USUAL * np.float32(0.7), USUAL, USUAL, USUAL * np.float32(1.1)]
    np.testing.assert_allclose(usual_picture(pictures), USUAL, rtol=0.02)


def test_tones_are_the_same_by_another_lamp():
    ground = np.random.default_rng(1).integers(40, 180, (60, 90, 1), np.uint8)
    frame = np.repeat(ground, 3, axis=2)
    darker = (frame * 0.7).astype(np.uint8)
    usual = CodeReader(60, 90, CodeConfig()).picture(frame)
    reader = CodeReader(60, 90, CodeConfig(), usual)
    one, other = (reader.read(image).codes[TONE].astype(int) for image in (frame, darker))
    assert (np.abs(one - other) <= 1).all()
    plain = CodeReader(60, 90, CodeConfig())
    before, after = (plain.read(image).codes[TONE].astype(int) for image in (frame, darker))
    assert np.mean(one != other) < 0.2 < 0.9 < np.mean(before != after)
