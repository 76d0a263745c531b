from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.labelling.regions import Box
from camera_analysis.occupancy.roi_masks import RoiMask
from camera_analysis.occupancy.roi_overlap import LikelyBox, RoiMeter

LEFT = np.zeros((8, 12), bool)
LEFT[:, :4] = True
SMALL = np.zeros((8, 12), bool)
SMALL[5:7, 6:8] = True
MASKS = [RoiMask(name="left", inside_hw=LEFT), RoiMask(name="small", inside_hw=SMALL)]


def meter(part=0.1, weights=None):
    return RoiMeter(MASKS, np.ones((8, 12), np.float32) if weights is None else weights, part)


def people(*boxes):
    mask = np.zeros((8, 12), bool)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def test_a_person_half_inside_and_one_who_covers_a_small_region():
    seen = meter().measure(people((3, 0, 5, 4), (6, 4, 9, 8)))
    assert seen.expected_px.tolist() == [4, 4]
    assert seen.roi_share.tolist() == [4 / 32, 1]
    assert seen.person_share.tolist() == [0.5, pytest.approx(4 / 12)]
    assert seen.overlap.tolist() == [0.5, 1]
    assert [px.tolist() for px in seen.person_px] == [[8], [12]]


def test_the_bottom_centre_rule_looks_at_one_pixel():
    # Boxes end at rows 4 and 7; their middles are columns 4 and 7.
    seen = meter().measure(people((3, 0, 5, 4), (6, 4, 9, 7)))
    assert seen.bottom_centre.tolist() == [False, True]


def test_nobody_in_any_region_is_nothing():
    assert meter().measure(people((5, 0, 6, 3))) is None
    assert meter().measure(people()) is None


def test_probability_and_weights_scale_what_is_expected():
    weights = np.full((8, 12), 0.5, np.float32)
    likely = [LikelyBox(box=Box(0, 0, 9, 9), probability=0.3)]
    likely += [LikelyBox(box=Box(0, 0, 4, 3), probability=0.8)]  # the smaller one is theirs
    seen = meter(weights=weights).measure(people((0, 0, 4, 2)), likely)
    assert seen.expected_px[0] == pytest.approx(0.8 * 0.5 * 8)
    assert seen.overlap[0] == pytest.approx(1)
    assert seen.roi_share[0] == pytest.approx(8 / 32)


def test_two_persons_are_counted_where_each_is_inside_far_enough():
    seen = meter(part=0.5).measure(people((0, 0, 2, 3), (3, 4, 6, 7)))
    assert [len(px) for px in seen.person_px] == [1, 0]  # the second is one third inside


@given(st.lists(st.tuples(*[st.integers(0, 11)] * 2, *[st.integers(1, 5)] * 2), min_size=1))
def test_shares_are_shares_and_expected_pixels_add_up(boxes):
    mask = people(*[(x, y, x + w, y + h) for x, y, w, h in boxes])
    seen = meter().measure(mask)
    if seen is None:
        assert not (mask & (LEFT | SMALL)).any()
        return
    assert seen.expected_px.tolist() == [(mask & LEFT).sum(), (mask & SMALL).sum()]
    for share in (seen.roi_share, seen.person_share, seen.overlap):
        assert ((share >= 0) & (share <= 1 + 1e-9)).all()
    assert (seen.overlap >= seen.person_share - 1e-12).all()
