"""Name -> network: the one list of architectures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from dataset_build.sources.object_kinds import CLASSES as KIND_CLASSES
from segmentation.config import ARCHITECTURES, PLAIN, TORCHVISION, ModelConfig
from segmentation.models.outputs import inference_network

Builder = Callable[[ModelConfig], nn.Module]
# Each builder imports its own network: torchvision, which half of them need, takes as long to
# import as torch, and whoever looks through a U-Net need not wait for it.


def _unet(config: ModelConfig) -> nn.Module:
    if config.encoder != PLAIN:
        from segmentation.models.residual_unet import ResidualUNet

        kinds = KIND_CLASSES if config.object_kinds else 0
        return ResidualUNet(config.encoder, config.width, config.classes, kinds=kinds)
    from segmentation.models.unet import UNet

    return UNet(config.width, config.classes)


def _convlstm_unet(config: ModelConfig) -> nn.Module:
    from segmentation.models.convlstm_unet import ConvLSTMUNet

    return ConvLSTMUNet(config.width, config.classes, last_only=config.clip_output == "last")


def _deeplabv3(config: ModelConfig) -> nn.Module:
    from segmentation.models.deeplabv3 import DeepLabV3

    return DeepLabV3(config.encoder, config.width, config.classes)


def _deeplabv3plus(config: ModelConfig) -> nn.Module:
    from segmentation.models.deeplabv3plus import DeepLabV3Plus

    return DeepLabV3Plus(config.encoder, config.width, config.classes)


def _bisenetv1(config: ModelConfig) -> nn.Module:
    from segmentation.models.bisenet_v1 import BiSeNetV1

    return BiSeNetV1(config.width, config.classes)


def _bisenetv2(config: ModelConfig) -> nn.Module:
    from segmentation.models.bisenet_v2 import BiSeNetV2

    return BiSeNetV2(config.width, config.classes)


def _stdc(config: ModelConfig) -> nn.Module:
    from segmentation.models.stdc import DEPTHS, STDC

    return STDC(DEPTHS[config.architecture], config.width, config.classes)


def _segformer(config: ModelConfig) -> nn.Module:
    from segmentation.models.segformer import SegFormer

    return SegFormer(config.architecture.removeprefix("segformer_"), config.width, config.classes)


def _torchvision(config: ModelConfig) -> nn.Module:
    from segmentation.models.torchvision_networks import TorchvisionNetwork

    return TorchvisionNetwork(config.architecture.removeprefix(TORCHVISION), config.classes)


def _family(prefix: str) -> tuple[str, ...]:
    return tuple(name for name in ARCHITECTURES if name.startswith(prefix))


_BUILDERS: Mapping[str, Builder] = {
    "unet": _unet,
    "convlstm_unet": _convlstm_unet,
    "deeplabv3": _deeplabv3,
    "deeplabv3plus": _deeplabv3plus,
    "bisenetv1": _bisenetv1,
    "bisenetv2": _bisenetv2,
    **dict.fromkeys(_family("stdc"), _stdc),
    **dict.fromkeys(_family("segformer_"), _segformer),
    **dict.fromkeys(_family(TORCHVISION), _torchvision),
}

#: Classes with which each family's size was published: Cityscapes, ADE20K, Pascal VOC, or one.
PUBLISHED_CLASSES: Mapping[str, int] = {
    **dict.fromkeys(ARCHITECTURES, 1),
    **dict.fromkeys((*_family("bisenet"), *_family("stdc")), 19),
    **dict.fromkeys(_family("segformer_"), 150),
    **dict.fromkeys(("deeplabv3", *_family(TORCHVISION)), 21),
}


@dataclass(frozen=True, kw_only=True)
class ParameterCount:
    """Numbers in a network: its parameters, and running statistics of its norms."""

    trainable: int
    statistics: int

    @property
    def total(self) -> int:
        """What is published as "parameters" where statistics are counted too."""
        return self.trainable + self.statistics


@dataclass(frozen=True, kw_only=True)
class ArchitectureSize:
    """How large an architecture is.

    Args:
        name: of the architecture.
        parameters_train: of the graph that is trained, with the heads that only training needs.
        parameters_inference: without them.
        parameters_with_statistics: of the trained graph, with its norms' running statistics.
        parameters_idle: of ``parameters_train``, those that the authors' module has and
            segmentation never uses; they are frozen.
        classes: that all this was counted with.
    """

    name: str
    parameters_train: int
    parameters_inference: int
    parameters_with_statistics: int
    parameters_idle: int
    classes: int


def build_model(config: ModelConfig) -> nn.Module:
    """A freshly initialised network; torch's global generator decides the weights.

    Raises:
        KeyError: a name in ``ARCHITECTURES`` that has no builder here.
    """
    if config.architecture not in _BUILDERS:
        raise KeyError(
            f"no builder for {config.architecture!r}; known here: {', '.join(sorted(_BUILDERS))},"
            f" named in the configuration: {', '.join(ARCHITECTURES)}"
        )
    return _BUILDERS[config.architecture](config)


def starting_model(config: ModelConfig) -> nn.Module:
    """A network to be trained, with the weights that ``config.weights`` names.

    Raises:
        FileNotFoundError: no such weights.
        TensorFileError: weights that hold more than tensors, or are of another network.
        ValueError: nothing is published for this architecture.
    """
    network = build_model(config)
    if config.weights:
        from segmentation.models.pretrained import load_pretrained

        load_pretrained(network, config)
    return network


def count_parameters(network: nn.Module) -> ParameterCount:
    """All parameters, frozen or not, and the means and variances that batch norms keep."""
    return ParameterCount(
        trainable=sum(p.numel() for p in network.parameters()),
        statistics=sum(b.numel() for b in network.buffers() if b.is_floating_point()),
    )


def size_of(config: ModelConfig) -> ArchitectureSize:
    """Count an architecture without giving it any memory."""
    with torch.device("meta"):
        network = build_model(config)
    trained = count_parameters(network)
    return ArchitectureSize(
        name=config.architecture,
        parameters_train=trained.trainable,
        parameters_inference=count_parameters(inference_network(network)).trainable,
        parameters_with_statistics=trained.total,
        parameters_idle=sum(p.numel() for p in network.parameters() if not p.requires_grad),
        classes=config.classes,
    )
