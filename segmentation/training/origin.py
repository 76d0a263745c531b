"""What a training started from, named by content: the same on every machine that has the files."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from dataset_build.digests import sha256_of
from segmentation.config import WEIGHTS_CACHE, ModelConfig, TrainConfig

#: Before the sha256 of weights from elsewhere, where a configuration has their path.
SHA256 = "sha256:"
#: Where this machine keeps or sends things: nothing of it is in the weights.
_OF_THIS_MACHINE = ("mlflow_uri", "sequences")


def weights_sha256(model: ModelConfig) -> str:
    """sha256 of the file that training starts from; nothing where it starts from scratch.

    Raises:
        FileNotFoundError: the weights are missing.
    """
    if not model.weights:
        return ""
    from segmentation.models.pretrained import cached_file

    path = cached_file(model) if model.weights == WEIGHTS_CACHE else Path(model.weights)
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; name an existing file, or 'cache'")
    return sha256_of(path)


def model_by_content(model: ModelConfig) -> ModelConfig:
    """The network with ``sha256:...`` instead of the path of the weights that it starts from.

    Raises:
        FileNotFoundError: the weights are missing.
    """
    digest = weights_sha256(model)
    return replace(model, weights=f"{SHA256}{digest}") if digest else model


def recipe_by_content(config: TrainConfig) -> dict[str, Any]:
    """The recipe's fields as JSON has them, without addresses and folders of this machine."""
    fields = {name: v for name, v in asdict(config).items() if name not in _OF_THIS_MACHINE}
    return fields | {"stages": list(fields["stages"])}
