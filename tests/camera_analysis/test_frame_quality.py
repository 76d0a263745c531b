from __future__ import annotations

import cv2
import numpy as np
import pytest

from camera_analysis.frame_quality import REASONS, QualityLimits, QualityMeter, plate_quality
from camera_analysis.plates import to_grey
from camera_analysis.registration import edges_of
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
    assert set(FAULTS) | {"", "frozen"} == set(REASONS)
