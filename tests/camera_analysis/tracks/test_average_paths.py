"""Walks that go the same way are one path; a walk that goes another way is unusual."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.tracks.average_paths import (
    NO_PATH,
    find_ways,
    is_walk,
    path_distances,
    resampled,
)
from tests.camera_analysis.factories_tracks import walk


def straight(x0, y0, x1, y1):
    return resampled(np.array([[x0, y0], [x1, y1]], float))


def test_points_lie_at_equal_shares_of_the_way_not_of_the_time():
    slow_then_fast = np.array([[0, 0], [1, 0], [2, 0], [3, 0], [30, 0]], float)
    assert resampled(slow_then_fast, 4).tolist() == [[0, 0], [10, 0], [20, 0], [30, 0]]
    assert resampled(np.array([[5.0, 6], [5, 6]]), 3).tolist() == [[5, 6]] * 3


def test_feet_that_hid_for_a_moment_do_not_bend_the_way():
    feet = [(10 * n, 100) for n in range(10)]
    hidden = [(x, 70) if n in (4, 5) else (x, y) for n, (x, y) in enumerate(feet)]
    assert walk(hidden).way_xy[:, 1].tolist() == [100] * 10
    assert np.ptp(walk(hidden).feet_xy[:, 1]) == 30


def test_who_stands_or_flickers_is_no_walk():
    assert is_walk(walk([(x, 100) for x in range(0, 80, 8)]))
    assert not is_walk(walk([(50 + n % 2, 100) for n in range(50)]))
    assert not is_walk(walk([(0, 100), (80, 100)]))  # a fifth of a second


def test_two_ways_there_and_back_are_four_paths_and_a_stray_is_none():
    random = np.random.default_rng(0)
    walks = []
    for count, ends in ((9, (10, 50, 300, 50)), (7, (300, 50, 10, 50)), (5, (10, 200, 300, 220))):
        walks += [straight(*(np.array(ends) + random.normal(0, 5, 4))) for _ in range(count)]
    walks.append(straight(150, 0, 150, 240))
    ways = find_ways(walks, [40.0] * len(walks))
    assert [path.walks for path in ways.paths] == [9, 7, 5]
    assert ways.path_n.tolist() == [0] * 9 + [1] * 7 + [2] * 5 + [NO_PATH]
    assert np.abs(ways.paths[0].points_xy - straight(10, 50, 300, 50)).max() < 8
    assert int(np.nanargmin(ways.unusual_p)) == len(walks) - 1
    assert ways.unusual_p[-1] == pytest.approx(1 / len(walks))
    assert ways.distance_n[-1] > 1 > ways.distance_n[:-1].max()


def test_distances_count_body_heights():
    near, far = straight(0, 0, 100, 0)[None], straight(0, 20, 100, 20)[None]
    assert path_distances(near, np.array([20.0]), far, np.array([20.0])).item() == pytest.approx(1)
    assert path_distances(near, np.array([40.0]), far, np.array([10.0])).item() == pytest.approx(1)


def test_few_walks_have_no_path_and_nothing_unusual():
    ways = find_ways([straight(0, 0, 100, 0)] * 2, [40.0] * 2)
    assert (ways.paths, ways.path_n.tolist()) == ((), [NO_PATH, NO_PATH])
    assert np.isnan(ways.unusual_p).all()
    assert find_ways([], []).paths == ()


def test_more_walks_than_are_compared_are_all_sorted(monkeypatch):
    monkeypatch.setattr("camera_analysis.tracks.average_paths.MOST_COMPARED", 20)
    random = np.random.default_rng(1)
    walks = [straight(10, 50 + random.normal(0, 3), 300, 50) for _ in range(60)]
    walks += [straight(10, 200 + random.normal(0, 3), 300, 200) for _ in range(40)]
    ways = find_ways(walks, [40.0] * 100)
    assert [path.walks for path in ways.paths] == [60, 40]
    assert not np.isnan(ways.unusual_p).any()


corner = st.integers(0, 300)


@given(st.lists(st.tuples(corner, corner, corner, corner), min_size=1, max_size=12))
def test_distances_are_symmetric_and_ranks_are_shares(ends):
    walks = [straight(*one) for one in ends]
    points, heights = np.stack(walks), np.full(len(walks), 40.0)
    between = path_distances(points, heights, points, heights)
    assert np.allclose(between, between.T)
    assert np.allclose(np.diag(between), 0)
    ways = find_ways(walks, heights.tolist())
    assert sum(path.walks for path in ways.paths) == (ways.path_n != NO_PATH).sum()
    if len(walks) >= 7:
        assert ((ways.unusual_p > 0) & (ways.unusual_p <= 1)).all()
