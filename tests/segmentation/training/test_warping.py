from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from segmentation.data import Sample
from segmentation.training.augment import Window, cut, cut_warped, random_crop
from segmentation.training.warping import PADDING_RGB, Warp, draw_warp, source_points, warped
from tests.segmentation.factories_split import TINY

CONFIG = replace(TINY, crop_px=64, min_person_px=16, max_person_px=48)
KINDS = ("rotate_share", "elastic_share", "fisheye_share")
STILL = dict.fromkeys(KINDS, 0.0)


def telling_sample(height, width, *, ignored=False):
    """An image that shows its own mask: white where human, grey where ignored, else black."""
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : 3 * height // 4, width // 3 : 2 * width // 3] = HUMAN
    if ignored:
        mask[: height // 6] = IGNORE
    grey = np.select([mask == HUMAN, mask == IGNORE], [255, 128]).astype(np.uint8)
    image = np.repeat(grey[..., None], 3, axis=2)
    return Sample(sample_id="s", source="voc", image_hwc_rgb=image, mask_hw=mask)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(64, 150), st.integers(64, 150))
def test_image_and_mask_move_together(kind, seed, height, width):
    config = replace(CONFIG, **{**STILL, kind: 1.0})
    sample = telling_sample(height, width, ignored=True)
    crop = random_crop(sample, 0.5, config, np.random.default_rng(seed))
    assert crop.image_hwc_rgb.shape == (64, 64, 3)
    assert set(np.unique(crop.mask_hw)) <= {NOT_HUMAN, HUMAN, IGNORE}
    brightness = crop.image_hwc_rgb[..., 0].astype(int)
    shown = {NOT_HUMAN: 0, HUMAN: 255}
    for label, value in shown.items():
        inside = _eroded(crop.mask_hw == label)  # edges are mixed where pixels are resampled
        assert np.all(np.abs(brightness[inside] - value) <= 2)


def _eroded(inside):
    padded = np.pad(inside, 3)
    shifts = [(y, x) for y in range(7) for x in range(7)]
    return np.all([padded[y : y + 64, x : x + 64] for y, x in shifts], axis=0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_what_comes_from_outside_the_picture_is_ignored(seed):
    rng = np.random.default_rng(seed)
    image = np.full((64, 64, 3), 250, np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    warp = draw_warp(replace(CONFIG, **dict.fromkeys(KINDS, 1.0)), rng)
    moved, labels = warped(image, mask, warp, 64)
    x, y = source_points(warp, 64, 64)
    outside = (np.minimum(x, y) < -1) | (np.maximum(x, y) > 64)
    inside = (np.minimum(x, y) >= 0) & (np.maximum(x, y) <= 63)
    assert np.all(labels[outside] == IGNORE)
    assert np.all(moved[outside] == PADDING_RGB)
    assert np.all(labels[inside] == NOT_HUMAN)
    assert np.all(moved[inside] == 250)


def test_a_quarter_turn_is_exact():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    mask = rng.choice(np.array([NOT_HUMAN, HUMAN, IGNORE], np.uint8), (32, 32))
    turned, labels = warped(image, mask, Warp(degrees=90.0), 32)
    assert np.array_equal(turned, np.rot90(image))
    assert np.array_equal(labels, np.rot90(mask))


def test_no_warp_is_the_plain_cut():
    sample = telling_sample(80, 80)
    window = Window(x0=20, y0=16, width=40, height=40)
    plain, still = cut(sample, window, 40), cut_warped(sample, window, Warp(), 40)
    assert np.array_equal(plain.image_hwc_rgb, still.image_hwc_rgb)
    assert np.array_equal(plain.mask_hw, still.mask_hw)


def test_a_fisheye_draws_the_middle_larger_and_bends_the_corners_in():
    x, y = source_points(Warp(fisheye=0.5), 101, 101)
    assert x[50, 51] - x[50, 50] == pytest.approx(1 / 1.5, abs=0.01)
    edge_reach, corner_reach = x[50, -1] - 50, x[-1, -1] - 50
    assert edge_reach == pytest.approx(50, abs=1)
    assert corner_reach > 1.3 * edge_reach
    assert np.array_equal(x, y.T)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_elastic_deformation_never_folds(seed):
    config = replace(CONFIG, **{**STILL, "elastic_share": 1.0})
    warp = draw_warp(config, np.random.default_rng(seed))
    x, y = source_points(warp, 128, 160)
    area = np.gradient(x, axis=1) * np.gradient(y, axis=0) - np.gradient(x, axis=0) * np.gradient(
        y, axis=1
    )
    assert area.min() > 0
    assert np.ptp(area) > 0  # something did move


def test_corners_turn_in_from_the_image_instead_of_padding():
    sample = telling_sample(100, 100)
    window = Window(x0=30, y0=30, width=40, height=40)
    crop = cut_warped(sample, window, Warp(degrees=12.0), 40)
    assert not np.any(crop.mask_hw == IGNORE)


def test_shares_of_nought_warp_nothing():
    config = replace(CONFIG, **STILL)
    assert all(draw_warp(config, np.random.default_rng(seed)) is None for seed in range(50))


def test_shares_are_kept():
    config = replace(CONFIG, rotate_share=0.5, elastic_share=0.0, fisheye_share=0.0)
    drawn = [draw_warp(config, np.random.default_rng(seed)) for seed in range(400)]
    turned = [warp for warp in drawn if warp is not None]
    assert 160 < len(turned) < 240  # four standard deviations about 200
    assert all(warp.knots is None and warp.fisheye == 0 and warp.degrees for warp in turned)
