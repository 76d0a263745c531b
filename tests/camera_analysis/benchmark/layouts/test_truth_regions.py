"""Regions and tracks from masks, drawn."""

from __future__ import annotations

import numpy as np

from camera_analysis.benchmark.layouts.truth_regions import tracked_masks

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


def test_a_thing_hidden_for_a_moment_is_the_same_and_one_hidden_for_long_is_not():
    assert tracks(mask(2), mask(), mask(4)) == [[(0, 2)], [], [(0, 4)]]
    assert tracks(mask(2), *[mask()] * 10, mask(4))[-1] == [(1, 4)]
    assert tracks(mask(2), mask(), mask(30))[-1] == [(1, 30)]


def test_a_thing_cut_in_two_by_a_passer_by_is_one_region():
    whole = np.zeros(SIZE_HW, bool)
    whole[4:8, 2:14] = True
    parts = whole.copy()
    parts[:, 5:7] = False
    assert tracks(whole, parts, whole) == [[(0, 2)]] * 3


def test_things_that_met_and_parted_are_two():
    apart, met = mask(4, 20), np.zeros(SIZE_HW, bool)
    met[4:8, 6:22] = True
    found = tracks(apart, met, mask(3, 30))
    assert [len(regions) for regions in found] == [2, 1, 2]
    assert len({track for track, _ in found[2]}) == 2


def test_crumbs_are_no_regions_but_abnormal_all_the_same():
    crumb = np.zeros(SIZE_HW, bool)
    crumb[3, 3] = True
    (truth,) = tracked_masks([crumb])
    assert truth.abnormal
    assert truth.regions == ()
