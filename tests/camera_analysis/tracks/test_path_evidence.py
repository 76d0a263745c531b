"""A walk is compared with the walks of other days; how unlike them it is has a p-value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_analysis.tracks.path_evidence import distances_between, usual_ways, what_departs
from camera_analysis.tracks.walks import Walk
from tests.camera_analysis.factories_tracks import START
from tests.camera_analysis.factories_walks import BODY_PX, PACE_PX_S, WAYS


def walk_along(*corners, day="2026-01-05", pace=PACE_PX_S, number=1):
    """A walk without jitter."""
    corners = np.array(corners, float)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    at = np.linspace(0, along[-1], 16)
    return Walk(
        day=day,
        track_id=number,
        class_id=1,
        start=START,
        end=START,
        entry_zone=None,
        exit_zone=None,
        feet_xy=np.column_stack([np.interp(at, along, side) for side in corners.T]),
        body_px=np.full(16, BODY_PX),
        after_s=at / pace,
    )


LANE = walk_along(*WAYS["right"])


def to_lane(walk):
    return distances_between([walk], [LANE]).item()


def test_part_of_a_usual_way_is_usual():
    assert to_lane(LANE) == pytest.approx(0, abs=1e-6)
    assert to_lane(walk_along((100, 80), (180, 80))) == pytest.approx(0, abs=1e-6)


def test_distances_are_body_heights():
    assert to_lane(walk_along((10, 120), (310, 120))) == pytest.approx(1)  # a body height below
    assert to_lane(walk_along((100, 100), (180, 100))) == pytest.approx(0.5)


def test_half_the_pace_is_a_quarter_of_a_body_height_aside():
    assert to_lane(walk_along((10, 80), (310, 80), pace=PACE_PX_S / 2)) == pytest.approx(0.25)


def test_who_goes_back_is_nowhere_on_a_way_that_leads_forth():
    assert to_lane(walk_along((310, 80), (10, 80))) > 1  # all of it at the opposite velocity
    assert to_lane(walk_along(*WAYS["back"])) > 0.4
    assert to_lane(walk_along(*WAYS["cross"])) > 0.5


@pytest.mark.parametrize(
    ("corners", "pace", "departs"),
    [
        (WAYS["cross"], PACE_PX_S, "place"),
        (WAYS["against"], PACE_PX_S, "direction"),
        (WAYS["back"], PACE_PX_S, "order"),
        (WAYS["right"], 3 * PACE_PX_S, "pace"),
    ],
)
def test_it_is_said_in_what_a_walk_differs(corners, pace, departs):
    usual = [LANE, walk_along(*WAYS["left"])]
    assert what_departs(walk_along(*corners, pace=pace), usual) == departs


def test_the_departing_point_is_where_the_way_leaves_the_usual_one():
    usual = usual_ways([walk_along(*WAYS["right"], day=day) for day in ("d1", "d2")])
    (found,) = usual.judge([walk_along((10, 80), (200, 80), (200, 230), day="d3")])
    x, y = found.walk.feet_xy[found.point]
    assert (x, y > 200) == (pytest.approx(200, abs=12), True)


def test_a_day_is_never_compared_with_itself():
    """The same odd walk twice on one day is odd; once on each of two days it is known."""
    lanes = [walk_along(*WAYS["right"], day=day) for day in ("d1", "d2")]
    twice = usual_ways([*lanes, *[walk_along(*WAYS["cross"], day="d1")] * 2])
    assert (twice.scores["d1"] > 1).sum() == 2
    known = usual_ways([*lanes, *(walk_along(*WAYS["cross"], day=day) for day in ("d1", "d2"))])
    assert max(known.scores["d1"].max(), known.scores["d2"].max()) == pytest.approx(0, abs=1e-6)


def test_with_one_day_or_too_few_walks_nothing_can_be_told():
    one = usual_ways([LANE] * 50)
    assert (one.days, one.walks, one.can_tell(1, 0.5)) == (0, 0, False)
    two = usual_ways([walk_along(*WAYS["right"], day=day) for day in ("d1", "d2")] * 10)
    assert two.walks == 20
    assert two.can_tell(10, 0.5)
    assert not two.can_tell(11, 0.5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_distances_do_not_change_with_the_scale_of_the_view(seed):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 300, (2, 3, 2))
    scale = float(rng.uniform(0.2, 4))
    small = [walk_along(*one) for one in corners]
    large = [
        Walk(**{**one.__dict__, "feet_xy": one.feet_xy * scale, "body_px": one.body_px * scale})
        for one in small
    ]
    assert distances_between(small[:1], small[1:]).item() == pytest.approx(
        distances_between(large[:1], large[1:]).item(), rel=1e-6
    )
