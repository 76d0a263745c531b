"""A trained model on disk: weights, and everything that is needed to use them rightly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from dataset_build.digests import sha256_of
from segmentation.config import ModelConfig
from segmentation.models.outputs import inference_network
from segmentation.models.registry import ParameterCount, build_model
from segmentation.tensor_file import TensorFileError, read_tensors, write_tensors

WEIGHTS_FILE = "weights.safetensors"
DESCRIPTION_FILE = "model.json"
#: Raised when older readers could no longer read what is written.
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """(colour - mean) / std per channel; colours are RGB in [0, 1].

    The defaults are ImageNet's, so that networks trained elsewhere fit the same contract.
    """

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __call__(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] -> the same shape, about zero mean and unit deviation."""
        mean = torch.tensor(self.mean, dtype=images.dtype, device=images.device)
        std = torch.tensor(self.std, dtype=images.dtype, device=images.device)
        return (images - mean[:, None, None]) / std[:, None, None]


@dataclass(frozen=True, kw_only=True)
class TrainingFacts:
    """What the weights were made from.

    Args:
        steps: optimizer steps taken.
        stopped_by: ``steps`` when all were taken, ``max_seconds`` when time ran out, ``patience``
            when validation stopped getting better.
        images: samples in the training split.
        data_digest: names the pixels of the training split.
        recipe: the fields of the ``TrainConfig`` that was used; a later version may have others.
        sequences_digest: names the labelled sequences that were seen, too; "" for none.
    """

    steps: int
    stopped_by: str
    images: int
    data_digest: str
    recipe: Mapping[str, object]
    sequences_digest: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """``model.json``: which network, how it wants its input, what it was made from."""

    model: ModelConfig
    parameters: ParameterCount
    training: TrainingFacts
    normalisation: Normalisation = field(default_factory=Normalisation)


def write_model(out: Path, network: nn.Module, description: ModelDescription) -> Path:
    """Write weights and description; the same values give the same bytes."""
    write_tensors(network.state_dict(), out / WEIGHTS_FILE)
    values = {"format": FORMAT, **asdict(description)}
    values["parameters"]["total"] = description.parameters.total
    text = json.dumps(values, indent=1, sort_keys=True)
    (out / DESCRIPTION_FILE).write_text(text + "\n", encoding="utf-8")
    return out / WEIGHTS_FILE


def read_description(folder: Path) -> ModelDescription:
    """The description beside the weights.

    Raises:
        FileNotFoundError: no ``model.json``; the folder holds no trained model.
        ValueError: written by a newer version, or damaged.
    """
    path = folder / DESCRIPTION_FILE
    if not path.is_file():
        raise FileNotFoundError(f"no {DESCRIPTION_FILE} in {folder}; train a model first")
    values = json.loads(path.read_text(encoding="utf-8"))
    if values.get("format") != FORMAT:
        raise ValueError(
            f"{path}: format {values.get('format')!r}, expected {FORMAT}; train the model again"
        )
    try:
        return _description(values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: {error!r}; train the model again") from error


def load_network(folder: Path) -> nn.Module:
    """The trained network on the CPU, ready for inference, without heads for training only.

    Raises:
        FileNotFoundError: no model there.
        TensorFileError: weights that are a pickle, damaged, or of another network.
    """
    network = build_model(read_description(folder).model)
    tensors = read_tensors(folder / WEIGHTS_FILE)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise TensorFileError(
            f"{folder / WEIGHTS_FILE} does not fit the network of {DESCRIPTION_FILE}: {error}"
        ) from error
    return inference_network(network).requires_grad_(False)


def weights_digest(folder: Path) -> str:
    """sha256 of the weights file."""
    return sha256_of(folder / WEIGHTS_FILE)


def _description(values: Mapping[str, Mapping[str, object]]) -> ModelDescription:
    counts = values["parameters"]
    colours = values["normalisation"]
    return ModelDescription(
        model=ModelConfig(**values["model"]),  # type: ignore[arg-type]
        parameters=ParameterCount(
            trainable=int(str(counts["trainable"])), statistics=int(str(counts["statistics"]))
        ),
        training=TrainingFacts(**values["training"]),  # type: ignore[arg-type]
        normalisation=Normalisation(mean=_rgb(colours["mean"]), std=_rgb(colours["std"])),
    )


def _rgb(values: object) -> tuple[float, float, float]:
    if not isinstance(values, list) or len(values) != 3:
        raise TypeError(f"expected three numbers, got {values!r}")
    red, green, blue = (float(value) for value in values)
    return red, green, blue
