"""Learning rate over a training, and the average of its weights."""

from __future__ import annotations

import torch
from torch import nn

from segmentation.config import TrainConfig


def share_done(step: int, config: TrainConfig, elapsed_s: float = 0.0) -> float:
    """How much of a training is over, by steps or, where ``max_seconds`` is set, by time if more.

    Args:
        step: number of the step, from 0.
        config: the recipe.
        elapsed_s: seconds trained so far.

    Returns:
        0 and more; 1 is the end.
    """
    done = step / config.steps
    return done if config.max_seconds is None else max(done, elapsed_s / config.max_seconds)


def learning_rate(step: int, config: TrainConfig, elapsed_s: float = 0.0) -> float:
    """Linear warm-up to ``max_lr``, then polynomial decay towards zero.

    Args:
        step: number of the step, from 0.
        config: the recipe.
        elapsed_s: seconds trained so far; counts only where ``max_seconds`` is set, so that a
            training that runs out of time still ends with small steps.
    """
    done = share_done(step, config, elapsed_s)
    warm = min(1.0, (step + 1) / (config.warmup_steps + 1))
    return config.max_lr * warm * float(max(0.0, 1.0 - done) ** config.poly_power)


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, step: int, decay: float) -> None:
    """Move the averaged weights and statistics towards the current ones, in place.

    Args:
        average: network of the same architecture.
        network: the one being trained.
        step: number of the step, from 0: early on the average forgets faster.
        decay: share of the average that stays; 0 copies.
    """
    keep = min(decay, (1 + step) / (10 + step)) if decay else 0.0
    current = network.state_dict()
    for name, tensor in average.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(current[name], 1.0 - keep)
        else:
            tensor.copy_(current[name])
