import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.inference.temporal_smoothing import TemporalSmoother

SIZE_HW = (24, 32)


def frame(level=80):
    return np.full((*SIZE_HW, 3), level, np.uint8)


def everywhere(probability):
    return np.full(SIZE_HW, probability, np.float32)


def smoothed(smoother, *pairs):
    return [float(smoother.smooth(everywhere(p), one)[0, 0]) for p, one in pairs]


def test_the_past_fades_by_its_weight():
    found = smoothed(
        TemporalSmoother(0.5, still_only=True), *((p, frame()) for p in (1.0, 0.0, 0.0, 1.0))
    )
    assert found == [1.0, 0.5, 0.25, 0.625]


def test_a_label_that_flips_for_one_frame_stays():
    found = smoothed(
        TemporalSmoother(0.6, still_only=True), *((p, frame()) for p in (0.9, 0.9, 0.2, 0.9))
    )
    assert all(value >= 0.5 for value in found)


def test_where_something_moves_the_past_does_not_count():
    smoother = TemporalSmoother(0.8, still_only=True)
    smoother.smooth(everywhere(1.0), frame())
    walked = frame()
    walked[:, 20:] = 140  # somebody came in on the right
    found = smoother.smooth(everywhere(0.0), walked)
    assert found[12, 4] == pytest.approx(0.8)
    assert found[12, 28] == 0.0
    assert found[12, 18] == 0.0  # the mover's outline, 4 px wide


def test_everywhere_smears_movers_too():
    smoother = TemporalSmoother(0.8, still_only=False)
    smoother.smooth(everywhere(1.0), frame())
    walked = frame()
    walked[:, 28:] = 200
    assert smoother.smooth(everywhere(0.0), walked)[12, 30] == pytest.approx(0.8)


def test_a_cut_and_another_size_begin_anew():
    smoother = TemporalSmoother(0.9, still_only=False)
    assert smoothed(smoother, (1.0, frame(80)), (0.0, frame(140))) == [1.0, 0.0]
    small = np.full((8, 8, 3), 140, np.uint8)
    assert smoother.smooth(np.ones((8, 8), np.float32), small).tolist() == np.ones((8, 8)).tolist()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=6), st.floats(0, 0.99))
def test_smoothed_probabilities_stay_between_those_that_were_given(given_p, weight):
    smoother = TemporalSmoother(weight, still_only=False)
    maps = [everywhere(p) for p in given_p]
    found = [smoother.smooth(one, frame()) for one in maps]
    assert all(one.dtype == np.float32 and one.shape == SIZE_HW for one in found)
    assert min(given_p) - 1e-6 <= found[-1].min() <= found[-1].max() <= max(given_p) + 1e-6
    assert [float(one[0, 0]) for one in maps] == given_p  # what was given stays as it is


def test_no_weight_changes_nothing():
    found = smoothed(TemporalSmoother(0.0, still_only=False), (0.3, frame()), (0.7, frame()))
    assert found == pytest.approx([0.3, 0.7])
