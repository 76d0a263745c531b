from dataclasses import replace

import pytest
import torch
from torch import nn

from segmentation.config import ARCHITECTURES, ModelConfig, TrainConfig
from segmentation.models.registry import build_model
from segmentation.training.batches import Batch
from segmentation.training.checkpoint import new_state
from segmentation.training.phases import (
    backbone_of,
    backbone_scale,
    parameter_groups,
    set_learning_rates,
    training_phase,
)
from segmentation.training.train import take_step

CPU = torch.device("cpu")
RECIPE = TrainConfig(
    steps=10, head_steps=4, warmup_steps=1, backbone_lr_scale=0.1, weight_decay=0.5, threads=1
)
PART = ModelConfig(architecture="bisenetv1", width=8)
#: What has an encoder that could come from elsewhere.
WITHOUT_BACKBONE = {"unet", "convlstm_unet", "bisenetv2"}


class Small(nn.Module):
    """A backbone and a head, with norms in both and an idle parameter in the backbone."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        self.head = nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1))
        self.backbone.register_parameter("idle", nn.Parameter(torch.zeros(2), requires_grad=False))

    def forward(self, x):
        return self.head(self.backbone(x))


def snapshot(part):
    return {name: tensor.clone() for name, tensor in part.state_dict().items()}


def changed(part, before):
    return {
        name for name, tensor in part.state_dict().items() if not torch.equal(tensor, before[name])
    }


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_tells_its_backbone(architecture):
    with torch.device("meta"):
        network = build_model(ModelConfig(architecture=architecture))
    assert (backbone_of(network) is None) == (architecture in WITHOUT_BACKBONE)


def test_groups_hold_every_parameter_once():
    network = Small()
    groups = parameter_groups(network, 0.3)
    held = [id(p) for group in groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in network.parameters())
    told = [(g["in_backbone"], g["weight_decay"], len(g["params"])) for g in groups]
    assert told == [(True, 0.3, 1), (True, 0.0, 4), (False, 0.3, 1), (False, 0.0, 3)]


def test_backbone_waits_warms_up_and_stays_at_its_share():
    scales = [backbone_scale(step, RECIPE) for step in range(8)]
    assert scales == pytest.approx([0, 0, 0, 0, 0.05, 0.1, 0.1, 0.1])
    assert backbone_scale(0, replace(RECIPE, head_steps=0)) == 0.1


def test_rates_differ_by_group():
    network = Small()
    optimizer = torch.optim.AdamW(parameter_groups(network, 0.3))
    set_learning_rates(optimizer, 2.0, 6, RECIPE)
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.2, 2.0, 2.0]


def test_first_phase_changes_only_the_head_and_restores_what_it_held():
    network = Small()
    backbone, head = snapshot(network.backbone), snapshot(network.head)
    optimizer = torch.optim.AdamW(parameter_groups(network, 0.5), lr=0.1)
    with training_phase(network, 0, RECIPE):
        network(torch.rand(4, 3, 5, 5)).square().mean().backward()
    optimizer.step()
    assert changed(network.backbone, backbone) == set()
    assert {"0.running_mean", "1.weight"} <= changed(network.head, head)
    assert [n for n, p in network.named_parameters() if not p.requires_grad] == ["backbone.idle"]


def test_second_phase_trains_all():
    network = Small()
    backbone = snapshot(network.backbone)
    with training_phase(network, 4, RECIPE):
        assert network.backbone.training
        network(torch.rand(4, 3, 5, 5)).square().mean().backward()
    assert network.backbone[0].weight.grad is not None
    assert "1.running_mean" in changed(network.backbone, backbone)


def test_the_loop_trains_a_real_network_in_two_phases():
    torch.manual_seed(0)
    state = new_state(PART, RECIPE, CPU)
    backbone = backbone_of(state.network)
    before, head = snapshot(backbone), snapshot(state.network.head)
    masks = torch.zeros(2, 32, 32, dtype=torch.uint8)
    masks[:, 8:24] = 1
    for step in range(5):
        take_step(state, Batch(step, torch.rand(2, 3, 32, 32), masks), RECIPE, CPU)
        moved = changed(backbone, before)
        assert bool(moved) == (step >= RECIPE.head_steps)
    assert changed(state.network.head, head)


def test_a_network_without_a_backbone_trains_whole_from_the_first_step():
    state = new_state(ModelConfig(width=2), RECIPE, CPU)
    before = snapshot(state.network)
    masks = torch.zeros(2, 32, 32, dtype=torch.uint8)
    take_step(state, Batch(0, torch.rand(2, 3, 32, 32), masks), RECIPE, CPU)
    assert {"encoder.0.0.weight", "head.weight"} <= changed(state.network, before)
