from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from dataset_build.sources.object_kinds import FIRST_KIND, UNTOLD
from segmentation.data import Sample
from segmentation.training.augment import Crop
from segmentation.training.pasting import (
    Cutout,
    cut_out_person,
    cut_out_scenery,
    cut_out_thing,
    paste,
)
from tests.segmentation.factories_split import TINY

CONFIG = replace(TINY, crop_px=96, min_person_px=20, max_person_px=60)


def donor():
    """A red person of 40 x 20 px, and a hand too small to cut out."""
    mask = np.zeros((80, 80), np.uint8)
    mask[10:50, 30:50] = HUMAN
    mask[70:74, 2:6] = HUMAN
    image = np.zeros((80, 80, 3), np.uint8)
    image[mask == HUMAN] = (200, 0, 0)
    return Sample(sample_id="d", source="voc", image_hwc_rgb=image, mask_hw=mask)


def blue_ground():
    image = np.zeros((96, 96, 3), np.uint8)
    image[..., 2] = 200
    mask = np.zeros((96, 96), np.uint8)
    mask[:, :5] = IGNORE
    return Crop(image, mask)


def test_a_person_is_cut_out_along_the_outline():
    cutout = cut_out_person(donor(), np.random.default_rng(0))
    assert cutout.label == HUMAN
    assert cutout.inside_hw.shape == (40, 20)
    assert cutout.inside_hw.all()


def test_hands_at_the_border_are_no_persons():
    sample = donor()
    mask = sample.mask_hw.copy()
    mask[10:50] = NOT_HUMAN
    only_a_hand = replace(sample, mask_hw=mask)
    assert cut_out_person(only_a_hand, np.random.default_rng(0)) is None


def test_a_thing_is_cut_out_where_its_kind_is_told():
    sample = donor()
    mask = np.where(sample.mask_hw == HUMAN, FIRST_KIND + 3, UNTOLD).astype(np.uint8)
    cutout = cut_out_thing(replace(sample, mask_hw=mask), np.random.default_rng(0))
    assert cutout.label == FIRST_KIND + 3
    assert cutout.inside_hw.shape == (40, 20)
    assert cut_out_thing(sample, np.random.default_rng(0)) is None


def test_a_part_of_a_thing_is_not_human_and_no_thing():
    sample = donor()
    told = replace(sample, mask_hw=np.full(sample.mask_hw.shape, FIRST_KIND, np.uint8))
    assert cut_out_scenery(told, np.random.default_rng(0)).label == UNTOLD


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_the_label_lies_where_the_person_is_seen(seed):
    rng = np.random.default_rng(seed)
    cutout = cut_out_person(donor(), rng)
    ground = blue_ground()
    pasted = paste(ground, cutout, CONFIG, rng)
    human = pasted.mask_hw == HUMAN
    red, blue = pasted.image_hwc_rgb[..., 0], pasted.image_hwc_rgb[..., 2]
    assert np.any(human)
    assert np.all(red[human] > 60)  # at least half of an edge pixel's 200, in the dimmest light
    assert np.all(blue[human] < 110)
    untouched = ~human
    assert np.array_equal(pasted.mask_hw[untouched], ground.mask_hw[untouched])
    assert np.array_equal(ground.image_hwc_rgb, blue_ground().image_hwc_rgb)


def test_scenery_is_never_a_person():
    sample = donor()
    found = [cut_out_scenery(sample, np.random.default_rng(seed)) for seed in range(60)]
    cut_out = [cutout for cutout in found if cutout is not None]
    assert cut_out
    for cutout in cut_out:
        assert cutout.label == NOT_HUMAN
        assert not np.any(cutout.image_hwc_rgb[cutout.inside_hw == 1] > 0)


def test_pasted_scenery_hides_the_person_below():
    ground = Crop(np.zeros((96, 96, 3), np.uint8), np.full((96, 96), HUMAN, np.uint8))
    patch = Cutout(np.full((40, 40, 3), 99, np.uint8), np.ones((40, 40), np.uint8), NOT_HUMAN)
    pasted = paste(ground, patch, CONFIG, np.random.default_rng(3))
    assert np.any(pasted.mask_hw == NOT_HUMAN)
    assert np.all(pasted.image_hwc_rgb[pasted.mask_hw == NOT_HUMAN] > 0)
