"""Readings along paths, on a grid of one row in which things go from place to place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from camera_analysis.channels.path_readings import (
    RANK,
    Reading,
    along_paths,
    widened,
    windows,
)

PLACES = 24


def frame(*things: tuple[int, float, float]) -> Reading:
    """Things of one place each: where, what is read of it, and its step since the frame before."""
    parts = np.zeros((1, PLACES), np.int32)
    values, steps = np.zeros((1, PLACES), np.float32), np.zeros((1, PLACES, 2), np.float32)
    for number, (place, value, step) in enumerate(things, start=1):
        parts[0, place], values[0, place], steps[0, place, 0] = number, value, step
    return Reading(parts, values, widened(steps))


def going(values: list[float], *, start: int = 0) -> list[Reading]:
    """One thing that goes a place to the right in each frame, and what is read of it there."""
    return [frame((start + number, value, 1.0)) for number, value in enumerate(values)]


def told(near: list[Reading], now: int, place: int, least: int = 3) -> float:
    return float(along_paths(near, now, least)[0, place])


def test_a_flash_counts_as_what_it_is_before_and_after_it():
    flash = going([1, 1, 1, 1, 9, 1, 1, 1, 1])
    assert told(flash, 4, 4) == 1.0
    faint = going([2] * 9)
    assert [told(faint, now, now) for now in range(9)] == [2.0] * 9


def test_who_is_hidden_for_half_of_the_way_is_read_as_themselves():
    assert told(going([1, 5, 1, 5, 1, 5, 1, 5]), 0, 0) == 5.0


def test_what_is_seen_later_tells_of_what_has_just_come_in():
    entering = going([0, 0, 0, 4, 4, 4])
    assert [told(entering, now, now) for now in (0, 5)] == [4.0, 4.0]
    assert told(going([0, 0, 0, 0, 4, 4]), 0, 0) == 0.0  # two readings are too few


def test_a_path_ends_where_the_flow_turns_back():
    # Somebody else comes from the right and is where the first one would have gone.
    turned = [*going([1, 1, 1]), *(frame((6 - n, 9.0, -1.0)) for n in range(3, 6))]
    assert told(turned, 2, 2) == 1.0
    assert told(turned, 3, 3) == 9.0


def test_what_has_left_the_view_is_not_followed_around_its_edge():
    left = [*going([3, 3, 3], start=PLACES - 3), frame((0, 9.0, 1.0)), frame((1, 9.0, 1.0))]
    assert told(left, 2, PLACES - 1) == 3.0


def test_places_of_a_thing_share_their_median():
    values = np.array([[2, 3, 9, 0, 5]], np.float32)
    still = np.zeros((1, 5, 2), np.float32)
    found = along_paths([Reading(np.array([[1, 1, 1, 1, 2]], np.int32), values, still)], 0, 1)
    np.testing.assert_array_equal(found, [[3, 3, 3, 0, 5]])


def test_nothing_moves_nothing_is_told():
    assert not along_paths([frame()] * 3, 1, 1).any()


def test_beside_what_moves_its_flow_is_that_of_the_place():
    steps = np.zeros((9, 9, 2), np.float32)
    steps[4, 4] = (3, 1)
    wide = widened(steps)
    assert wide[4, 4].tolist() == [3, 1]
    assert wide[7, 6].tolist() == [3, 1]  # three rows and two columns away
    assert not wide[4, 7].any()
    assert not wide[8, 4].any()


@pytest.mark.parametrize(("count", "reach"), [(0, 2), (1, 2), (3, 2), (9, 2), (4, 0)])
def test_each_item_is_told_once_among_its_neighbours(count, reach):
    found = [(list(near), now) for near, now in windows(iter(range(count)), reach)]
    assert [near[now] for near, now in found] == list(range(count))
    for item, (near, _) in enumerate(found):
        assert near == list(range(max(0, item - reach), min(count, item + reach + 1)))


def test_no_more_is_held_than_a_window():
    came = []

    def counted() -> Iterator[int]:
        for number in range(1000):
            came.append(number)
            yield number

    for told_so_far, (near, _) in enumerate(windows(counted(), 5), start=1):
        assert len(near) <= 11
        assert len(came) <= told_so_far + 5


def test_the_rank_is_the_upper_quartile():
    assert RANK == 0.75
    assert told(going([1, 2, 3, 4, 5, 6, 7, 8, 9]), 4, 4) == 7.0
