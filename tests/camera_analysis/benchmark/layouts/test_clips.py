"""Clips of one camera: one size, told before anything is learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from camera_analysis.benchmark.layouts.clip_files import LayoutError
from camera_analysis.benchmark.layouts.clips import (
    AnomalyBenchmark,
    FrameTruth,
    check_first_frames,
)
from tests.camera_analysis.factories_footage import clip_of


def still(name, height=8, width=12, camera="c"):
    return replace(clip_of([np.zeros((height, width, 3), np.uint8)] * 3, 5.0, name), camera=camera)


def judged(clip, *, mask_hw=None):
    truth = FrameTruth(abnormal=False, mask_hw=mask_hw)
    return replace(clip, truth=lambda: iter([truth] * 3))


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        (
            [still("a"), still("b", 10, 16)],
            [judged(still("x"))],
            "training clip b: 16 x 10 pixels; training clip a of the same camera has 12 x 8",
        ),
        (
            [still("a")],
            [judged(still("x")), judged(still("y", 4))],
            "test clip y: 12 x 4 pixels; training clip a of the same camera has 12 x 8",
        ),
        (
            [still("a")],
            [judged(still("x"), mask_hw=np.zeros((8, 9), bool))],
            "x: frame 0 is 12 x 8 pixels, its mask 9 x 8",
        ),
    ],
)
def test_another_size_is_told_with_both(train, test, told):
    with pytest.raises(LayoutError, match=told):
        check_first_frames(AnomalyBenchmark(layout="l", train=tuple(train), test=tuple(test)))


def test_cameras_may_differ_in_size():
    train = (still("a"), still("b", 10, 16, "d"), still("m", 4, 4, "e"), still("n", camera="e"))
    test = (judged(still("x")), judged(still("y", 10, 16, "d")))
    check_first_frames(AnomalyBenchmark(layout="l", train=train, test=test))
