"""Masks that are trusted to hide people: wide, held over time, doubted."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.labelling.motion import MotionConfig, learn_plate
from camera_analysis.privacy.mask_safety import (
    HeldMasks,
    SafetyConfig,
    estimated_in_view,
    safe_mask,
    uncovered_shares,
    widened,
)
from tests.camera_analysis.factories_scene import noisy, room

MOTION = MotionConfig()
SAFETY = SafetyConfig(margin_share=0.05)
SCENE = room(height=120, width=160)
PLATE = learn_plate([noisy(SCENE, n, 1.0) for n in range(11)], MOTION)


def mask_of(frame, human=None):
    return safe_mask(frame, PLATE, human, motion=MOTION, safety=SAFETY)


def with_somebody(frame):
    changed = frame.copy()
    changed[30:90, 60:80] = (250, 30, 160)
    return changed


def test_an_empty_room_hides_nothing_and_is_trusted():
    found = mask_of(noisy(SCENE, 99, 1.0))
    assert not found.mask_hw.any()
    assert found.distrust == "" and found.doubtful_share < 0.005


def test_somebody_is_covered_with_a_margin():
    found = mask_of(with_somebody(noisy(SCENE, 99, 1.0)))
    assert found.mask_hw[27:93, 57:83].all()
    assert not found.mask_hw[:, :45].any()
    assert found.distrust == ""


def test_a_network_hides_from_a_low_probability_on_and_furniture_too():
    human = np.zeros((120, 160), np.float32)
    human[40:70, 10:30] = 0.35
    found = mask_of(noisy(SCENE, 99, 1.0), human)
    assert found.mask_hw[40:70, 10:30].all()


def test_a_network_in_doubt_hides_the_whole_frame():
    human = np.zeros((120, 160), np.float32)
    human[40:70, 10:50] = 0.2  # a sixteenth of the frame, neither here nor there
    assert mask_of(noisy(SCENE, 99, 1.0), human).distrust == "doubtful"


def test_a_large_weak_change_hides_the_whole_frame():
    """Somebody whose clothes are nearly the wall's: 4 standard deviations, in red alone."""
    hazy = SCENE.astype(float)
    hazy[30:80, 50:90, 0] = (hazy[30:80, 50:90, 0] + MOTION.dark_offset) * np.exp(
        4.2 * MOTION.noise_floor
    ) - MOTION.dark_offset
    assert mask_of(hazy.round().astype(np.uint8)).distrust == "doubtful"


def test_change_of_nearly_everything_hides_the_whole_frame():
    turned = noisy(np.ascontiguousarray(SCENE[::-1, ::-1]), 99, 1.0)
    turned[10:110, 5:155] = np.random.default_rng(1).integers(0, 255, (100, 150, 3), np.uint8)
    assert mask_of(turned).distrust == "overfull"


def test_a_mask_is_widened_by_its_margin_in_all_directions():
    dot = np.zeros((21, 21), bool)
    dot[10, 10] = True
    wide = widened(dot, 5)
    assert wide[10, 5] and wide[5, 10] and wide[13, 13]
    assert not wide[10, 4] and not wide[5, 5]
    assert (widened(dot, 0) == dot).all()


def dots(*places):
    mask = np.zeros((1, 10), bool)
    mask[0, list(places)] = True
    return mask


def test_masks_hold_before_and_after():
    """Found at 0.2 s alone, somebody is hidden from 0.0 to 0.4 s."""
    held: HeldMasks[int] = HeldMasks(0.2)
    given = [None, dots(), dots(3), dots(), dots(), dots(7)]
    out = []
    for number, mask in enumerate(given):
        out += held.add(number * 0.1, number, mask)
    out += held.finish()
    assert [item for item, _ in out] == [0, 1, 2, 3, 4, 5]
    assert [np.flatnonzero(mask[0]).tolist() for _, mask in out] == [
        [3],
        [3],
        [3],
        [3, 7],
        [3, 7],
        [7],
    ]


def test_a_frame_with_no_mask_around_says_so():
    held: HeldMasks[str] = HeldMasks(0.2)
    list(held.add(0.0, "a", dots(1)))
    assert [mask is None for _, mask in held.add(5.0, "b", None)] == [False]
    assert list(held.finish()) == [("b", None)]


def test_items_wait_no_longer_than_a_mask_holds():
    held: HeldMasks[int] = HeldMasks(0.2)
    released = [len(list(held.add(n / 25, n, dots(1)))) for n in range(100)]
    assert sum(released) >= 100 - 6 and max(released) == 1


def test_what_a_margin_leaves_uncovered():
    mask, truth = np.zeros((9, 20), bool), np.zeros((9, 20), bool)
    mask[4, 5], truth[4, 5:9] = True, True
    shares = uncovered_shares(mask, truth, np.array([0, 1, 2, 3], np.float32))
    assert shares.tolist() == [0.75, 0.5, 0.25, 0.0]
    assert uncovered_shares(np.zeros_like(mask), truth, np.array([9.0])).tolist() == [1.0]


@pytest.mark.parametrize("wrong", [{"margin_share": -0.1}, {"hold_s": 9.0}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        SafetyConfig(**wrong)


def test_estimate_counts_doubt_beside_masks_and_large_doubt_without_any():
    hidden, doubtful = np.array([0.2, 0.0, 0.0]), np.array([0.01, 0.04, 0.001])
    assert estimated_in_view(hidden, doubtful) == pytest.approx(0.05 / 0.25)
    assert estimated_in_view(hidden[1:2], doubtful[1:2]) == 1
    assert estimated_in_view(hidden[2:], doubtful[2:]) == 0
    assert estimated_in_view(hidden[:0], doubtful[:0]) == 0
