from __future__ import annotations

import cv2
import numpy as np
import pytest

from camera_analysis.labelling.frame_quality import QualityLimits, is_moved
from camera_analysis.labelling.plates import to_grey
from camera_analysis.labelling.registration import edges_of, measure_shift
from tests.camera_analysis.factories_scene import noisy, room, with_walker

WIDE = room(height=90, width=130)


def shift_between(a, b):
    return measure_shift(edges_of(to_grey(a)), edges_of(to_grey(b)))


@pytest.mark.parametrize(("dx", "dy"), [(5, 0), (0, 4), (-6, 3), (7, -5)])
def test_a_shifted_view_is_measured_in_pixels(dx, dy):
    crop = WIDE[10:74, 10:106]
    moved = noisy(WIDE[10 - dy : 74 - dy, 10 - dx : 106 - dx], seed=1)
    assert shift_between(crop, moved).shift_px == pytest.approx(np.hypot(dx, dy), abs=1)


@pytest.mark.parametrize("angle_deg", [-6, -3, 3, 5])
def test_a_turned_view_is_measured_in_degrees(angle_deg):
    large = cv2.resize(WIDE, (390, 270), interpolation=cv2.INTER_CUBIC)
    turn = cv2.getRotationMatrix2D((195, 135), angle_deg, 1)
    turned = cv2.warpAffine(large, turn, (390, 270))
    shift = shift_between(large[60:210, 80:310], noisy(turned[60:210, 80:310], 1))
    assert abs(shift.rotation_deg) == pytest.approx(abs(angle_deg), abs=0.4)
    assert np.sign(shift.rotation_deg) == -np.sign(angle_deg)
    assert shift.shift_px < 3  # about its own centre
    assert is_moved(shift, 230, QualityLimits())


def test_a_view_turned_by_half_a_degree_is_left_alone():
    large = cv2.resize(WIDE, (390, 270), interpolation=cv2.INTER_CUBIC)
    turn = cv2.getRotationMatrix2D((195, 135), 0.5, 1)
    turned = cv2.warpAffine(large, turn, (390, 270))
    shift = shift_between(large[60:210, 80:310], noisy(turned[60:210, 80:310], 1))
    assert not is_moved(shift, 230, QualityLimits())


def test_noise_light_and_a_walker_are_no_shift():
    scene = room()
    for other in (noisy(scene, 1), with_walker(scene, 5), (scene * 0.6).astype(np.uint8)):
        shift = shift_between(scene, noisy(other, 2))
        assert shift.shift_px == shift.rotation_deg == 0
        assert shift.match > 0.4


def test_another_view_is_not_recognised():
    assert shift_between(room(0), room(9)).match < 0.1


def test_measuring_leaves_its_arguments_alone():
    a, b = edges_of(to_grey(room(0))), edges_of(to_grey(room(9)))
    before = a.map_hw.copy(), b.map_hw.copy()
    measure_shift(a, b)
    assert (a.map_hw == before[0]).all()
    assert (b.map_hw == before[1]).all()


def test_a_flat_reference_cannot_judge():
    flat = edges_of(np.full((64, 96), 9, np.uint8))
    assert measure_shift(flat, edges_of(to_grey(room()))).match == 1.0
    assert measure_shift(edges_of(to_grey(room())), flat).match == 0.0
