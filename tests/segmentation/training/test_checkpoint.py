import logging
from dataclasses import replace

import pytest
import torch

from segmentation.training.checkpoint import (
    CHECKPOINT_FILE,
    CheckpointError,
    HistoryRow,
    fingerprint,
    load_checkpoint,
    new_state,
    save_checkpoint,
)
from tests.segmentation.factories_model import SMALL
from tests.segmentation.factories_split import TINY

CPU = torch.device("cpu")
ROW = HistoryRow(step=1, loss=1.5, pixel_loss=1.0, region_loss=0.5, lr=0.1, grad_norm=2.0)


def stepped():
    state = new_state(SMALL, TINY, CPU)
    state.network(torch.rand(2, 3, 32, 32)).square().mean().backward()
    state.optimizer.step()
    state.step, state.elapsed_s, state.history = 1, 2.5, [ROW]
    return state


def test_everything_comes_back(tmp_path):
    saved = stepped()
    save_checkpoint(saved, tmp_path, "name")
    found = new_state(SMALL, TINY, CPU)
    assert load_checkpoint(found, tmp_path, "name")
    assert (found.step, found.elapsed_s, found.history) == (1, 2.5, [ROW])
    for name, tensor in saved.network.state_dict().items():
        assert torch.equal(found.network.state_dict()[name], tensor)
    pairs = zip(
        saved.optimizer.state_dict()["state"].values(),
        found.optimizer.state_dict()["state"].values(),
        strict=True,
    )
    assert all(torch.equal(a["exp_avg"], b["exp_avg"]) for a, b in pairs)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]


def test_nothing_there_is_a_fresh_start(tmp_path):
    assert not load_checkpoint(new_state(SMALL, TINY, CPU), tmp_path, "name")


def test_another_training_is_left_alone_and_said(tmp_path, caplog):
    save_checkpoint(stepped(), tmp_path, "other")
    state = new_state(SMALL, TINY, CPU)
    with caplog.at_level(logging.WARNING):
        assert not load_checkpoint(state, tmp_path, "name")
    assert state.step == 0
    assert "starts anew" in caplog.text


class Spy:
    called = False

    def __reduce__(self):
        return (setattr, (Spy, "called", True))


def test_a_pickle_is_refused_unopened(tmp_path):
    torch.save({"fingerprint": "name", "network": Spy()}, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(CheckpointError, match="could run anybody's code"):
        load_checkpoint(new_state(SMALL, TINY, CPU), tmp_path, "name")
    assert not Spy.called


@pytest.mark.parametrize("keep", [0, 100, 2000])
def test_a_truncated_file_is_named(tmp_path, keep):
    path = save_checkpoint(stepped(), tmp_path, "name")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="delete it to start anew"):
        load_checkpoint(new_state(SMALL, TINY, CPU), tmp_path, "name")


@pytest.mark.parametrize("values", [[1, 2], {"step": 3}, {"fingerprint": "name", "network": {}}])
def test_foreign_tensors_are_refused(tmp_path, values):
    torch.save(values, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(CheckpointError, match="start anew"):
        load_checkpoint(new_state(SMALL, TINY, CPU), tmp_path, "name")


def test_fingerprint_follows_network_recipe_and_data():
    name = fingerprint(SMALL, TINY, ["data"])
    assert name == fingerprint(SMALL, replace(TINY, checkpoint_every=5, workers=3), ["data"])
    assert name != fingerprint(SMALL, replace(TINY, max_lr=0.5), ["data"])
    assert name != fingerprint(replace(SMALL, width=3), TINY, ["data"])
    assert name != fingerprint(SMALL, TINY, ["other"])


def test_biases_and_norms_do_not_decay():
    kernels, others = new_state(SMALL, TINY, CPU).optimizer.param_groups
    assert (kernels["weight_decay"], others["weight_decay"]) == (TINY.weight_decay, 0.0)
    assert all(p.ndim > 1 for p in kernels["params"])
    assert all(p.ndim == 1 for p in others["params"])
