"""Two-phase fine-tuning: the head learns first, then all of it, the backbone in smaller steps.

A network tells its backbone by an attribute of that name. One without (the U-Nets, BiSeNet V2)
has no part that could come from elsewhere: all of it trains from the first step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from segmentation.config import TrainConfig


def backbone_of(network: nn.Module) -> nn.Module | None:
    """The part that looks, as against the head that names; None where a network has no such."""
    part = getattr(network, "backbone", None)
    return part if isinstance(part, nn.Module) else None


def backbone_scale(step: int, config: TrainConfig) -> float:
    """The backbone's learning rate as a share of the head's.

    Nought in the first ``head_steps``; then a warm-up of its own, because its second moments in
    Adam begin only there; then ``backbone_lr_scale``.

    Args:
        step: number of the step, from 0.
        config: the recipe.
    """
    if step < config.head_steps:
        return 0.0
    if not config.head_steps:
        return config.backbone_lr_scale  # the common warm-up is its warm-up
    warm = min(1.0, (step - config.head_steps + 1) / (config.warmup_steps + 1))
    return config.backbone_lr_scale * warm


@contextmanager
def training_phase(network: nn.Module, step: int, config: TrainConfig) -> Iterator[None]:
    """Training mode for one step; in the first phase the backbone stays as it is.

    Its weights get no gradient, and its batch norms keep their statistics. Parameters that are
    frozen for other reasons stay frozen.

    Args:
        network: its ``requires_grad`` is as before afterwards.
        step: number of the step, from 0.
        config: the recipe.
    """
    network.train()
    backbone = backbone_of(network)
    if backbone is None or step >= config.head_steps:
        yield
        return
    backbone.eval()
    held = [parameter for parameter in backbone.parameters() if parameter.requires_grad]
    for parameter in held:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in held:
            parameter.requires_grad_(True)


def parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Groups for the optimizer: kernels decay, biases and norms do not; the backbone apart.

    Returns:
        Groups that are not empty, with ``in_backbone`` telling ``set_learning_rates`` which is
        which.
    """
    backbone = backbone_of(network)
    inside = {id(parameter) for parameter in backbone.parameters()} if backbone else set()
    groups = []
    for in_backbone in (True, False):
        chosen = [p for p in network.parameters() if (id(p) in inside) == in_backbone]
        kernels = [p for p in chosen if p.ndim > 1]
        others = [p for p in chosen if p.ndim <= 1]
        groups += [
            {"params": kernels, "weight_decay": weight_decay, "in_backbone": in_backbone},
            {"params": others, "weight_decay": 0.0, "in_backbone": in_backbone},
        ]
    return [group for group in groups if group["params"]]


def set_learning_rates(
    optimizer: torch.optim.Optimizer, lr: float, step: int, config: TrainConfig
) -> None:
    """Give every group its rate for one step; the optimizer is changed."""
    for group in optimizer.param_groups:
        group["lr"] = lr * (backbone_scale(step, config) if group["in_backbone"] else 1.0)
