from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional

from segmentation.training.colours import (
    LUMA,
    hue_matrix,
    recolour,
    saturation_matrix,
    tone_curve,
)
from tests.segmentation.factories_split import TINY

CONFIG = replace(TINY, crop_px=64)


def drawn_image(seed=1, size=32):
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_colours_stay_in_range_and_follow_the_generator(seed):
    config = replace(CONFIG, grey_share=0.5, blur_share=0.5, noise_share=0.5)
    image = drawn_image()
    first = recolour(image, config, np.random.default_rng(seed))
    again = recolour(image, config, np.random.default_rng(seed))
    assert first.shape == (3, 32, 32)
    assert first.dtype == torch.float32
    assert 0 <= float(first.min()) <= float(first.max()) <= 1
    assert torch.equal(first, again)


def test_grey_images_have_one_colour():
    config = replace(CONFIG, grey_share=1.0, noise_share=0.0, low_light_share=0.0)
    image = drawn_image(size=8)
    grey = recolour(image, config, np.random.default_rng(0))
    assert torch.equal(grey[0], grey[1])
    assert torch.equal(grey[0], grey[2])


def test_the_image_is_not_written_to():
    image = drawn_image()
    before = image.copy()
    image.setflags(write=False)
    recolour(image, CONFIG, np.random.default_rng(0))
    assert np.array_equal(before, image)


@pytest.mark.parametrize(("brightness", "contrast", "gamma"), [(1.3, 0.7, 1.2), (0.7, 1.4, 0.8)])
def test_the_curve_is_torchvisions_three_steps(brightness, contrast, gamma):
    image = drawn_image()
    steps = torch.from_numpy(image).permute(2, 0, 1) / 255
    steps = functional.adjust_brightness(steps, brightness)
    steps = functional.adjust_contrast(steps, contrast)
    steps = functional.adjust_gamma(steps, gamma)
    curve = tone_curve(image, brightness=brightness, contrast=contrast, gamma=gamma)
    assert curve[image].transpose(2, 0, 1) == pytest.approx(steps.numpy(), abs=1e-3)


def test_the_curve_that_changes_nothing():
    curve = tone_curve(drawn_image(), brightness=1.0, contrast=1.0, gamma=1.0)
    assert curve == pytest.approx(np.arange(256) / 255)


@given(st.floats(0, 2))
def test_saturation_keeps_grey_and_luma(factor):
    matrix = saturation_matrix(factor)
    assert matrix @ np.full(3, 0.4) == pytest.approx(np.full(3, 0.4))
    assert LUMA @ matrix == pytest.approx(LUMA)


def test_without_saturation_red_is_as_grey_as_it_is_bright():
    assert saturation_matrix(0.0) @ [1.0, 0.0, 0.0] == pytest.approx([0.299] * 3)
    assert saturation_matrix(1.0) == pytest.approx(np.eye(3))


def test_a_third_of_the_colour_circle_makes_red_green():
    assert hue_matrix(1 / 3) @ [0.6, 0.0, 0.0] == pytest.approx([0.0, 0.6, 0.0])


@given(st.floats(-0.5, 0.5))
def test_turned_colours_keep_grey_and_brightness(turn):
    matrix = hue_matrix(turn)
    assert matrix.sum(axis=0) == pytest.approx(np.ones(3))
    assert matrix @ np.full(3, 0.4) == pytest.approx(np.full(3, 0.4))
