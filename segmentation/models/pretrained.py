"""What a network starts from: torchvision's cache, or a file. Nothing is downloaded or unpickled.

A file of torchvision is a pickle by its format; it is read with ``weights_only=True``, which builds
tensors and refuses everything else.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision import models as torchvision_models
from torchvision.models import segmentation as torchvision_segmentation

from dataset_build.digests import sha256_of
from segmentation.config import PLAIN, TORCHVISION, WEIGHTS_CACHE, ModelConfig
from segmentation.models.blocks import PUBLISHED_WIDTH
from segmentation.models.outputs import training_only
from segmentation.models.torchvision_networks import TorchvisionNetwork
from segmentation.tensor_file import TensorFileError, read_tensors

#: Encoders whose ImageNet weights torchvision publishes.
_IMAGENET = {"bisenetv1": "resnet18"}
#: torch lists every name that does not fit; the first ones tell enough.
_ERROR_LENGTH = 300
#: ImageNet's classifier, which encoders here do not have.
_CLASSIFIERS = ("fc.", "classifier.")


def load_pretrained(network: nn.Module, config: ModelConfig) -> None:
    """Put the weights that ``config.weights`` names into a network.

    Args:
        network: built from ``config``; is changed. From the cache a network of torchvision takes
            all its weights, one on an encoder of torchvision's takes the encoder's.
        config: where ``weights`` is empty, nothing happens.

    Raises:
        FileNotFoundError: no such file, or not in the cache.
        TensorFileError: a file that holds more than tensors, is damaged or fits another network.
        ValueError: the cache holds nothing for this architecture.
    """
    if not config.weights:
        return
    from_cache = config.weights == WEIGHTS_CACHE
    path = cached_file(config) if from_cache else Path(config.weights)
    tensors = read_weights(path)
    try:
        if isinstance(network, TorchvisionNetwork):
            network.load_published(tensors)
        elif from_cache:
            _load_encoder(network, tensors)
        else:
            _load_all(network, tensors)
    except RuntimeError as error:
        raise TensorFileError(
            f"{path} does not fit {config.architecture} of width {config.width} with"
            f" {config.classes} classes: {str(error)[:_ERROR_LENGTH]}"
        ) from error


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of a state dict that torch saved.

    Raises:
        FileNotFoundError: no such file.
        TensorFileError: it holds more than tensors, or is damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; name an existing file, or 'cache'")
    if path.suffix == ".safetensors":
        return read_tensors(path)
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise TensorFileError(
            f"{path} holds more than tensors: a pickle that could run anybody's code, so it was"
            " not opened. Save its state dict with safetensors.torch.save_file"
        ) from error
    except (RuntimeError, EOFError, ValueError) as error:
        raise TensorFileError(f"{path} is damaged ({error}); fetch it again") from error
    if not isinstance(values, Mapping) or not all(isinstance(v, Tensor) for v in values.values()):
        raise TensorFileError(f"{path} is no state dict; save network.state_dict()")
    return dict(values)


def cached_file(config: ModelConfig) -> Path:
    """The file that torchvision's cache holds for an architecture, checked against its name.

    Raises:
        ValueError: torchvision publishes no weights for it.
        FileNotFoundError: not in the cache.
        TensorFileError: the file's sha256 is not the one in its name.
    """
    urls = _published_urls(config)
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    for url in urls:
        path = folder / url.rpartition("/")[2]
        if path.is_file():
            _require_checksum(path)
            return path
    raise FileNotFoundError(
        f"torchvision's cache {folder} has no weights for {config.architecture}; download"
        f" {urls[0]} into it, or name a file"
    )


def _published_urls(config: ModelConfig) -> list[str]:
    """Newest first."""
    if config.architecture.startswith(TORCHVISION):
        name, where = config.architecture.removeprefix(TORCHVISION), torchvision_segmentation
    else:
        name, where = _IMAGENET.get(config.architecture, config.encoder), torchvision_models
        if name in ("", PLAIN):
            raise ValueError(
                f"weights = {WEIGHTS_CACHE!r}: torchvision publishes none for"
                f" {config.architecture}; name a file, or leave it empty"
            )
        if config.width != PUBLISHED_WIDTH:
            raise ValueError(
                f"weights = {WEIGHTS_CACHE!r}, width = {config.width}: published encoders have"
                f" width {PUBLISHED_WIDTH}"
            )
    versions = torchvision_models.get_model_weights(getattr(where, name))
    return [str(version.url) for version in reversed(list(versions))]


def _require_checksum(path: Path) -> None:
    """A published file's name ends with the first digits of its sha256."""
    wanted = path.stem.rpartition("-")[2]
    found = sha256_of(path)
    if not found.startswith(wanted):
        raise TensorFileError(f"{path}: sha256 begins {found[:8]}, expected {wanted}; fetch again")


def _load_encoder(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(_CLASSIFIERS)}
    network.get_submodule("backbone").load_state_dict(kept)


def _load_all(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Heads for training only may be on one side alone: they start from scratch, or are left."""
    heads = tuple(f"{name}." for name in training_only(network))
    own = {name: value for name, value in network.state_dict().items() if name.startswith(heads)}
    given = {
        name: value for name, value in tensors.items() if name in own or not name.startswith(heads)
    }
    network.load_state_dict({**own, **given})
