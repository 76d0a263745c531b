"""The state of a training, saved so that an interrupted one goes on as if nothing had happened."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import os
import pickle
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from segmentation.config import ModelConfig, TrainConfig
from segmentation.models.registry import starting_model
from segmentation.training.early_stopping import Best
from segmentation.training.origin import weights_sha256
from segmentation.training.phases import parameter_groups

CHECKPOINT_FILE = "checkpoint.pt"
#: Raised whenever the steps of the training loop change their meaning.
RECIPE_VERSION = 3
#: Settings that do not touch the weights: changing them keeps the checkpoint. Sequences are named
#: by their content, among the digests of the data.
_HARMLESS = ("checkpoint_every", "cache_mb", "workers", "mlflow_uri", "sequences")

_log = logging.getLogger(__name__)


class CheckpointError(ValueError):
    """The file is no checkpoint of ours, or a damaged one."""


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """One step.

    Args:
        step: steps taken, this one included.
        loss: what was minimised, of the batch before the step; the next four are its parts before
            they were weighted.
        pixel_loss: cross entropy, OHEM or focal, whichever the recipe says.
        region_loss: Dice or Jaccard.
        auxiliary_loss: sum over the heads that only training has; 0 where there are none.
        detail_loss: of STDC's outlines; 0 for other networks.
        lr: of the head, and of everything where there is no backbone.
        grad_norm: before clipping.
        val_iou: of the averaged weights after the step, where it was measured.
    """

    step: int
    loss: float
    pixel_loss: float
    region_loss: float
    auxiliary_loss: float = 0.0
    detail_loss: float = 0.0
    lr: float
    grad_norm: float
    val_iou: float | None = None


@dataclass(kw_only=True)
class TrainState:
    """Everything that a step changes.

    Args:
        network: what is trained.
        average: the running average of it, which is what gets published.
        step: steps taken.
        elapsed_s: seconds trained, over all runs.
        history: one row per step.
        best: the averaged weights to publish, where the recipe looks for the best.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0
    elapsed_s: float = 0.0
    history: list[HistoryRow] = field(default_factory=list)
    best: Best = field(default_factory=Best)


def new_state(model: ModelConfig, config: TrainConfig, device: torch.device) -> TrainState:
    """Weights to start from, and AdamW without decay on biases and norms.

    Torch's global generator decides what is random; the rest comes from ``model.weights``.
    """
    network = starting_model(model).to(device).to(memory_format=torch.channels_last)
    groups = parameter_groups(network, config.weight_decay)
    average = copy.deepcopy(network).requires_grad_(False)
    return TrainState(
        network=network,
        average=average.eval(),
        optimizer=torch.optim.AdamW(groups, lr=config.max_lr),
    )


def fingerprint(model: ModelConfig, config: TrainConfig, digests: Sequence[str]) -> str:
    """Names a training: network, recipe, data, and the content of the weights it starts from.

    Only its own checkpoint continues it. A file of weights may move, but not change.

    Raises:
        FileNotFoundError: the weights are missing.
    """
    recipe = {name: value for name, value in asdict(config).items() if name not in _HARMLESS}
    network = {**asdict(model), "weights": weights_sha256(model)}
    text = json.dumps([RECIPE_VERSION, network, recipe, list(digests)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def save_checkpoint(state: TrainState, work_dir: Path, name: str) -> Path:
    """Write the state beside the old one, then put it in its place: a kill leaves one of them.

    Args:
        state: is not changed.
        work_dir: existing folder; receives ``checkpoint.pt``.
        name: the training's fingerprint.
    """
    values = {
        "fingerprint": name,
        "step": state.step,
        "elapsed_s": state.elapsed_s,
        "history": [asdict(row) for row in state.history],
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "best": vars(state.best),
    }
    path = work_dir / CHECKPOINT_FILE
    aside = path.with_name(path.name + ".partial")
    with aside.open("wb") as file:
        torch.save(values, file)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    return path


def load_checkpoint(state: TrainState, work_dir: Path, name: str) -> bool:
    """Put the saved state into ``state``.

    Returns:
        Whether there was a checkpoint of this very training. One of another training is left
        alone and reported as a warning; the next save replaces it.

    Raises:
        CheckpointError: the file is a pickle of other things, or damaged.
    """
    path = work_dir / CHECKPOINT_FILE
    if not path.exists():
        return False
    values = _read(path, next(state.network.parameters()).device)
    if values["fingerprint"] != name:
        _log.warning("%s is of another network, recipe or dataset; training starts anew", path)
        return False
    try:
        state.network.load_state_dict(values["network"])
        state.average.load_state_dict(values["average"])
        state.optimizer.load_state_dict(values["optimizer"])
        state.step, state.elapsed_s = int(values["step"]), float(values["elapsed_s"])
        state.history = [HistoryRow(**row) for row in values["history"]]
        state.best = Best(**values["best"])
    except (RuntimeError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); delete it to start anew") from error
    return True


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    """The file's values, read without running any code that it may hold."""
    try:
        values = torch.load(path, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds more than tensors and numbers: a pickle that could run anybody's code,"
            " so it was not opened. Delete it to start anew; to bring weights from elsewhere,"
            " save their state dict with safetensors.torch.save_file"
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); delete it to start anew") from error
    if not isinstance(values, dict) or "fingerprint" not in values:
        raise CheckpointError(f"{path} is no checkpoint of this project; delete it to start anew")
    return values
