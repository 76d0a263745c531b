"""A street seen from above scores high, a portrait low, and each part says its own."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_build.scan.surveillance import COLUMNS, WEIGHTS, likeness

STREET = {
    "tallest_region_share": 0.2,
    "largest_person_share": 0.02,
    "headroom_share": 0.4,
    "head_cut_share": 0.0,
    "person_regions": 5,
    "ground_agreement": 1.0,
}
PORTRAIT = {
    "tallest_region_share": 0.95,
    "largest_person_share": 0.45,
    "headroom_share": 0.05,
    "head_cut_share": 0.0,
    "person_regions": 1,
    "ground_agreement": None,
}


def test_several_small_whole_persons_below_the_camera_score_one():
    assert likeness(STREET).score() == pytest.approx(1.0)


def test_a_portrait_scores_low_and_its_size_is_blamed():
    parts = likeness(PORTRAIT)
    assert parts.score() < 0.2
    assert parts.weakest() == ("portrait", 0.0)


@pytest.mark.parametrize(
    ("change", "part", "value"),
    [
        ({"tallest_region_share": 0.75}, "height", 0.5),
        ({"tallest_region_share": 0.04}, "height", 0.5),
        ({"largest_person_share": 0.2}, "portrait", 0.5),
        ({"headroom_share": 0.1}, "headroom", 0.4),
        ({"head_cut_share": 0.7}, "heads", 0.3),
        ({"person_regions": 1}, "several", 1 / 3),
        ({"ground_agreement": None}, "ground", 0.5),
        ({"ground_agreement": math.nan}, "ground", 0.5),
    ],
)
def test_each_part_judges_one_thing_and_lowers_the_score(change, part, value):
    changed = likeness(STREET | change)
    assert getattr(changed, part) == pytest.approx(value)
    assert changed.weakest() == (part, pytest.approx(value))
    assert changed.score() == pytest.approx(value ** (WEIGHTS[part] / sum(WEIGHTS.values())))


def test_no_single_part_brings_the_score_to_nothing():
    cut = likeness(STREET | {"head_cut_share": 1.0})
    assert 0.4 < cut.score() < 0.8


def test_every_part_has_a_weight_and_every_column_a_use():
    assert set(WEIGHTS) == set(likeness(STREET).__dict__)
    assert set(COLUMNS) == set(STREET)


share = st.floats(0.0, 1.0)


@given(share, share, share, share, st.integers(1, 30), st.none() | share)
def test_any_measurement_scores_between_nothing_and_one(tall, large, room, cut, persons, ground):
    values = dict(zip(COLUMNS, (tall, large, room, cut, persons, ground), strict=True))
    assert 0.0 < likeness(values).score() <= 1.0


@given(share, share)
def test_a_larger_person_never_scores_higher(one, two):
    small, large = sorted((one, two))
    scores = [likeness(STREET | {"largest_person_share": size}).score() for size in (small, large)]
    assert scores[0] >= scores[1]
