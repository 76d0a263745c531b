"""What a model says against a mask, drawn so that the fault is visible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmentation.evaluation.mask_evidence import (
    EXTRA,
    MISSING,
    TOO_LARGE,
    TOO_SMALL,
    Calibration,
    quantised_logits,
    suspicions,
)

#: As sure of people as of everything else: a logit of 5 is 5 log-odds.
FAITHFUL = (np.arange(256, dtype=np.float32) - 128) / 10
SIZE = (60, 80)
SURE = 50  # a logit of 5


def frame(*people):
    """A mask with people as (top, left, bottom, right)."""
    mask = np.zeros(SIZE, np.uint8)
    for top, left, bottom, right in people:
        mask[top:bottom, left:right] = 1
    return mask


def seen(*people):
    """The answer of a model that sees exactly these people."""
    return np.where(frame(*people) == 1, SURE, -SURE).astype(np.int8)


ANN, BOB = (10, 10, 40, 22), (12, 50, 42, 62)


def test_nothing_speaks_against_a_mask_that_the_model_would_draw():
    found = suspicions(frame(ANN, BOB), seen(ANN, BOB), FAITHFUL)
    assert [found.missing.severity, found.extra.severity, found.shifted.severity] == [0, 0, 0]


def test_a_person_who_is_left_out_is_found_with_its_place():
    found = suspicions(frame(ANN), seen(ANN, BOB), FAITHFUL).missing
    assert found.kind == MISSING
    assert found.box_xywh == pytest.approx((50 / 80, 12 / 60, 12 / 80, 30 / 60))
    assert found.area_share == pytest.approx(12 * 30 / (60 * 80))
    assert found.severity == pytest.approx(5.0 * found.area_share**0.25)


def test_a_mask_without_a_person_is_extra_and_a_part_of_one_is_too_large():
    assert suspicions(frame(ANN, BOB), seen(ANN), FAITHFUL).extra.kind == EXTRA
    merged = suspicions(frame((10, 10, 42, 62)), seen(ANN, BOB), FAITHFUL).extra
    assert merged.kind == TOO_LARGE
    assert merged.box_xywh[0] < 22 / 80 < 50 / 80 < merged.box_xywh[0] + merged.box_xywh[2]


def test_an_eroded_mask_is_too_small():
    found = suspicions(frame((16, 14, 34, 18)), seen(ANN), FAITHFUL)
    assert found.missing.kind == TOO_SMALL
    assert found.missing.severity > 0 == found.extra.severity


def test_a_shifted_mask_fits_better_elsewhere():
    moved = (10, 14, 40, 26)
    assert suspicions(frame(moved), seen(ANN), FAITHFUL).shifted.severity > 0.05


def test_a_mask_at_the_border_gains_nothing_by_sliding_out_of_the_frame():
    at_border = (10, 72, 40, 80)
    found = suspicions(frame(at_border), seen(), FAITHFUL)
    assert found.shifted.severity == pytest.approx(0, abs=1e-4)
    assert found.extra.kind == EXTRA


def test_ignored_pixels_and_a_line_along_the_outline_count_nowhere():
    mask = frame(ANN)
    mask[10:45, 48:65] = 255
    off_by_one = (9, 9, 41, 23)
    found = suspicions(mask, seen(off_by_one, BOB), FAITHFUL)
    assert found.missing.severity == 0


def test_an_empty_frame_is_judged_too():
    assert suspicions(frame(), seen(), FAITHFUL).missing.severity == 0
    assert suspicions(frame(), seen(BOB), FAITHFUL).missing.kind == MISSING


def test_a_model_that_misses_half_the_people_is_not_believed_when_it_misses_another():
    careful, careless = Calibration(), Calibration()
    for _ in range(8):
        careful.add(frame(ANN, BOB), seen(ANN, BOB))
        careless.add(frame(ANN, BOB), seen(ANN))
    against = [
        suspicions(frame(ANN, BOB), seen(ANN), one.log_odds()).extra.severity
        for one in (careful, careless)
    ]
    assert against[0] > 1.5 * against[1]


@given(
    arrays(np.uint8, (9, 9), elements=st.sampled_from([0, 1, 255])),
    arrays(np.int8, (9, 9), elements=st.integers(-127, 127)),
)
def test_log_odds_never_fall_whatever_was_counted(mask, logits):
    calibration = Calibration()
    calibration.add(mask, logits)
    log_odds = calibration.log_odds()
    assert log_odds.shape == (256,)
    assert np.isfinite(log_odds).all()
    assert (np.diff(log_odds) >= -1e-6).all()


def test_a_logit_takes_one_byte_and_keeps_its_tails():
    probability = np.array([[0.0, 1e-5, 0.5, 1 - 1e-5, 1.0]], np.float32)
    assert quantised_logits(probability).tolist() == [[-127, -115, 0, 115, 127]]
