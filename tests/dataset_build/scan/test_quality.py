from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataset_build.scan.quality import measure_image, measure_mask, perceptual_hash, thumbnail_of
from dataset_build.sources.label_maps import HUMAN, IGNORE


def bits_apart(a: int, b: int) -> int:
    return ((a ^ b) & (2**64 - 1)).bit_count()


def textured(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16)).astype(np.uint8)
    return cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC)


def test_a_flat_picture_has_no_contrast_no_edges_and_no_information():
    found = measure_image(np.full((48, 64), 77, np.uint8))
    assert found.luma_mean == 77.0
    assert (found.luma_std, found.sharpness, found.entropy_bits) == (0.0, 0.0, 0.0)


def test_two_equal_halves_carry_one_bit():
    luma = np.zeros((64, 64), np.uint8)
    luma[:, 32:] = 200
    found = measure_image(luma)
    assert found.luma_mean == 100.0
    assert found.luma_std == 100.0
    assert found.entropy_bits == pytest.approx(1.0)


def test_blur_lowers_sharpness():
    sharp = np.random.default_rng(0).integers(0, 256, (192, 256)).astype(np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 2)
    assert measure_image(blurred).sharpness < measure_image(sharp).sharpness / 100


def test_hash_survives_brightness_scale_and_compression():
    luma = textured()
    kept = perceptual_hash(luma)
    _, jpeg = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, 40])
    for changed in (
        cv2.convertScaleAbs(luma, alpha=0.9, beta=10),
        cv2.resize(luma, (160, 120), interpolation=cv2.INTER_AREA),
        cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE),
    ):
        assert bits_apart(kept, perceptual_hash(changed)) <= 6


def test_hash_tells_different_pictures_apart():
    assert bits_apart(perceptual_hash(textured(1)), perceptual_hash(textured(2))) > 12


def test_flat_pictures_share_one_hash_but_black():
    hashes = {perceptual_hash(np.full((20, 30), value, np.uint8)) for value in (1, 77, 254)}
    assert len(hashes) == 1


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_picture_can_be_measured(luma):
    found = measure_image(luma)
    assert 0 <= found.luma_mean <= 255
    assert 0 <= found.entropy_bits <= 8
    assert -(2**63) <= found.phash < 2**63


def test_shares_leave_ignored_pixels_out():
    mask = np.zeros((10, 10), np.uint8)
    mask[:5] = IGNORE
    mask[5, :5] = HUMAN
    found = measure_mask(mask, min_region_px=1)
    assert found.human_share == 5 / 50
    assert found.ignore_share == 0.5
    assert found.human_px == 5


def test_regions_count_only_what_is_large_enough_and_diagonals_join():
    mask = np.zeros((40, 40), np.uint8)
    mask[10:20, 10:14] = HUMAN
    mask[20:30, 14:18] = HUMAN  # touches the first at a corner
    mask[36:40, 36:40] = HUMAN  # 16 px at the border
    mask[2:5, 2:5] = HUMAN  # 9 px: a speck
    found = measure_mask(mask, min_region_px=16)
    assert found.human_regions == 2
    assert found.tallest_region_share == 20 / 40
    assert found.border_touch_share == 0.5


def test_a_picture_without_humans_has_no_regions():
    found = measure_mask(np.zeros((8, 8), np.uint8), min_region_px=16)
    assert (found.human_share, found.human_regions) == (0.0, 0)
    assert (found.tallest_region_share, found.border_touch_share) == (0.0, 0.0)


def test_a_mask_of_ignored_pixels_has_no_share():
    with pytest.raises(ValueError, match="all 64 pixels are ignored"):
        measure_mask(np.full((8, 8), IGNORE, np.uint8), min_region_px=16)


def test_a_thumbnail_is_the_mean_of_areas_row_by_row():
    luma = np.zeros((32, 64), np.uint8)
    luma[:2, :4] = 100
    luma[:2, 4:6] = 50
    thumbnail = thumbnail_of(luma)
    assert len(thumbnail) == 256
    assert (thumbnail[0], thumbnail[1], thumbnail[2], thumbnail[16]) == (100, 25, 0, 0)


@given(hnp.arrays(np.uint8, (24, 31), elements=st.sampled_from([0, 0, 0, HUMAN, IGNORE])))
def test_regions_in_their_box_are_those_of_the_whole_frame(mask):
    mask[0, 0] = 0
    boxes = cv2.connectedComponentsWithStats((mask == HUMAN).astype(np.uint8))[2][1:]
    boxes = boxes[boxes[:, cv2.CC_STAT_AREA] >= 3]
    found = measure_mask(mask, min_region_px=3)
    assert found.human_regions == len(boxes)
    assert found.tallest_region_share == max([0, *boxes[:, 3]]) / 24
    x, y, w, h = boxes.T[:4]
    touching = (x == 0) | (y == 0) | (x + w == 31) | (y + h == 24)
    assert found.border_touch_share == (touching.mean() if len(boxes) else 0.0)


def test_a_checkerboard_too_large_for_small_labels_is_counted_right():
    mask = np.zeros((600, 600), np.uint8)
    mask[::2, ::2] = HUMAN  # 90,000 regions of one pixel
    assert measure_mask(mask, min_region_px=1).human_regions == 90_000


def test_specks_of_humans_score_nothing_and_nobody_has_no_score():
    mask = np.zeros((64, 64), np.uint8)
    assert measure_mask(mask, min_region_px=16).surveillance_score is None
    mask[5, 5] = HUMAN
    assert measure_mask(mask, min_region_px=16).surveillance_score == 0.0


def test_passers_by_score_above_a_portrait():
    street, portrait = np.zeros((2, 100, 100), np.uint8)
    for x, y, tall in ((10, 40, 10), (40, 50, 14), (70, 60, 18)):
        street[y : y + tall, x : x + tall // 3] = HUMAN
    portrait[5:, 10:90] = HUMAN
    scores = [measure_mask(m, min_region_px=16).surveillance_score for m in (street, portrait)]
    assert scores[0] > 0.9
    assert scores[1] < 0.2
