import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.evaluation.bootstrap import Interval, interval_of, resampled_sums


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 9))
def test_every_resample_draws_as_many_images_as_there_are(sizes, seed):
    images = sum(sizes)
    one_hot = np.eye(images)
    blocks = np.split(one_hot, np.cumsum(sizes)[:-1])
    times = resampled_sums(blocks, images, resamples=20, seed=seed)
    assert times.shape == (20, images)
    assert (times.sum(axis=1) == images).all()
    assert (times >= 0).all()


def test_images_are_drawn_alike_however_they_come_in_blocks():
    # 6 images in blocks of 4 and 2: each is drawn once a resample on average, with the variance
    # of 6 draws of probability 1/6, and two images never come together more than by chance.
    blocks = [np.eye(6)[:4], np.eye(6)[4:]]
    times = resampled_sums(blocks, 6, resamples=40_000, seed=1)
    assert times.mean(axis=0) == pytest.approx(np.ones(6), abs=0.02)
    covariance = np.cov(times.T)
    expected = np.full((6, 6), -1 / 6) + np.eye(6)
    assert covariance == pytest.approx(expected, abs=0.03)


def test_the_same_draws_whatever_is_counted():
    counts = np.arange(12.0).reshape(6, 2)
    both = resampled_sums([counts], 6, resamples=50, seed=3)
    alone = resampled_sums([counts[:, :1]], 6, resamples=50, seed=3)
    assert (both[:, :1] == alone).all()
    assert not (resampled_sums([counts], 6, resamples=50, seed=4) == both).all()


def test_the_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(0).normal(size=(400, 1))
    sums = resampled_sums([values], 400, resamples=4_000, seed=0) / 400
    found = interval_of(sums[:, 0])
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.01)
    assert found.high == pytest.approx(values.mean() + half, abs=0.01)


def test_resamples_without_a_score_are_left_out():
    assert interval_of(np.array([np.nan, np.nan])) is None
    assert interval_of(np.array([np.nan, 2.0, 2.0])) == Interval(low=2.0, high=2.0)


def test_a_wrong_number_of_images_is_an_error():
    for images in (3, 5):
        with pytest.raises(ValueError, match="announced"):
            resampled_sums([np.ones((2, 1)), np.ones((2, 1))], images, resamples=2)
    with pytest.raises(ValueError, match="0 images came"):
        resampled_sums([], 2, resamples=2)
