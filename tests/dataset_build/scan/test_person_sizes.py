"""Sizes and places of drawn boxes, whose answers can be read off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_build.scan.person_sizes import COMPARED_PERSONS, NOBODY, measure_persons


def persons(*boxes, height=100, width=200):
    """Measurements of full boxes (x, y, width, height)."""
    regions = [(x, y, w, h, w * h) for x, y, w, h in boxes]
    return measure_persons(np.array(regions, np.int32).reshape(-1, 5), height, width)


def test_nobody_is_all_headroom():
    assert persons() == NOBODY


def test_one_whole_person():
    found = persons((50, 30, 10, 40))
    assert (found.person_regions, found.headroom_share) == (1, 0.3)
    assert found.largest_person_share == 400 / 20_000
    assert (found.cut_share, found.head_cut_share) == (0.0, 0.0)
    assert found.ground_agreement is None


def test_a_hand_beside_a_person_is_no_person():
    found = persons((50, 30, 10, 40), (0, 90, 9, 9))
    assert (found.person_regions, found.cut_share) == (1, 0.0)


@pytest.mark.parametrize(
    ("box", "cut", "head_cut"),
    [
        ((0, 30, 10, 40), 0.5, 0.0),
        ((190, 30, 10, 40), 0.5, 0.0),
        ((50, 60, 10, 40), 0.5, 0.0),
        ((50, 0, 10, 40), 0.5, 0.5),
        ((50, 1, 10, 40), 0.5, 0.5),  # a line of unlabelled pixels above the head
        ((50, 2, 10, 40), 0.0, 0.0),
    ],
)
def test_a_person_at_an_edge_is_cut_by_it(box, cut, head_cut):
    found = persons((100, 30, 10, 40), box)
    assert (found.cut_share, found.head_cut_share) == (cut, head_cut)


def test_the_nearer_is_lower_and_taller_on_one_ground():
    assert persons((10, 20, 10, 20), (50, 30, 20, 40)).ground_agreement == 1.0
    assert persons((10, 10, 20, 40), (50, 60, 10, 30)).ground_agreement == 0.0
    assert persons((10, 20, 10, 20), (50, 40, 10, 20)).ground_agreement == 0.5


def test_feet_on_one_row_and_cut_persons_say_nothing_of_the_ground():
    assert persons((10, 20, 10, 20), (50, 12, 10, 30)).ground_agreement is None
    assert persons((10, 20, 10, 20), (50, 60, 10, 40)).ground_agreement is None


def test_of_very_many_regions_only_the_largest_are_compared():
    larger = [(10, 10 + i, 20, 20 + i) for i in range(COMPARED_PERSONS)]
    smaller = [(50, 60 - 2 * i, 2, 20 + i) for i in range(12)]
    assert persons(*smaller).ground_agreement == 0.0
    assert persons(*larger, *smaller).ground_agreement == 1.0


boxes = st.tuples(st.integers(0, 150), st.integers(0, 50), st.integers(1, 50), st.integers(1, 50))


@given(st.lists(boxes, min_size=1, max_size=12))
def test_shares_are_shares_and_mirroring_changes_nothing(drawn):
    found = persons(*drawn)
    for value in (found.largest_person_share, found.cut_share, found.head_cut_share):
        assert 0.0 <= value <= 1.0 + 1e-9
    mirrored = persons(*[(200 - x - w, y, w, h) for x, y, w, h in drawn])
    assert mirrored == found
