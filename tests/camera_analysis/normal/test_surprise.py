"""Surprise in bits, by hand; scores that no lone pixel and no busy place can raise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_analysis.normal.surprise import (
    ScoreConfig,
    SurpriseModel,
    alarm_threshold,
    ceiling_bits,
    odd_length,
    smooth_over_time,
)
from tests.camera_analysis.factories_days import empty_scene, with_block

CONFIG = ScoreConfig()


def counts_of(maps):
    stack = np.stack(maps)
    return np.stack([(stack == k).sum(axis=0) for k in range(3)]).astype(np.uint32)


def empty_for(frames):
    return SurpriseModel(counts_of([empty_scene()] * frames), frames, CONFIG)


def test_a_person_never_seen_scores_the_formula():
    frame = empty_for(1000).score(with_block(empty_scene(), 40, 20))
    never, usual = np.log2(1001.5 / 0.5), np.log2(1001.5 / 1000.5)
    expected = usual * 1000.5 / 1001.5 + 2 * never * 0.5 / 1001.5
    assert frame.raw_bits == pytest.approx(never - expected, abs=1e-4)
    assert frame.delta_share == pytest.approx(8 * 16 / (48 * 96))


def test_an_empty_scene_scores_nothing():
    frame = empty_for(1000).score(empty_scene())
    assert (frame.raw_bits, frame.delta_share) == (0.0, 0.0)


def test_a_lone_pixel_is_averaged_away():
    model = SurpriseModel(counts_of([empty_scene(96, 320)] * 1000), 1000, CONFIG)
    dot = with_block(empty_scene(96, 320), 40, 20, size=(1, 1))
    person = with_block(empty_scene(96, 320), 40, 20, size=(10, 30))
    assert model.score(dot).raw_bits < 0.2 < 8 < model.score(person).raw_bits


def test_a_place_where_people_come_and_go_does_not_score():
    usual = [empty_scene(), with_block(empty_scene(), 40, 20)] * 50
    model = SurpriseModel(counts_of(usual), 100, CONFIG)
    assert model.score(usual[1]).raw_bits < 0.5  # its outline, a little


def test_the_delta_map_holds_surprise_where_the_label_differs_from_the_mode():
    model = empty_for(10)
    delta = model.delta_bits(with_block(empty_scene(), 0, 0, size=(2, 3)))
    assert np.argwhere(~np.isnan(delta)).max(axis=0).tolist() == [2, 1]
    assert np.nanmax(delta) == pytest.approx(ceiling_bits(10, 3))


def test_unknown_places_are_not_judged():
    counts = counts_of([empty_scene()] * 10)
    counts[:, :, 48:] = 0  # the right half was never observed
    model = SurpriseModel(counts, 10, CONFIG)
    frame = model.score(with_block(empty_scene(), 70, 20))
    assert (frame.raw_bits, frame.delta_share) == (0.0, 0.0)
    assert model.score(with_block(empty_scene(), 0, 0, size=(48, 48))).delta_share == 1.0


def test_a_normal_without_frames_cannot_judge():
    with pytest.raises(ValueError, match="holds no frames"):
        SurpriseModel(np.zeros((3, 4, 5), np.uint32), 0, CONFIG)


def test_another_size_is_refused_with_both_sizes():
    with pytest.raises(ValueError, match="20 x 10 pixels cannot be judged by a normal of 96 x 48"):
        empty_for(10).score(empty_scene(10, 20))


def test_a_short_history_lowers_the_threshold_below_what_it_can_reach():
    assert alarm_threshold(100_000, 3, CONFIG) == 8.0
    assert alarm_threshold(60, 3, CONFIG) == pytest.approx(0.75 * np.log2(61.5 / 0.5))


def test_lengths_are_odd_and_at_least_three():
    assert [odd_length(1 / 64, width) for width in (64, 320, 640)] == [3, 5, 11]


def test_smoothing_keeps_the_middle_of_a_stay_and_lowers_a_flash():
    values = np.array([0.0, 0, 10, 0, 0, 0, 0, 0, 10, 10, 10, 0])
    smooth = smooth_over_time(values, np.arange(12.0), 1.0, 3.5)
    assert smooth[2] == pytest.approx(3.99, abs=0.05)
    assert smooth[9] > 8.5


def test_smoothing_does_not_cross_a_gap():
    values = np.array([10.0, 10, 0, 0])
    smooth = smooth_over_time(values, np.array([0.0, 1, 100, 101]), 1.0, 3.5)
    assert smooth.tolist() == [10, 10, 0, 0]


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.floats(0, 20), min_size=1, max_size=30), st.sampled_from([0.0, 0.7, 1.0, 2.0]))
def test_smoothing_stays_between_the_extremes(values, sigma):
    smooth = smooth_over_time(np.array(values), np.arange(len(values), dtype=float), sigma, 3.5)
    assert smooth.shape == (len(values),)
    assert min(values) - 1e-9 <= smooth.min() and smooth.max() <= max(values) + 1e-9


def test_settings_that_make_no_score_are_refused():
    with pytest.raises(ValueError, match="shares"):
        ScoreConfig(window_share=0.0)
    with pytest.raises(ValueError, match="alarm_bits"):
        ScoreConfig(alarm_bits=0.0)
