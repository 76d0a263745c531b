import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.evaluation.boundary import band_width_px, count_boundary

SIDE = 12


def square(at, side, size=(60, 80)):
    mask = np.zeros(size, np.uint8)
    mask[at : at + side, at : at + side] = HUMAN
    return mask


def band_by_hand(human, width):
    """Human pixels within ``width`` rows and columns of one that is not, or of the outside."""
    height_px, width_px = human.shape
    found = np.zeros_like(human)
    for y, x in zip(*np.nonzero(human), strict=True):
        near = [
            (y + dy, x + dx) for dy in range(-width, width + 1) for dx in range(-width, width + 1)
        ]
        found[y, x] = any(
            not (0 <= b < height_px and 0 <= a < width_px) or not human[b, a] for b, a in near
        )
    return found


def test_band_is_two_per_cent_of_the_diagonal_wide():
    assert band_width_px((480, 640)) == 16
    assert band_width_px((60, 80)) == 2
    assert band_width_px((3, 4)) == 1


def test_a_shift_costs_what_the_bands_lose_by_hand():
    # Squares of 20 px, bands of 2 px: 20 * 20 - 16 * 16 = 144 pixels each, shifted by one pixel.
    truth = square(20, 20)
    found = count_boundary(np.roll(truth, 1, axis=1) == HUMAN, truth)
    # Upper and lower arms: 2 rows of which 19 of 20 columns stay. Left and right ones between
    # them: 16 rows of which 1 of 2 columns stays.
    assert found.hits == 2 * 2 * 19 + 2 * 16 * 1
    assert found.either == 2 * 144 - found.hits


def test_the_inside_of_a_person_counts_nothing():
    truth = square(10, 40)
    hollow = truth == HUMAN
    hollow[28:32, 28:32] = False  # a hole: a contour of its own
    assert count_boundary(truth == HUMAN, truth).hits == 40 * 40 - 36 * 36
    assert count_boundary(hollow, truth).either > count_boundary(hollow, truth).hits


def test_a_prediction_may_end_anywhere_within_the_ignored_ring():
    truth = square(10, 24)
    truth[12:32, 12:32] = IGNORE
    truth[13:31, 13:31] = HUMAN
    truth[10:12], truth[:, 10:12] = 0, 0
    truth[32:], truth[:, 32:] = 0, 0
    for grow in (0, 1):
        predicted = np.zeros(truth.shape, bool)
        predicted[13 - grow : 31 + grow, 13 - grow : 31 + grow] = True
        found = count_boundary(predicted, truth)
        assert found.hits == found.either > 0


def test_nobody_anywhere_counts_nothing():
    found = count_boundary(np.zeros((9, 9), bool), np.zeros((9, 9), np.uint8))
    assert (found.hits, found.either) == (0, 0)


@given(
    arrays(bool, (SIDE, SIDE)),
    arrays(np.uint8, (SIDE, SIDE), elements=st.sampled_from([0, HUMAN, IGNORE])),
)
def test_it_counts_what_the_definition_says(predicted, mask):
    width = band_width_px(mask.shape)
    truth = band_by_hand(mask == HUMAN, width)
    seen = band_by_hand(predicted & (mask != IGNORE), width)
    found = count_boundary(predicted, mask)
    assert (found.hits, found.either) == ((truth & seen).sum(), (truth | seen).sum())
