from __future__ import annotations

import cv2
import numpy as np
import pytest

from camera_analysis.labelling.frame_quality import (
    REASONS,
    QualityLimits,
    QualityMeter,
    is_blurred,
    plate_quality,
)
from camera_analysis.labelling.plates import to_grey
from camera_analysis.labelling.registration import edges_of
from tests.camera_analysis.factories_scene import noisy, room, with_walker

LIMITS = QualityLimits()
PLATE = plate_quality(to_grey(room()))


def quality_of(frame_rgb, meter=None, time_s=0.0):
    grey = to_grey(frame_rgb)
    meter = meter or QualityMeter(LIMITS)
    return meter.measure(grey, edges_of(grey), time_s, PLATE)


HAND = np.clip(np.linspace(70, 110, 96)[None, :, None] + np.zeros((64, 96, 3)), 0, 255).astype(
    np.uint8
)


def torn(frame):
    """A frame whose lower third was never decoded: it is the grey of missing data."""
    damaged = noisy(frame, 5)
    damaged[len(damaged) * 2 // 3 :] = 128
    return damaged


def smeared(frame):
    """A frame whose last decoded row was repeated to the bottom."""
    damaged = noisy(frame, 5)
    damaged[40:] = damaged[39]
    return damaged


WIDE = room(1, height=90, width=130)
FAULTS = {
    "dark": np.full_like(room(), 2),
    "bright": np.full_like(room(), 254),
    "covered": HAND,
    "blurred": cv2.GaussianBlur(room(), (0, 0), 4),
    "moved": room(9),
}


@pytest.mark.parametrize("reason", FAULTS)
def test_each_fault_is_named(reason):
    assert quality_of(noisy(FAULTS[reason], 3, strength=0.8)).reason(LIMITS) == reason


@pytest.mark.parametrize("frame", [room(), with_walker(room(), 7), (room() * 0.2).astype(np.uint8)])
def test_ordinary_scenes_are_usable_also_at_night(frame):
    assert quality_of(noisy(frame, 4)).reason(LIMITS) == ""


def test_a_plate_out_of_focus_is_told_from_one_of_the_night():
    blurred = cv2.GaussianBlur(room(), (0, 0), 4)
    assert is_blurred(plate_quality(to_grey(blurred)), PLATE, LIMITS)
    night = (blurred * 0.3).astype(np.uint8)  # contrast at night is another: nothing can be told
    assert not is_blurred(plate_quality(to_grey(night)), PLATE, LIMITS)
    assert not is_blurred(PLATE, plate_quality(to_grey(blurred)), LIMITS)
    assert not is_blurred(plate_quality(to_grey((room() * 0.6).astype(np.uint8))), PLATE, LIMITS)


def test_a_quiet_night_is_not_frozen_but_an_identical_picture_is():
    meter = QualityMeter(LIMITS)
    dim = (room() * 0.3).astype(np.uint8)
    quiet = [quality_of(noisy(dim, n, 0.5), meter, float(n)).reason(LIMITS) for n in range(100)]
    assert set(quiet) == {""}
    hung = [quality_of(dim, meter, 100.0 + n).reason(LIMITS) for n in range(100)]
    assert hung == [""] * 61 + ["frozen"] * 39


def test_doubled_frames_are_not_frozen():
    meter = QualityMeter(LIMITS)
    frames = [quality_of(noisy(room(), n // 2), meter, n * 0.2) for n in range(400)]
    assert {frame.reason(LIMITS) for frame in frames} == {""}
    assert frames[1].still_share == 1.0


def test_every_reason_has_a_number():
    assert set(FAULTS) | {"", "frozen", "corrupt"} == set(REASONS)


@pytest.mark.parametrize("damage", [torn, smeared])
def test_what_a_decoder_fills_in_is_corrupt_and_has_its_share_of_rows(damage):
    grey = to_grey(damage(room()))
    plate = plate_quality(to_grey(noisy(room(), 6, 1.0)))  # a drawn one has equal rows itself
    quality = QualityMeter(LIMITS).measure(grey, edges_of(grey), 0.0, plate)
    assert quality.reason(LIMITS) == "corrupt"
    assert quality.repeated_rows == pytest.approx(0.35, abs=0.03)


def test_glare_a_letter_box_and_a_flat_truck_are_not_corrupt():
    glare = noisy(room(), 1)
    glare[:20] = 255
    assert quality_of(glare).reason(LIMITS) == ""
    boxed = room()
    boxed[:12] = 30
    plate = plate_quality(to_grey(boxed))
    grey = to_grey(boxed)
    quality = QualityMeter(LIMITS).measure(grey, edges_of(grey), 0.0, plate)
    assert quality.repeated_rows == 0
    truck = noisy(room(), 2)
    truck[10:50, 5:80] = 90
    assert quality_of(truck).repeated_rows == 0


def test_a_view_moved_by_five_pixels_is_moved_and_says_by_how_much():
    plate = plate_quality(to_grey(WIDE[10:74, 10:106]))
    grey = to_grey(noisy(WIDE[10:74, 15:111], 3))
    quality = QualityMeter(LIMITS).measure(grey, edges_of(grey), 0.0, plate)
    assert quality.reason(LIMITS) == "moved"
    assert quality.shift.shift_px == pytest.approx(5, abs=0.5)
    assert quality.shift.rotation_deg == pytest.approx(0, abs=0.5)


def test_a_moved_view_is_told_behind_a_blur():
    drop = cv2.GaussianBlur(room(9), (0, 0), 4)
    quality = quality_of(noisy(drop, 3, strength=0.8))
    assert quality.reason(LIMITS) == "blurred"
    assert quality.reasons(LIMITS) == ("blurred", "moved")


def test_all_faults_are_in_the_order_of_the_reasons():
    black = quality_of(np.full_like(room(), 2)).reasons(LIMITS)
    assert black[:2] == ("dark", "covered") and list(black) == sorted(black, key=REASONS.index)


def test_rows_of_an_enlarged_picture_are_not_corrupt_and_a_filled_in_third_of_it_is():
    """A codec gives back some enlarged rows as equal and some not: their plate has fewer equal."""
    small = noisy(room(), 3)
    enlarged = cv2.resize(small, (540, 360), interpolation=cv2.INTER_NEAREST)
    plate = plate_quality(to_grey(noisy(enlarged, 6, 1.0)))
    grey = to_grey(enlarged)
    quality = QualityMeter(LIMITS).measure(grey, edges_of(grey), 0.0, plate)
    assert quality.repeated_rows == 0
    enlarged[240:] = 128
    grey = to_grey(enlarged)
    quality = QualityMeter(LIMITS).measure(grey, edges_of(grey), 0.0, plate)
    assert quality.reason(LIMITS) == "corrupt"
    assert quality.repeated_rows == pytest.approx(1 / 3, abs=0.01)


def test_damage_is_told_where_every_other_row_of_the_plate_repeats_too():
    """Of the filled-in third the plate repeats every other row: the other half of it is left."""
    small = noisy(room(), 3)
    height, width = small.shape[:2]
    doubled = cv2.resize(small, (2 * width, 2 * height), interpolation=cv2.INTER_NEAREST)
    plate = plate_quality(to_grey(doubled))
    doubled[2 * height * 2 // 3 :] = 128
    grey = to_grey(doubled)
    quality = QualityMeter(LIMITS).measure(grey, edges_of(grey), 0.0, plate)
    assert quality.reason(LIMITS) == "corrupt"
    assert quality.repeated_rows == pytest.approx(1 / 6, abs=0.01)


def test_limits_are_what_they_are_called():
    white = np.full_like(room(), 240)
    assert quality_of(white).reason(QualityLimits(bright_luma=230)) == "bright"
    assert quality_of(white).reason(QualityLimits(bright_luma=245)) == "covered"
