import numpy as np
import pytest

from segmentation.inference.guided_filter import guided_filter


def test_an_outline_moves_to_the_edge_of_the_picture():
    guide = np.zeros((9, 16), np.float32)
    guide[:, 8:] = 1.0  # the person begins at column 8
    rough = np.zeros((9, 16), np.float32)
    rough[:, 9:] = 1.0  # the network says: at column 9
    found = guided_filter(rough, guide, radius_px=4, epsilon=1e-4)
    assert (found[4] >= 0.5).tolist() == [False] * 8 + [True] * 8


def test_a_flat_picture_takes_the_mean_of_the_means():
    rough = np.zeros((1, 7), np.float32)
    rough[0, 3] = 1.0
    found = guided_filter(rough, np.full((1, 7), 0.5, np.float32), radius_px=1, epsilon=1e-3)
    assert found[0] == pytest.approx([0, 1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9, 0], abs=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.25, 1.0])
def test_a_constant_map_stays_constant_whatever_the_picture_and_its_border(value):
    guide = np.random.default_rng(0).random((5, 8), np.float32)
    found = guided_filter(np.full((5, 8), value, np.float32), guide, radius_px=6, epsilon=1e-3)
    assert found == pytest.approx(np.full((5, 8), value), abs=1e-5)


def test_it_agrees_with_the_definition_window_by_window():
    """Equations 5, 6 and 8 of the paper, one window after the other."""
    rng = np.random.default_rng(1)
    rough, guide = rng.random((6, 7), np.float32), rng.random((6, 7), np.float32)
    radius, epsilon = 2, 0.01

    def window(y, x):
        return np.s_[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]

    a, b = np.empty((6, 7)), np.empty((6, 7))
    for y, x in np.ndindex(6, 7):
        seen, values = guide[window(y, x)], rough[window(y, x)]
        covariance = (seen * values).mean() - seen.mean() * values.mean()
        a[y, x] = covariance / (seen.var() + epsilon)
        b[y, x] = values.mean() - a[y, x] * seen.mean()
    expected = [
        a[window(y, x)].mean() * guide[y, x] + b[window(y, x)].mean() for y, x in np.ndindex(6, 7)
    ]
    found = guided_filter(rough, guide, radius_px=radius, epsilon=epsilon)
    assert found.ravel() == pytest.approx(expected, abs=1e-5)
