from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.labelling.plate_states import StateConfig, choose_samples

CONFIG = StateConfig()
SHAPE = (48, 64)
OBJECT = np.s_[16:36, 20:34]
NOISE = np.full(SHAPE, 0.035, np.float32)


def samples(present: list[bool]) -> np.ndarray:
    """Log brightness of a striped wall, with an object before it where that is present."""
    rng = np.random.default_rng(1)
    stripes = 4.5 + 0.2 * np.sin(np.arange(SHAPE[1]) / 3)
    logs = np.repeat(np.broadcast_to(stripes, SHAPE)[..., None], 3, axis=2)
    logs = logs + rng.normal(0, 0.01, (len(present), *SHAPE, 3))
    for number, there in enumerate(present):
        if there:
            logs[number][OBJECT] = 3.2
    return logs.astype(np.float32)


@pytest.mark.parametrize("stays", [5, 12, 20, 26])
@pytest.mark.parametrize("late", [False, True])
def test_who_stays_for_most_of_the_time_is_no_background(stays, late):
    present = [(29 - n if late else n) < stays for n in range(30)]
    chosen = choose_samples(samples(present), NOISE, CONFIG)
    assert not np.array(present)[chosen][OBJECT].any()


def test_who_is_there_all_the_time_cannot_be_told_from_the_background():
    logs = samples([True] * 10)
    chosen = choose_samples(logs, NOISE, CONFIG)
    shown = np.take_along_axis(logs, chosen[None, ..., None], 0)[0]
    assert np.allclose(shown[OBJECT], 3.2)


def test_people_who_shift_about_leave_the_view_that_recurs():
    rng = np.random.default_rng(2)
    logs = samples([False] * 40)
    covered = np.zeros((40, *SHAPE), bool)
    for number in range(40):
        left = int(rng.integers(0, 36))
        covered[number, 10:, left : left + 28] = True  # somebody close, in a checked shirt
        logs[number, 10:, left : left + 28] = rng.uniform(3, 4.4, (38, 28, 3))
    chosen = choose_samples(logs, NOISE, CONFIG)
    assert not np.take_along_axis(covered, chosen[None], 0)[0].any()


def test_one_sample_is_its_own_background():
    assert not choose_samples(samples([True]), NOISE, CONFIG).any()
