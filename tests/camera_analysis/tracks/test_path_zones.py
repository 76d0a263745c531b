"""Where walks begin and end, how many went from where to where, and tracks that were lost."""

from __future__ import annotations

import numpy as np

from camera_analysis.tracks.path_zones import ELSEWHERE, find_breaks, find_zones, origin_destination
from tests.camera_analysis.factories_tracks import walk

HEIGHT = 40.0


def around(x, y, count, seed):
    return np.random.default_rng(seed).normal((x, y), 6, (count, 2))


def test_doors_are_zones_and_the_matrix_says_who_went_where():
    starts = np.concatenate([around(10, 100, 12, 1), around(300, 100, 5, 2), [[150, 20]]])
    ends = np.concatenate([around(300, 100, 12, 3), around(160, 230, 5, 4), [[310, 110]]])
    zones, entries, exits = find_zones(starts, ends, np.full(18, HEIGHT))
    assert [zone.name for zone in zones] == ["A", "B", "C"]
    right, left, bottom = zones
    assert abs(right.centre_xy[0] - 300) < 10
    assert (right.entries, right.exits) == (5, 13)
    assert (left.entries, left.exits) == (12, 0)
    assert (bottom.entries, bottom.exits) == (0, 5)
    names, matrix = origin_destination(entries, exits, zones)
    assert names == ["A", "B", "C", ELSEWHERE]
    assert matrix.tolist() == [[0, 0, 5, 0], [12, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]
    assert matrix.sum() == 18


def test_ends_that_are_no_exits_make_no_zone():
    starts = around(10, 100, 5, 1)
    unknown = np.full((5, 2), np.nan)
    zones, entries, exits = find_zones(starts, unknown, np.full(5, HEIGHT))
    assert [zone.name for zone in zones] == ["A"]
    assert entries == ["A"] * 5
    assert exits == [None] * 5


def test_without_walks_there_is_only_elsewhere():
    zones, entries, exits = find_zones(np.empty((0, 2)), np.empty((0, 2)), np.empty(0))
    assert (zones, entries, exits) == ((), [], [])
    assert origin_destination(entries, exits, zones)[1].tolist() == [[0]]


def test_a_track_that_goes_on_beside_where_another_ended_was_lost():
    lost = walk([(x, 100) for x in range(10, 100, 5)])  # ends at (95, 100) after 3.4 s
    found = walk([(x, 100) for x in range(120, 200, 5)], track_id=2, start_s=5.0)
    far = walk([(x, 30) for x in range(250, 300, 5)], track_id=3, start_s=5.0)
    late = walk([(x, 100) for x in range(100, 200, 5)], track_id=4, start_s=20.0)
    breaks = find_breaks([lost, found, far, late])
    assert breaks.ends_n.tolist() == [True, False, False, False]
    assert breaks.starts_n.tolist() == [False, True, False, False]


def test_one_start_mends_one_break():
    two = [walk([(x, y) for x in range(10, 100, 5)], track_id=y) for y in (100, 110)]
    found = walk([(x, 105) for x in range(100, 200, 5)], track_id=3, start_s=4.0)
    breaks = find_breaks([*two, found])
    assert breaks.ends_n.sum() == breaks.starts_n.sum() == 1
