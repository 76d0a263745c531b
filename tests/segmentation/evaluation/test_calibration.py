import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.evaluation.calibration import BINS, calibration_error, count_bins


def error(probability, mask):
    found = count_bins(np.array([probability], np.float32), np.array([mask], np.uint8))
    return float(calibration_error(found.px, found.human_px, found.probability))


def test_bins_by_hand():
    found = count_bins(
        np.array([[0.0, 0.05, 0.07, 0.5, 1.0, 0.9]], np.float32),
        np.array([[0, HUMAN, 0, HUMAN, HUMAN, IGNORE]], np.uint8),
    )
    px = dict.fromkeys(range(BINS), 0) | {0: 2, 1: 1, 7: 1, 14: 1}
    human = dict.fromkeys(range(BINS), 0) | {0: 1, 7: 1, 14: 1}
    assert found.px.tolist() == list(px.values())
    assert found.human_px.tolist() == list(human.values())
    assert found.probability[0] == pytest.approx(0.05, abs=1 / 1024)


def test_what_is_said_is_so():
    assert error([0.75] * 4, [HUMAN, HUMAN, HUMAN, 0]) == 0.0
    assert error([0.0, 1.0], [0, HUMAN]) == 0.0


def test_error_is_the_mean_distance_weighted_by_pixels():
    # One bin says 1 and is right in half of 2 pixels, the other says 0 and is right in 2.
    assert error([1.0, 1.0, 0.0, 0.0], [HUMAN, 0, 0, 0]) == 0.5 * 2 / 4


def test_no_pixel_no_error():
    assert np.isnan(error([0.5], [IGNORE]))


@given(
    arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32)),
    arrays(np.uint8, (4, 5), elements=st.sampled_from([0, HUMAN, IGNORE])),
)
def test_every_labelled_pixel_is_in_one_bin(probability, mask):
    found = count_bins(probability, mask)
    labelled = mask != IGNORE
    assert found.px.sum() == labelled.sum()
    assert found.human_px.sum() == (mask == HUMAN).sum()
    assert found.probability.sum() == pytest.approx(probability[labelled].sum(), abs=BINS / 1024)
    assert np.all(found.human_px <= found.px)
