"""A Gaussian mean over time: weights that sum to 1, at the ends too."""

import numpy as np
import pytest

from camera_analysis.labelling.time_smoothing import gaussian_mean


def test_one_high_value_is_spread_as_a_bell() -> None:
    values = np.zeros(21)
    values[10] = 1.0
    calm = gaussian_mean(values, 2.0)
    assert calm.sum() == pytest.approx(1.0, abs=1e-3)  # the kernel ends at three deviations
    assert calm[8] / calm[10] == pytest.approx(np.exp(-0.5), rel=1e-3)
    assert np.array_equal(calm, calm[::-1])


def test_equal_values_stay_equal_up_to_both_ends() -> None:
    assert gaussian_mean(np.full(5, 3.0), 4.0) == pytest.approx(np.full(5, 3.0))


def test_frames_around_the_values_count_as_zero_where_there_are_any() -> None:
    alone, among = gaussian_mean(np.ones(3), 1.0), gaussian_mean(np.ones(3), 1.0, before=9, after=0)
    assert alone == pytest.approx(np.ones(3))
    assert among[0] < among[1] < among[2] <= 1.0
    whole = np.concatenate([np.zeros(9), np.ones(3)])
    assert among == pytest.approx(gaussian_mean(whole, 1.0)[9:])


@pytest.mark.parametrize("sigma", [0.0, -1.0])
def test_without_a_width_values_are_copied(sigma: float) -> None:
    values = np.array([1.0, 5.0])
    calm = gaussian_mean(values, sigma)
    assert np.array_equal(calm, values) and calm is not values


def test_no_values_have_no_mean() -> None:
    assert gaussian_mean(np.array([]), 2.0).size == 0
