"""Samples come with the frame shortly after them, whatever the container and the interval."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction

import cv2
import numpy as np
import pytest

from camera_analysis.footage.frame_pairs import LaterFrame, Pairing
from camera_analysis.footage.image_runs import ImageRun
from camera_analysis.footage.image_samples import sample_images
from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.video import read_samples
from camera_analysis.footage.video_file import ReadConfig
from tests.camera_analysis.factories_footage import number_of, numbered_clip, steady
from tests.camera_analysis.footage.test_video import ENCODINGS, VARIABLE


def pairs_of(path, interval_s, **config):
    items = list(read_samples(path, interval_s, config=ReadConfig(pairs=True, **config)))
    return [item for item in items if isinstance(item, SampledFrame)]


def number_of_grey(grey):
    return number_of(np.repeat(grey[:, :, None], 3, axis=2))


def partner(times_ms, number):
    """Number of the first frame 100 to 500 ms after a frame; None without one."""
    place = bisect_left(times_ms, times_ms[number] + 100)
    there = place < len(times_ms) and times_ms[place] - times_ms[number] <= 500
    return place if there else None


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("rate", ["constant", "variable"])
def test_the_frame_beside_a_sample_is_the_first_a_tenth_of_a_second_later(
    tmp_path, encoding, suffix, rate
):
    if suffix == "avi" and rate == "variable":
        pytest.skip("AVI stores no presentation times: it cannot carry a variable rate")
    times = steady(80, 25) if rate == "constant" else VARIABLE
    path = numbered_clip(tmp_path / f"clip.{suffix}", times, **ENCODINGS[encoding])
    for interval_s in (0.04, 0.25, 1.0, 100):
        found = pairs_of(path, interval_s)
        alone = list(read_samples(path, interval_s))
        assert [item.offset_s for item in found] == [
            item.offset_s for item in alone if isinstance(item, SampledFrame)
        ]
        for item in found:
            number = number_of(item.frame_rgb)
            later = number_of_grey(item.later.grey) if item.later else None
            assert later == partner(times, number)
            if item.later:
                gap_s = (times[later] - times[number]) / 1000
                assert item.later.after_s == pytest.approx(gap_s, abs=2e-3)


def test_key_frames_too_have_a_frame_beside_them(tmp_path):
    times = steady(80, 10)
    path = numbered_clip(tmp_path / "clip.mp4", times, options={"bf": "2"}, gop=12)
    found = pairs_of(path, 0.1, sampling="key_frames")
    assert len(found) >= 7
    for item in found:
        assert number_of_grey(item.later.grey) == number_of(item.frame_rgb) + 1


def test_frames_far_apart_stay_alone(tmp_path):
    path = numbered_clip(tmp_path / "clip.mp4", steady(6, 1))
    assert [item.later for item in pairs_of(path, 1.0)] == [None] * 6


def test_images_have_the_next_image_beside_them(tmp_path):
    for number in range(6):
        picture = np.full((20, 30, 3), 40 * number, np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    names = tuple(f"{number}.png" for number in range(6))
    (tmp_path / "5.png").write_bytes(b"damaged")
    ticks = (0, 1, 2, 9, 10, 11)
    run = ImageRun(folder=tmp_path, names=names, ticks=ticks, tick_s=Fraction(1, 8))
    found = list(sample_images(run, 0.125, config=ReadConfig(pairs=True)))
    later = [item.later for item in found if isinstance(item, SampledFrame)]
    assert [None if frame is None else frame.grey[0, 0] for frame in later] == [
        40, 80, None, 160, None,
    ]  # fmt: skip
    assert later[0].after_s == 0.125


def test_samples_wait_for_each_other():
    pairing = Pairing(lambda item, later: (item, later.after_s if later else None))
    out = []
    for number in range(4):  # every frame is a sample, and 60 ms apart
        time_s = number * Fraction(6, 100)
        out += list(pairing.offer(time_s, lambda: np.zeros((1, 1), np.uint8)))
        pairing.wait(time_s, number)
    assert out == [(0, 0.12), (1, 0.12)]
    assert list(pairing.finish()) == [(2, None), (3, None)]
    assert LaterFrame(grey=np.zeros((1, 1), np.uint8), after_s=0.1).after_s == 0.1
