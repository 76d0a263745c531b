"""What is averaged when a picture is looked at more than once."""

import numpy as np
import pytest

from segmentation.inference.postprocess_config import PostprocessConfig
from segmentation.inference.views import ManyViews, RefinedViews, Views, as_trained


class Reader:
    """Answers with the red channel, and remembers which sizes it saw."""

    def __init__(self):
        self.sizes = []

    def probability(self, frames):
        self.sizes.append(frames.shape[1:3])
        return frames[..., 0].astype(np.float32) / 255


class LeftHanded:
    """Sees a human in the left column, whatever there is."""

    def probability(self, frames):
        found = np.zeros(frames.shape[:3], np.float32)
        found[:, :, 0] = 1
        return found


def red(height, width):
    frames = np.zeros((1, height, width, 3), np.uint8)
    frames[..., 0] = 51
    return frames


def test_one_view_of_full_size_is_the_answer_itself():
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, 40, 60, 3), dtype=np.uint8)
    found = ManyViews(Reader(), Views()).probability(frames)
    np.testing.assert_array_equal(found, Reader().probability(frames))


def test_each_side_is_looked_at_and_the_answer_has_the_size_of_the_frame():
    reader = Reader()
    found = ManyViews(reader, Views(sides_px=(32, 64))).probability(red(96, 128))
    assert reader.sizes == [(24, 32), (48, 64)]
    assert found.shape == (1, 96, 128)
    np.testing.assert_allclose(found, 0.2, atol=1e-6)


def test_a_small_frame_is_not_enlarged():
    reader = Reader()
    ManyViews(reader, Views(sides_px=(512,))).probability(red(96, 128))
    assert reader.sizes == [(96, 128)]


def test_mirrored_answers_are_turned_back_before_the_mean():
    found = ManyViews(LeftHanded(), Views(mirrored=True)).probability(red(2, 4))
    assert found[0, 0].tolist() == [0.5, 0, 0, 0.5]


@pytest.mark.parametrize(
    ("trained_px", "seen_hw"), [(64, (48, 64)), (640, (96, 128)), (0, (96, 128))]
)
def test_a_photograph_is_looked_at_no_larger_than_those_of_training(trained_px, seen_hw):
    reader = Reader()
    reader.trained_side_px = trained_px
    assert as_trained(reader).probability(red(96, 128)).shape == (1, 96, 128)
    assert reader.sizes == [seen_hw]


def test_steps_after_the_network_see_the_mean_and_not_each_view():
    steps = PostprocessConfig(hysteresis_low=0.4, hysteresis_high=0.6)

    views = RefinedViews(LeftHanded(), Views(mirrored=True), steps)
    found = views.probability(red(8, 8))[0]
    # Each view alone is sure of a column; their mean of 0.5 is sure of neither, and both go.
    assert found.max() < 0.5


@pytest.mark.parametrize("sides", [(), (16,)])
def test_views_that_show_nothing_are_refused(sides):
    with pytest.raises(ValueError, match="sides_px"):
        Views(sides_px=sides)
