"""Regions and tracks from masks, drawn."""

from __future__ import annotations

import numpy as np

from camera_analysis.benchmark_layouts.truth_regions import tracked_masks

SIZE_HW = (12, 40)


def mask(*lefts: int) -> np.ndarray:
    drawn = np.zeros(SIZE_HW, bool)
    for left in lefts:
        drawn[4:8, left : left + 4] = True
    return drawn


def tracks(*masks: np.ndarray) -> list[list[tuple[int, int]]]:
    return [
        [(region.track, region.box.x0) for region in truth.regions]
        for truth in tracked_masks(masks)
    ]


def test_a_moving_thing_keeps_its_track():
    assert tracks(mask(2), mask(4), mask(6)) == [[(0, 2)], [(0, 4)], [(0, 6)]]


def test_two_things_have_two_tracks():
    assert tracks(mask(2, 20), mask(3, 22)) == [[(0, 2), (1, 20)], [(0, 3), (1, 22)]]


def test_after_a_gap_a_track_is_new():
    assert tracks(mask(2), mask(), mask(2)) == [[(0, 2)], [], [(1, 2)]]


def test_a_track_goes_on_in_the_larger_part_of_a_thing_that_splits():
    whole = np.zeros(SIZE_HW, bool)
    whole[4:8, 2:14] = True
    parts = whole.copy()
    parts[:, 5:6] = False
    assert tracks(whole, parts) == [[(0, 2)], [(1, 2), (0, 6)]]


def test_crumbs_are_no_regions_but_abnormal_all_the_same():
    crumb = np.zeros(SIZE_HW, bool)
    crumb[3, 3] = True
    (truth,) = tracked_masks([crumb])
    assert truth.abnormal
    assert truth.regions == ()
