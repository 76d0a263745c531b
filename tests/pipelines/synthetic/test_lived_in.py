"""Frames of an even grey room: what changes in them, where, and how often."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pipelines.synthetic.lived_in import lived_in

GREY = np.full((40, 80, 3), 120, np.uint8)


def filmed(file: int, *, count: int = 60, strength: float = 1.0) -> np.ndarray:
    room, of_file = np.random.default_rng(5), np.random.default_rng([5, file])
    return np.stack([*lived_in(iter([GREY] * count), room, of_file, count, strength)])


def test_tones_change_a_few_times_and_hold_between():
    frames = filmed(1)
    changed = [bool((one != other).any()) for one, other in pairwise(frames)]
    assert 1 <= sum(changed) <= 3
    off = np.abs(frames.astype(int) - 120).max(axis=(1, 2, 3))
    assert off.min() > 4
    assert off.max() < 60


def test_soft_things_lie_where_they_lay_in_every_file_of_a_room():
    def steps(files: range) -> np.ndarray:
        return np.mean([np.abs(np.diff(filmed(f)[0, ..., 0].astype(int))) for f in files], axis=0)

    one, other = steps(range(12)).ravel(), steps(range(12, 24)).ravel()
    assert np.corrcoef(one, other)[0, 1] > 0.7
    assert np.median(one) < 0.3 * one.max()  # not everything is soft


def test_a_room_that_is_not_lived_in_is_left_as_it_is():
    assert (filmed(1, strength=0.0) == 120).all()
    np.testing.assert_array_equal(filmed(1), filmed(1))
