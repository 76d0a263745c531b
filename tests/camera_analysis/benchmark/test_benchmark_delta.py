"""The baseline on drawn clips, with and without a segmenter."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.benchmark.benchmark_delta import DeltaConfig, DeltaMap, every_nth
from camera_analysis.benchmark.layouts.clips import Clip
from tests.camera_analysis.factories_footage import clip_of

SIZE_HW = (48, 64)


def frame(left: int | None) -> np.ndarray:
    image = np.full((*SIZE_HW, 3), 100, np.uint8)
    if left is not None:
        image[20:36, left : left + 10] = 220
    return image


def clip(frames: list[np.ndarray], name: str = "c") -> Clip:
    return clip_of(frames, 5.0, name)


class BrightIsHuman:
    """Calls every bright pixel a person."""

    version = "bright"

    def probability(self, frames_nhwc_rgb: np.ndarray) -> np.ndarray:
        return (frames_nhwc_rgb[..., 0] > 200).astype(np.float32) * 0.98 + 0.01


@pytest.mark.parametrize("segmenter", [None, BrightIsHuman()])
def test_what_is_not_usual_there_is_marked(segmenter):
    train = clip([frame(None)] * 30 + [frame(5)] * 4)
    delta = DeltaMap([train], segmenter, DeltaConfig())
    empty, walker = delta.judge(iter([frame(None), frame(30)]))
    assert (empty.share, empty.regions) == (0.0, [])
    assert walker.share == pytest.approx(160 / (48 * 64), rel=0.35)
    (region,) = walker.regions
    assert abs(region.box.x0 - 30) <= 1
    assert walker.delta_hw[28, 35] == 1.0


def test_every_nth_counts_on_over_clips():
    clips = [clip([np.full((1, 1, 3), 10 * c + n, np.uint8) for n in range(5)]) for c in range(2)]
    assert [int(one[0, 0, 0]) for one in every_nth(clips, 3)] == [0, 3, 11, 14]


def test_without_frames_there_is_no_baseline():
    with pytest.raises(ValueError, match="at least one frame"):
        DeltaMap([clip([])], None, DeltaConfig())
