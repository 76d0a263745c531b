"""The area under the ROC curve, by hand and against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_analysis.benchmark.benchmarks import PixelAuc, frame_auc, macro_auc

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30).filter(
    lambda rows: 0 < sum(label for _, label in rows) < len(rows)
)


def test_drawn_cases():
    assert frame_auc([1, 2, 3, 4], [False, False, True, True]) == 1.0
    assert frame_auc([4, 3, 2, 1], [False, False, True, True]) == 0.0
    assert frame_auc([1, 1, 1, 1], [False, True, False, True]) == 0.5
    assert frame_auc([1, 2, 2, 3], [0, 0, 1, 1]) == 0.875


@settings(deadline=None)  # a busy machine is no failure
@given(PAIRS)
def test_it_is_the_share_of_pairs_in_the_right_order(rows):
    scores, labels = np.array([s for s, _ in rows]), np.array([a for _, a in rows])
    difference = scores[labels][:, None] - scores[~labels][None, :]
    assert frame_auc(scores, labels) == pytest.approx(((np.sign(difference) + 1) / 2).mean())


def test_what_has_no_answer_is_refused():
    with pytest.raises(ValueError, match="needs both"):
        frame_auc([1.0, 2.0], [True, True])
    with pytest.raises(ValueError, match="not finite"):
        frame_auc([1.0, np.nan], [True, False])
    with pytest.raises(ValueError, match="equal"):
        frame_auc([1.0], [True, False])


def test_macro_is_the_mean_over_clips_padded_by_the_extremes():
    ordered = (np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1]))
    backwards = (np.array([4.0, 1.0]), np.array([0, 1]))
    # With a normal 1 and an abnormal 4 the second clip has pairs (1, 4), (1, 1), (4, 4), (4, 1).
    assert macro_auc([ordered]) == 1.0
    assert macro_auc([ordered, backwards]) == pytest.approx((1.0 + (1 + 0.5 + 0.5 + 0) / 4) / 2)


def test_macro_answers_for_clips_of_one_kind():
    mixed = (np.array([0.0, 1.0]), np.array([0, 1]))
    all_abnormal = (np.array([0.5, 1.0]), np.array([1, 1]))
    assert macro_auc([mixed, all_abnormal]) == 1.0
    with pytest.raises(ValueError, match="no clips"):
        macro_auc([])


@given(PAIRS, st.floats(0.1, 50.0), st.floats(-5, 5))
def test_no_area_changes_with_the_scale_of_the_scores(rows, factor, shift):
    scores, labels = np.array([float(s) for s, _ in rows]), np.array([a for _, a in rows])
    moved = factor * scores + shift
    assert frame_auc(moved, labels) == pytest.approx(frame_auc(scores, labels))
    assert macro_auc([(moved, labels)]) == pytest.approx(macro_auc([(scores, labels)]))


def test_pixel_area_of_a_drawn_frame():
    scores = np.array([[0.0, 1.0], [2.0, 2.0]], np.float32)
    truth = np.array([[False, False], [True, False]])
    pixels = PixelAuc()
    pixels.add(scores, truth)
    assert pixels.area() == pytest.approx((1 + 1 + 0.5) / 3)


@given(PAIRS)
def test_pixel_area_is_the_frame_area_over_all_pixels(rows):
    scores, labels = np.array([float(s) for s, _ in rows]), np.array([a for _, a in rows])
    pixels = PixelAuc()
    for score, label in zip(scores, labels, strict=True):  # a frame of one pixel each
        pixels.add(np.array([[score]]), np.array([[label]]))
    assert pixels.area() == pytest.approx(frame_auc(scores, labels))


def test_pixels_without_an_answer_are_refused():
    pixels = PixelAuc()
    with pytest.raises(ValueError, match="needs both"):
        pixels.area()
    with pytest.raises(ValueError, match="not below 0"):
        pixels.add(np.array([[-1.0]]), np.array([[True]]))
    with pytest.raises(ValueError, match="truth of"):
        pixels.add(np.zeros((2, 2)), np.zeros((1, 2), bool))
