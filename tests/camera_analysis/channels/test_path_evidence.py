"""Evidence along paths, on a grid of one row in which things go from place to place."""

from __future__ import annotations

from itertools import repeat

import numpy as np
import pytest

from camera_analysis.channels.path_evidence import (
    LEAST_NATS,
    evidence_reading,
    frame_peaks,
    smoothed_peaks,
)
from camera_analysis.channels.path_readings import Reading, widened

PLACES, FPS = 24, 10.0


def frame(*things: tuple[int, float, float]) -> Reading:
    """Things of one place each: where, their evidence, and their step since the frame before."""
    evidence, steps = np.zeros((1, PLACES), np.float32), np.zeros((1, PLACES, 2), np.float32)
    for place, nats, step in things:
        evidence[0, place], steps[0, place, 0] = nats, step
    return evidence_reading(evidence, widened(steps))


def going(nats: list[float], *, start: int = 0) -> list[Reading]:
    """One thing that goes a place to the right in each frame, and its evidence there."""
    return [frame((start + number, value, 1.0)) for number, value in enumerate(nats)]


def peaks(frames: list[Reading], fps: float = FPS) -> list[float]:
    return list(frame_peaks(iter(frames), fps))


def test_who_is_told_before_and_after_is_told_between():
    hidden = peaks(going([8, 8, 8, 8, 1, 8, 8, 8, 8]))
    assert len(hidden) == 9
    assert hidden[4] > 6
    assert peaks(going([8] * 9)) == pytest.approx([8.0] * 9)


def test_a_flash_loses_most_of_what_it_showed():
    assert peaks(going([1, 1, 1, 1, 8, 1, 1, 1, 1]))[4] < 1.5


def test_what_does_not_move_stands_for_itself():
    stays = [frame((5, nats, 0.0)) for nats in (1, 1, 8, 1, 1)]
    assert peaks(stays) == [1, 1, 8, 1, 1]


def test_a_rider_says_nothing_of_the_frames_before_and_after_them():
    there = going([8] * PLACES)  # from one edge of the view to the other
    around = [frame()] * 4
    expected = [1.0] * 4 + [8.0] * PLACES + [1.0] * 4
    assert peaks([*around, *there, *around]) == pytest.approx(expected)


def test_who_passes_takes_nothing_of_another():
    both = [frame((number, 6.0, 1.0), (15 - number, 1.5, -1.0)) for number in range(16)]
    assert peaks(both) == pytest.approx([6.0] * 16)


def test_nothing_to_report_is_the_least_there_is():
    assert peaks([frame()] * 3) == [LEAST_NATS] * 3
    assert peaks(going([0.6, 0.8])) == [LEAST_NATS] * 2


@pytest.mark.parametrize("fps", [0.0, 1.0])
def test_frames_far_apart_stand_alone(fps):
    assert peaks(going([1, 8, 1]), fps) == pytest.approx([1.0, 8.0, 1.0])


def test_peaks_come_while_frames_do():
    told = frame_peaks(repeat(frame((3, 4.0, 0.0))), FPS)  # without end
    assert [next(told) for _ in range(3)] == [4.0] * 3


def test_smoothing_keeps_a_stay_and_what_lies_beyond_it_low():
    stay = np.where(np.abs(np.arange(40) - 20) < 10, 30.0, 0.0)
    smooth = smoothed_peaks(stay, FPS, 0.3)
    assert smooth[20] == pytest.approx(30.0)
    assert smooth[0] == LEAST_NATS
    # Two frames beyond its end a mean would leave 6 nats, as much as somebody in view may show.
    assert smooth[32] < 2.5
