"""Drawn days, one after the other: what blocks a day, since when, and what does not."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from camera_analysis.normal.scene_change import find_change
from camera_analysis.normal.scene_views import SceneLimits, compare_views
from tests.camera_analysis.factories_views import (
    dimmed,
    in_fog,
    lit_from_the_side,
    moved_over,
    plate,
    view_of,
    with_car,
    with_patch_of_sun,
    with_shadow,
    with_shelf,
)

LIMITS = SceneLimits()
WINDOW = 7


def day(number):
    return (date(2026, 3, 1) + timedelta(days=number - 1)).isoformat()


def judged(plates, folder, privacy="blurred"):
    """Day number -> what its window says, for every day but the first."""
    views = {n: view_of(shown, folder, privacy) for n, shown in enumerate(plates, start=1)}
    return {
        n: find_change(
            day(n),
            views[n],
            {day(d): views[d] for d in range(max(1, n - WINDOW), n)},
            LIMITS,
        )
        for n in list(views)[1:]
    }


def usual(days, first_seed=1):
    return [plate(seed=first_seed + n) for n in range(days)]


def blocked(found):
    return [n for n, change in found.items() if change.status == "changed"]


@pytest.mark.parametrize("privacy", ["blurred", "clear"])
def test_ordinary_days_in_changing_light_are_never_blocked(tmp_path, privacy):
    light = [
        lambda seen: seen,
        lambda seen: dimmed(seen, 0.6),
        lit_from_the_side,
        with_shadow,
        with_patch_of_sun,
    ]
    order = np.random.default_rng(3).integers(len(light), size=30)
    plates = [light[kind](plate(seed=n)) for n, kind in enumerate(order)]
    found = judged(plates, tmp_path, privacy)
    assert {n: change.kind for n, change in found.items() if change.status != "as_learned"} == {}


@pytest.mark.parametrize("light", [with_shadow, with_patch_of_sun, lit_from_the_side])
def test_the_first_sunny_days_after_dull_ones_are_not_blocked(tmp_path, light):
    plates = usual(6) + [light(seen) for seen in usual(4, 20)]
    assert blocked(judged(plates, tmp_path)) == []


@pytest.mark.parametrize("privacy", ["blurred", "clear"])
def test_a_moved_camera_is_blocked_at_once_until_its_old_view_has_left_the_window(
    tmp_path, privacy
):
    plates = usual(5) + [plate(dx=14, seed=30 + n) for n in range(9)]
    found = judged(plates, tmp_path, privacy)
    assert blocked(found) == [6, 7, 8, 9, 10, 11, 12]
    assert {found[n].since for n in blocked(found)} == {day(6)}
    assert (found[6].kind, found[6].before) == ("moved", tuple(day(n) for n in range(1, 6)))
    width = found[6].difference.width
    assert found[6].difference.shift.shift_px / width == pytest.approx(14 / 320, abs=0.015)


def test_a_turned_camera_is_blocked(tmp_path):
    found = judged([*usual(4), moved_over(plate(seed=9), 6.0)], tmp_path)
    assert (blocked(found), found[5].kind) == ([5], "moved")
    assert abs(found[5].difference.shift.rotation_deg) == pytest.approx(6, abs=1.5)


def test_days_after_a_camera_was_put_back_are_judged_without_those_between(tmp_path):
    plates = usual(4) + [plate(dx=14, seed=30 + n) for n in range(2)] + usual(2, 40)
    found = judged(plates, tmp_path)
    assert blocked(found) == [5, 6]
    assert found[7].status == "as_learned"
    assert dict(found[7].left_out) == {day(5): "moved", day(6): "moved"}


@pytest.mark.parametrize("privacy", ["blurred", "clear"])
def test_a_shelf_is_suspected_on_its_first_day_and_blocks_from_the_second(tmp_path, privacy):
    plates = usual(5) + [with_shelf(seen) for seen in usual(3, 20)]
    found = judged(plates, tmp_path, privacy)
    assert found[6].status == "suspected"
    assert blocked(found) == [7, 8]
    assert (found[8].kind, found[8].since) == ("changed", day(6))
    x0, y0, x1, y1 = found[8].box_xyxy
    assert (x0, x1) == pytest.approx((200 / 320, 260 / 320), abs=0.06)
    assert 60 / 240 - 0.05 <= y0 < y1 <= 180 / 240 + 0.05
    assert 0.02 <= found[8].changed_share <= 0.12  # it fills 0.09


def test_a_shelf_that_is_taken_away_leaves_its_days_out(tmp_path):
    plates = usual(5) + [with_shelf(seen) for seen in usual(2, 20)] + usual(1, 40)
    found = judged(plates, tmp_path)
    assert found[8].status == "as_learned"
    assert dict(found[8].left_out) == {day(6): "changed", day(7): "changed"}


def test_a_car_that_parks_for_a_day_blocks_nothing_and_its_day_counts(tmp_path):
    plates = [*usual(5), with_car(plate(seed=20)), *usual(3, 30)]
    found = judged(plates, tmp_path)
    assert blocked(found) == []
    assert all(not change.left_out for change in found.values())


def test_a_car_park_differs_every_day_and_is_never_blocked(tmp_path):
    places = np.random.default_rng(1).integers(0, 220, size=14)
    plates = [with_car(seen, x) for seen, x in zip(usual(14), places, strict=True)]
    plates += [with_car(seen, 80) for seen in usual(4, 40)]  # somebody parks for days
    assert blocked(judged(plates, tmp_path)) == []


@pytest.mark.parametrize("privacy", ["blurred", "clear"])
def test_light_that_fades_over_a_month_is_followed(tmp_path, privacy):
    plates = [dimmed(seen, 1.0 - 0.7 * n / 29) for n, seen in enumerate(usual(30))]
    found = judged(plates, tmp_path, privacy)
    assert {change.status for change in found.values()} == {"as_learned"}
    assert all(not change.left_out for change in found.values())


def test_a_day_of_fog_is_blocked_alone_and_is_not_learned_from(tmp_path):
    plates = [*usual(5), in_fog(plate(seed=20)), *usual(3, 30)]
    found = judged(plates, tmp_path)
    assert (blocked(found), found[6].kind) == ([6], "veiled")
    assert found[6].difference.contrast_share == pytest.approx(0.13, abs=0.08)
    assert [dict(found[n].left_out) for n in (7, 8, 9)] == [{day(6): "veiled"}] * 3


def test_a_haze_that_leaves_half_of_the_contrast_is_judged(tmp_path):
    plates = [*usual(5), in_fog(plate(seed=20), 0.4), *usual(1, 30)]
    assert blocked(judged(plates, tmp_path)) == []


def test_a_slow_change_has_no_step_although_its_ends_differ(tmp_path):
    """Fog that thickens from day to day: the first and the last day differ, neighbours do not."""
    plates = [in_fog(seen, 0.9 * n / 19) for n, seen in enumerate(usual(20))]
    views = [view_of(shown, tmp_path) for shown in plates]
    assert compare_views(views[0], views[19], LIMITS).kind(LIMITS) == "veiled"
    assert blocked(judged(plates[:16], tmp_path)) == []


def test_without_days_before_nothing_is_said(tmp_path):
    view = view_of(plate(), tmp_path)
    found = find_change(day(1), view, {}, LIMITS)
    assert (found.status, found.before, dict(found.left_out)) == ("as_learned", (), {})


def test_a_day_is_not_compared_with_itself(tmp_path):
    view = view_of(plate(), tmp_path)
    with pytest.raises(ValueError, match="itself or a later day"):
        find_change(day(2), view, {day(2): view}, LIMITS)


@pytest.mark.parametrize("other", [with_shelf, in_fog, lambda seen: moved_over(seen, 6.0)])
def test_a_difference_is_the_same_from_both_sides(tmp_path, other):
    one, two = view_of(plate(), tmp_path), view_of(other(plate(seed=2)), tmp_path)
    kinds = {compare_views(*pair, LIMITS).kind(LIMITS) for pair in ((one, two), (two, one))}
    assert len(kinds) == 1
    assert "" not in kinds


def test_views_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        compare_views(np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.uint8), LIMITS)
