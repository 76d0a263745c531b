"""A model folder without a training behind it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from segmentation.config import ModelConfig
from segmentation.model_folder import ModelDescription, TrainingFacts, write_model
from segmentation.models.registry import build_model, count_parameters
from segmentation.training.origin import recipe_by_content
from tests.segmentation.factories_split import TINY

SMALL = ModelConfig(width=2)


def describe(network: nn.Module, model: ModelConfig = SMALL) -> ModelDescription:
    facts = TrainingFacts(
        steps=6,
        stopped_by="steps",
        images=4,
        data_digest="d" * 64,
        recipe=recipe_by_content(TINY),
    )
    return ModelDescription(model=model, parameters=count_parameters(network), training=facts)


def write_untrained(folder: Path, model: ModelConfig = SMALL, *, bias: float | None = None) -> Path:
    """Random weights; with ``bias`` a network that answers the same logit everywhere."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    network = build_model(model)
    if bias is not None:
        nn.init.zeros_(network.head.weight)
        nn.init.constant_(network.head.bias, bias)
    write_model(folder, network, describe(network, model))
    return folder
