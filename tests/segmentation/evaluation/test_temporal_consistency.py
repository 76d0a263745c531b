import numpy as np
import pytest

from segmentation.evaluation.temporal_consistency import Flicker, FlickerMeter, count_flicker
from segmentation.inference.frame_motion import MARGIN_PX, NOISE_LEVELS

SIZE = (40, 50)


def scene(count, seed=0):
    """Frames of one picture with a little noise of the sensor."""
    rng = np.random.default_rng(seed)
    picture = rng.integers(40, 200, (*SIZE, 3))
    noise = rng.integers(0, NOISE_LEVELS // 2, (count, *SIZE, 3))
    return (picture + noise).astype(np.uint8)


def labels(count):
    found = np.zeros((count, *SIZE), bool)
    found[:, 10:20, 10:20] = True
    return found


def test_steady_labels_do_not_flicker():
    found = count_flicker(labels(4), scene(4))
    assert found == Flicker(still_px=3 * 40 * 50, flipped_px=0, human_px=3 * 100)
    assert (found.flip_share, found.human_flip_share) == (0.0, 0.0)


def test_a_region_that_comes_and_goes_flickers():
    predicted = labels(3)
    predicted[1, 30:35, 30:40] = True
    found = count_flicker(predicted, scene(3))
    assert found.flipped_px == 2 * 50
    assert found.flip_share == 2 * 50 / (2 * 40 * 50)
    assert found.human_flip_share == 2 * 50 / (2 * 150)


def test_a_person_who_walks_is_no_flicker():
    frames, predicted = scene(2), np.zeros((2, *SIZE), bool)
    for time, x in enumerate((5, 15)):
        frames[time, 10:30, x : x + 8] = 255
        predicted[time, 10:30, x : x + 8] = True
    found = count_flicker(predicted, frames)
    assert (found.flipped_px, found.human_px) == (0, 0)
    # Both places and the gap between them, with their margins, fall out as one box.
    assert found.still_px == 40 * 50 - (20 + 2 * MARGIN_PX) * (18 + 2 * MARGIN_PX)


def test_where_everything_moves_nothing_is_said():
    frames = np.stack([np.zeros((*SIZE, 3), np.uint8), np.full((*SIZE, 3), 255, np.uint8)])
    found = count_flicker(labels(2), frames)
    assert (found.flip_share, found.human_flip_share) == (None, None)


def test_counts_of_clips_add_up():
    predicted = labels(5)
    predicted[2] = False
    frames = scene(5)
    parts = count_flicker(predicted[:3], frames[:3]) + count_flicker(predicted[2:], frames[2:])
    assert parts == count_flicker(predicted, frames)


def test_sizes_must_fit():
    with pytest.raises(ValueError, match="expected"):
        count_flicker(labels(2), scene(3))
    with pytest.raises(ValueError, match="at least two frames"):
        count_flicker(labels(1), scene(1))


def test_intervals_are_over_runs_of_pairs():
    meter = FlickerMeter()
    predicted = labels(13)
    predicted[6:, 30:35, 30:40] = True  # one flip of 50 px, in the second of three runs
    for mask, frame in zip(predicted, scene(13), strict=True):
        meter.add(mask, frame)
    found = meter.intervals(4)
    share = 50 / (12 * 40 * 50)
    assert meter.total.flip_share == pytest.approx(share)
    assert found["flip_share"].low == 0
    assert share < found["flip_share"].high <= 3 * share + 1e-12
    assert meter.intervals(12) == {}


def test_frames_of_two_sizes_are_no_sequence():
    meter = FlickerMeter()
    meter.add(np.zeros((4, 4), bool), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="no sequence of one camera"):
        meter.add(np.zeros((4, 5), bool), np.zeros((4, 5, 3), np.uint8))
