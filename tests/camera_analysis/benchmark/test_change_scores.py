"""The seven figures of CDnet 2014 on a drawn mask."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.benchmark.change_scores import ChangeCounts, count_frame, mean_figures

CODES = np.array([[0, 0, 50, 85], [170, 255, 255, 255]], np.uint8)


def test_shadow_is_negative_and_unknown_pixels_count_nowhere():
    everything = count_frame(np.ones(CODES.shape, bool), CODES)
    assert everything == ChangeCounts(tp=3, fp=3, fn=0, tn=0)
    nothing = count_frame(np.zeros(CODES.shape, bool), CODES)
    assert nothing == ChangeCounts(tp=0, fp=0, fn=3, tn=3)


def test_figures_by_hand():
    figures = ChangeCounts(tp=6, fp=2, fn=4, tn=88).figures()
    assert figures["Re"] == pytest.approx(0.6)
    assert figures["Pr"] == pytest.approx(0.75)
    assert figures["F"] == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    assert figures["Sp"] == pytest.approx(88 / 90)
    assert figures["FPR"] == pytest.approx(2 / 90)
    assert figures["FNR"] == pytest.approx(0.4)
    assert figures["PWC"] == pytest.approx(6.0)


def test_a_truth_answered_by_itself_is_perfect():
    figures = count_frame(CODES == 255, CODES).figures()
    assert (figures["F"], figures["PWC"]) == (1.0, 0.0)


def test_categories_weigh_the_same_however_many_videos_they_have():
    perfect, useless = ChangeCounts(tp=1, tn=1), ChangeCounts(fn=1, fp=1)
    means = mean_figures([("a", perfect), ("a", perfect), ("b", useless)])
    assert means["F"] == pytest.approx(0.5)


def test_an_empty_answer_is_zero_not_undefined():
    assert ChangeCounts(fn=3, tn=3).figures()["F"] == 0.0
    with pytest.raises(ValueError, match="no videos"):
        mean_figures([])
    with pytest.raises(ValueError, match="pixels"):
        count_frame(np.zeros((1, 1), bool), CODES)
