from dataclasses import replace

import pytest
import torch
from torch import nn

from segmentation.config import TrainConfig
from segmentation.training.schedule import learning_rate, update_average

RECIPE = TrainConfig(steps=100, warmup_steps=9, max_lr=1.0, poly_power=1.0)


def test_warms_up_then_decays_to_zero():
    rates = [learning_rate(step, RECIPE) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[50] == pytest.approx(0.5)
    assert rates[99] == pytest.approx(0.01)
    assert max(rates) == rates[9]
    assert rates[9:] == sorted(rates[9:], reverse=True)


def test_time_that_runs_out_ends_the_schedule():
    hurried = replace(RECIPE, max_seconds=10.0)
    assert learning_rate(20, hurried, elapsed_s=5.0) == pytest.approx(0.5)
    assert learning_rate(20, hurried, elapsed_s=11.0) == 0.0
    assert learning_rate(20, RECIPE, elapsed_s=5.0) == pytest.approx(0.8)


def networks():
    network, average = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    nn.init.constant_(network.weight, 3.0)
    network.num_batches_tracked.fill_(7)
    return network, average


def test_average_moves_by_one_minus_decay():
    network, average = networks()
    update_average(average, network, step=10**6, decay=0.75)
    assert float(average.weight.detach()) == pytest.approx(0.75 * 1 + 0.25 * 3)
    assert int(average.num_batches_tracked) == 7


def test_average_forgets_faster_at_first():
    network, average = networks()
    update_average(average, network, step=0, decay=0.75)
    assert float(average.weight.detach()) == pytest.approx(0.1 * 1 + 0.9 * 3)


def test_without_decay_it_is_a_copy():
    network, average = networks()
    update_average(average, network, step=5, decay=0.0)
    assert torch.equal(average.weight, network.weight)
