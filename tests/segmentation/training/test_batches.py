from dataclasses import replace

import numpy as np
import pytest
import torch

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from segmentation.training.batches import Batches, prepared_ahead
from tests.segmentation.factories_split import TINY, small_split


@pytest.fixture
def data(tmp_path):
    return small_split(tmp_path)


def same(first, second):
    return torch.equal(first.images, second.images) and torch.equal(first.masks, second.masks)


def test_a_batch_has_the_stated_shape(data):
    batch = Batches(data, TINY).batch(0)
    assert batch.images.shape == (2, 3, 32, 32)
    assert batch.masks.shape == (2, 32, 32)
    assert batch.images.dtype == torch.float32
    assert set(np.unique(batch.masks.numpy())) <= {NOT_HUMAN, HUMAN, IGNORE}


def test_a_batch_depends_on_seed_and_step_alone(data):
    used = Batches(data, TINY)
    for step in range(3):
        used.batch(step)
    assert same(used.batch(3), Batches(data, TINY).batch(3))
    assert not same(used.batch(3), used.batch(4))
    assert not same(used.batch(3), Batches(data, replace(TINY, seed=1)).batch(3))


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_change_nothing(data, workers):
    alone = list(prepared_ahead(Batches(data, TINY).batch, 2, 9, workers=0))
    ahead = list(prepared_ahead(Batches(data, TINY).batch, 2, 9, workers=workers))
    assert [batch.step for batch in ahead] == list(range(2, 9))
    assert all(same(a, b) for a, b in zip(alone, ahead, strict=True))


def test_a_stream_can_be_left_early(data):
    stream = prepared_ahead(Batches(data, TINY).batch, 0, 10_000, workers=2)
    assert next(stream).step == 0
    stream.close()


def test_errors_of_a_worker_are_raised(data, tmp_path):
    for image in (tmp_path / "roots" / "voc").iterdir():
        image.unlink()
    with pytest.raises(FileNotFoundError):
        list(prepared_ahead(Batches(data, TINY).batch, 0, 20, workers=1))


def test_pasting_adds_people(data):
    def human_px(share):
        config = replace(TINY, paste_share=share, batch_size=8)
        batches = Batches(data, config)
        return sum(int((batches.batch(step).masks == HUMAN).sum()) for step in range(6))

    assert human_px(1.0) != human_px(0.0)
