"""Codes of consecutive frames, in which a textured block glides over a textured ground."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from camera_analysis.channels.channel_codes import ABSENT, STIFF, CodeConfig, CodeReader
from camera_analysis.channels.path_readings import LOOK_S
from camera_analysis.channels.read_codes import read_codes

FPS = 10.0
GROUND = np.random.default_rng(0).integers(90, 130, (48, 160))
BODY = np.random.default_rng(1).integers(0, 255, (20, 12))


def gliding(count: int) -> Iterator[np.ndarray]:
    noise = np.random.default_rng(2)
    for number in range(count):
        image = GROUND + noise.normal(0, 1.0, GROUND.shape)
        image[14:34, 10 + 2 * number : 22 + 2 * number] = BODY
        yield np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def stiff(fps: float = FPS) -> list[np.ndarray]:
    return [read.codes[STIFF] for read in read_codes(gliding(40), CodeConfig(), None, fps)]


def test_who_comes_in_is_known_from_the_first_step_on():
    known = [bool((code != ABSENT).any()) for code in stiff()]
    assert known == [False] + [True] * 39


def test_all_other_codes_are_those_of_each_frame():
    reader = CodeReader(*GROUND.shape, CodeConfig(), None, FPS)
    told = read_codes(gliding(40), CodeConfig(), None, FPS)
    for frame, read in zip(gliding(40), told, strict=True):
        alone = reader.read(frame)
        assert (alone.codes[STIFF] == ABSENT).all()
        for channel in set(alone.codes) - {STIFF}:
            np.testing.assert_array_equal(read.codes[channel], alone.codes[channel])


def test_the_same_frames_give_the_same_bytes():
    assert [code.tobytes() for code in stiff()] == [code.tobytes() for code in stiff()]


@pytest.mark.parametrize(("fps", "ahead"), [(FPS, round(LOOK_S * FPS)), (0.0, 0), (1.0, 0)])
def test_a_frame_waits_for_what_is_looked_at_and_no_longer(fps, ahead):
    came = []

    def counted() -> Iterator[np.ndarray]:
        for frame in gliding(60):
            came.append(None)
            yield frame

    for told, _ in enumerate(read_codes(counted(), CodeConfig(), None, fps), start=1):
        assert len(came) == min(60, told + ahead)
    assert told == 60


def test_of_frames_that_lie_far_apart_no_stiffness_is_told():
    assert all((code == ABSENT).all() for code in stiff(fps=1.0))


def test_no_frames_no_codes():
    assert list(read_codes(iter(()), CodeConfig(), None, FPS)) == []


def test_frames_may_be_a_list():
    frames = list(gliding(6))
    assert len(list(read_codes(frames, CodeConfig(), None, FPS))) == 6
