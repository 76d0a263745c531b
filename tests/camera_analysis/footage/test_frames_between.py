"""Frames between the samples are read besides; which frames are samples does not depend on them."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from camera_analysis.footage.image_runs import ImageRun
from camera_analysis.footage.image_samples import sample_images
from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.video import read_samples
from camera_analysis.footage.video_file import ReadConfig
from tests.camera_analysis.factories_footage import number_of, numbered_clip, steady
from tests.camera_analysis.footage.test_video import ENCODINGS, VARIABLE, floors


def frames_of(items):
    return [item for item in items if isinstance(item, SampledFrame)]


@pytest.mark.parametrize("encoding", ["no B-frames", "open groups", "mpeg4"])
@pytest.mark.parametrize("suffix", ["mp4", "avi"])
@pytest.mark.parametrize("rate", ["constant", "variable"])
@pytest.mark.parametrize("pairs", [False, True])
def test_frames_between_follow_the_finer_interval(tmp_path, encoding, suffix, rate, pairs):
    if suffix == "avi" and rate == "variable":
        pytest.skip("AVI stores no presentation times: it cannot carry a variable rate")
    times = steady(80, 10) if rate == "constant" else VARIABLE
    path = numbered_clip(tmp_path / f"clip.{suffix}", times, **ENCODINGS[encoding])
    for interval_s, between_s in ((1.0, 0.2), (1.0, 0.3), (0.25, 1.0), (100, 0.5)):
        alone = frames_of(read_samples(path, interval_s, config=ReadConfig(pairs=pairs)))
        config = ReadConfig(pairs=pairs, between_s=between_s)
        found = frames_of(read_samples(path, interval_s, config=config))
        samples = [item for item in found if not item.between]
        assert [item.offset_s for item in samples] == [item.offset_s for item in alone]
        assert [item.later is None for item in samples] == [item.later is None for item in alone]
        between = [number_of(item.frame_rgb) for item in found if item.between]
        expected = set(floors(times, between_s)) - set(floors(times, interval_s))
        if suffix == "avi":  # decoded one by one: the last frame serves a sample only at its target
            between = [number for number in between if number < len(times) - 1]
            expected.discard(len(times) - 1)
        assert between == sorted(expected)
        offsets = [item.offset_s for item in found]
        assert offsets == sorted(set(offsets))


def test_key_frames_have_no_frames_between_them(tmp_path):
    path = numbered_clip(tmp_path / "clip.mp4", steady(80, 10), gop=20)
    config = ReadConfig(sampling="key_frames", between_s=0.2)
    assert not any(item.between for item in frames_of(read_samples(path, 1.0, config=config)))


def test_images_between_are_read_and_a_broken_one_is_no_fault(tmp_path):
    names = tuple(f"{number:02}.png" for number in range(10))
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.full((16, 16, 3), 90, np.uint8))
    (tmp_path / names[3]).write_bytes(b"no picture")
    run = ImageRun(folder=tmp_path, names=names, ticks=tuple(range(10)), tick_s=Fraction(1, 10))
    found = list(sample_images(run, 0.5, config=ReadConfig(between_s=0.1)))
    assert [item.image for item in found if item.between] == [
        names[n] for n in (1, 2, 4, 6, 7, 8, 9)
    ]
    assert [item.image for item in found if not item.between] == [names[0], names[5]]
