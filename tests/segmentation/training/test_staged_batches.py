from dataclasses import replace

import pytest
import torch

from segmentation.config import ModelConfig
from segmentation.stages import Stage
from segmentation.training.batches import Batches
from segmentation.training.staged_batches import StagedBatches
from tests.segmentation.factories_split import TINY, small_split

#: Six steps: three of two crops of 32 px, three of one crop of 64 px.
LARGER_LATER = replace(TINY, stages=(Stage(begins=0.5, crop_px=64, batch_size=1),))


@pytest.fixture
def data(tmp_path):
    return small_split(tmp_path)


def staged(data, config, elapsed_s=0.0):
    return StagedBatches(ModelConfig(width=2), data, config, None, lambda: elapsed_s)


def sizes(batches):
    return [tuple(batch.masks.shape) for batch in batches]


@pytest.mark.parametrize("workers", [0, 2])
def test_crops_are_larger_from_the_stated_share_on(data, workers):
    batches = staged(data, replace(LARGER_LATER, workers=workers)).stream(0, 6)
    assert sizes(batches) == [(2, 32, 32)] * 3 + [(1, 64, 64)] * 3


def test_a_batch_is_that_of_its_stages_recipe(data):
    first, second = LARGER_LATER.recipes
    source = staged(data, LARGER_LATER)
    assert torch.equal(source.batch(2).images, Batches(data, first).batch(2).images)
    assert torch.equal(source.batch(3).images, Batches(data, second).batch(3).images)


def test_a_training_taken_up_again_is_in_the_same_stage(data):
    whole = list(staged(data, LARGER_LATER).stream(0, 6))
    rest = list(staged(data, LARGER_LATER).stream(4, 6))
    assert all(torch.equal(a.images, b.images) for a, b in zip(whole[4:], rest, strict=True))


def test_time_counts_where_it_is_bounded(data):
    hurried = replace(LARGER_LATER, max_seconds=10.0)
    assert sizes([staged(data, hurried, 4.9).batch(0)]) == [(2, 32, 32)]
    assert sizes([staged(data, hurried, 5.0).batch(0)]) == [(1, 64, 64)]


def test_clips_have_stages_too(data):
    remembering = ModelConfig(architecture="convlstm_unet", width=2)
    config = replace(LARGER_LATER, clip_frames=2)
    batches = StagedBatches(remembering, data, config, None, lambda: 0.0)
    assert batches.batch(1).masks.shape == (1, 2, 32, 32)
    assert batches.batch(3).masks.shape == (1, 2, 64, 64)
