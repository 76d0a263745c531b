"""Whether a network's batch norms get more than one value to normalise by."""

from __future__ import annotations

import copy

import torch
from torch import nn

from segmentation.config import ModelConfig, TrainConfig


def require_batch_for_norms(network: nn.Module, model: ModelConfig, config: TrainConfig) -> None:
    """Refuse batches of one where a batch norm comes after pooling to a single pixel.

    The mean of one value is that value: such a norm would answer nought whatever it sees, and
    torch refuses it at the first step with a message that names no setting. Tried out on a copy.

    Args:
        network: stays as it is.
        model: names the network in the message.
        config: size of batch and crop, of every stage.

    Raises:
        ValueError: batches of one, and a norm that sees one value per channel.
    """
    for recipe in config.recipes:
        if recipe.batch_size == 1:
            _require_more_than_one(network, model, recipe.crop_px)


def _require_more_than_one(network: nn.Module, model: ModelConfig, crop_px: int) -> None:
    trial = copy.deepcopy(network).train()
    parameter = next(trial.parameters())
    crop = torch.zeros(1, 3, crop_px, crop_px, device=parameter.device)
    try:
        with torch.no_grad():
            trial(crop)
    except ValueError as error:
        raise ValueError(
            f"batch_size = 1: {model.architecture} pools crops of {crop_px} px to a single"
            " pixel before a batch norm, which has nothing to compare one value with; expected at"
            " least 2. Where memory is short, lower crop_px or width instead"
        ) from error
