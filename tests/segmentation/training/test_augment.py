from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from segmentation.data import Sample
from segmentation.training.augment import (
    MAX_ENLARGEMENT,
    PADDING_RGB,
    Window,
    cut,
    draw_scale,
    random_crop,
)
from tests.segmentation.factories_split import TINY

#: Warps have tests of their own, in test_warping.
STILL = {"rotate_share": 0.0, "elastic_share": 0.0, "fisheye_share": 0.0}
CONFIG = replace(TINY, crop_px=64, min_person_px=16, max_person_px=48, **STILL)


def telling_sample(height, width):
    """An image that shows its own mask: white where human, black elsewhere."""
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, width // 3 : width // 2 + 1] = HUMAN
    image = np.repeat((mask * 255)[..., None], 3, axis=2)
    return Sample(sample_id="s", source="voc", image_hwc_rgb=image, mask_hw=mask)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 150), st.integers(20, 150))
def test_image_and_mask_move_together(seed, height, width):
    crop = random_crop(telling_sample(height, width), 0.25, CONFIG, np.random.default_rng(seed))
    assert crop.image_hwc_rgb.shape == (64, 64, 3)
    assert crop.mask_hw.shape == (64, 64)
    brightness = crop.image_hwc_rgb[..., 0]
    assert np.all(brightness[crop.mask_hw == HUMAN] > 40)  # edges are mixed where it shrinks
    assert np.all(brightness[crop.mask_hw == NOT_HUMAN] < 215)
    padded = crop.mask_hw == IGNORE
    outside = np.abs(crop.image_hwc_rgb.astype(int) - PADDING_RGB).max(axis=2) > 0
    assert not np.any(outside & padded) or np.mean(outside & padded) < 0.1  # borders are mixed


def test_a_window_inside_is_copied_exactly():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    mask = rng.integers(0, 2, (50, 60), dtype=np.uint8)
    sample = Sample(sample_id="s", source="voc", image_hwc_rgb=image, mask_hw=mask)
    crop = cut(sample, Window(x0=7, y0=3, width=32, height=32), 32)
    assert np.array_equal(crop.image_hwc_rgb, image[3:35, 7:39])
    assert np.array_equal(crop.mask_hw, mask[3:35, 7:39])


def test_what_lies_outside_is_ignored():
    sample = telling_sample(40, 40)
    crop = cut(sample, Window(x0=-10, y0=-20, width=64, height=64), 64)
    inside = np.zeros((64, 64), bool)
    inside[20:60, 10:50] = True
    assert np.all(crop.mask_hw[~inside] == IGNORE)
    assert np.all(crop.image_hwc_rgb[~inside] == PADDING_RGB)
    assert np.array_equal(crop.mask_hw[inside].reshape(40, 40), sample.mask_hw)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.floats(0.01, 1.0), st.integers(30, 2000))
def test_people_get_the_stated_height_within_bounds(seed, share, height):
    config = replace(CONFIG, crop_px=256, min_person_px=20, max_person_px=300)
    scale = draw_scale(height, height, share, config, np.random.default_rng(seed))
    smallest = min(0.85 * 256 / height, MAX_ENLARGEMENT)
    tall = share * height * scale
    assert smallest - 1e-9 <= scale <= MAX_ENLARGEMENT
    assert 20 - 1e-6 <= tall <= 300 + 1e-6 or scale in (smallest, MAX_ENLARGEMENT)


def test_person_centred_crops_show_a_person():
    config = replace(CONFIG, person_centred_share=1.0)
    sample = telling_sample(60, 400)
    for seed in range(20):
        crop = random_crop(sample, 0.25, config, np.random.default_rng(seed))
        assert np.any(crop.mask_hw == HUMAN)


def test_arguments_are_not_written_to():
    sample = telling_sample(50, 50)
    sample.image_hwc_rgb.setflags(write=False)
    sample.mask_hw.setflags(write=False)
    random_crop(sample, 0.25, CONFIG, np.random.default_rng(0))


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_same_generator_same_crop(share):
    sample = telling_sample(70, 90)
    first, again = (random_crop(sample, share, CONFIG, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.image_hwc_rgb, again.image_hwc_rgb)
    assert np.array_equal(first.mask_hw, again.mask_hw)
