"""A small network trained for a few hundred steps on drawn people: its answers mean something."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from segmentation.config import ModelConfig, TrainConfig
from segmentation.inference.predict import to_images
from segmentation.model_folder import Normalisation, write_model
from segmentation.models.registry import build_model
from segmentation.training.losses import training_loss
from tests.segmentation.factories_model import describe
from tests.segmentation.factories_split import draw

WIDTH = 4
STEPS = 120


def drawn_batch(count: int, size_hw: tuple[int, int], start: int = 0):
    """(N, H, W, 3) frames and (N, H, W) masks of one or two drawn people each."""
    drawn = [
        draw(f"p{number}", people=1 + number % 2, size_hw=size_hw, seed=number)
        for number in range(start, start + count)
    ]
    return np.stack([d.image_hwc_rgb for d in drawn]), np.stack([d.mask_hw for d in drawn])


@lru_cache(maxsize=1)
def trained_state() -> dict[str, torch.Tensor]:
    """Weights after the training; made once."""
    torch.manual_seed(0)
    network = build_model(ModelConfig(width=WIDTH))
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for step in range(STEPS):
        frames, masks = drawn_batch(4, (48, 64), start=4 * step)
        outputs = network(Normalisation()(to_images(frames)))
        loss = training_loss(outputs, torch.from_numpy(masks), TrainConfig()).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.state_dict()


def write_trained(folder: Path) -> Path:
    """A model folder with these weights."""
    folder.mkdir(parents=True, exist_ok=True)
    network = build_model(ModelConfig(width=WIDTH))
    network.load_state_dict(trained_state())
    write_model(folder, network, describe(network, ModelConfig(width=WIDTH)))
    return folder
