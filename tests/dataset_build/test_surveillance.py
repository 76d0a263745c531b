"""Whole persons of small to middle height, not a portrait, not cut by the border."""

from __future__ import annotations

from dataset_build.config import CleaningRules
from dataset_build.surveillance import departures

RULES = CleaningRules(max_tallest_region_share=0.8, max_border_touch_share=0.5, min_human_regions=2)


def view(**changes):
    street = {
        "human_px": 900,
        "human_regions": 3,
        "tallest_region_share": 0.3,
        "border_touch_share": 0.0,
    }
    return street | changes


def test_whole_persons_in_a_street_are_like_a_camera():
    assert departures(view(), RULES) == ()


def test_a_portrait_is_not():
    assert departures(view(tallest_region_share=0.95), RULES) == (
        "tallest_region_share 0.95 > 0.8",
    )


def test_persons_cut_by_the_border_are_not():
    assert departures(view(border_touch_share=2 / 3), RULES) == ("border_touch_share 0.6667 > 0.5",)


def test_too_few_persons_are_not():
    assert departures(view(human_regions=1), RULES) == ("human_regions 1 < 2",)


def test_all_broken_conditions_are_named():
    portrait = view(human_regions=1, tallest_region_share=1.0, border_touch_share=1.0)
    assert len(departures(portrait, RULES)) == 3


def test_on_the_limit_is_still_like_a_camera():
    edge = view(human_regions=2, tallest_region_share=0.8, border_touch_share=0.5)
    assert departures(edge, RULES) == ()


def test_an_empty_scene_is_never_judged():
    empty = view(human_px=0, human_regions=0, tallest_region_share=0.0)
    assert departures(empty, RULES) == ()
