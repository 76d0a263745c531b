"""Encoders that DeepLab and BiSeNet look through: ResNet and MobileNetV2, at any width.

The blocks are torchvision's, and so are the names of the parameters: its ImageNet weights fit at
the published width. Strides can be exchanged for dilation (Chen et al., "Rethinking Atrous
Convolution", 2017, section 3.1), so that deep features stay fine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import BasicBlock, Bottleneck

from segmentation.models.blocks import PUBLISHED_WIDTH, scaled

#: Strides of the four levels that an encoder gives, before dilation.
LEVEL_STRIDES = (4, 8, 16, 32)
_RESNETS = {"resnet18": (BasicBlock, (2, 2, 2, 2)), "resnet50": (Bottleneck, (3, 4, 6, 3))}
#: Planes of ResNet's four stages; a bottleneck block gives four times as many channels.
_PLANES = (64, 128, 256, 512)
#: MobileNetV2's layers from one of ``LEVEL_STRIDES`` to the next.
_MOBILE_LEVELS = (slice(0, 4), slice(4, 7), slice(7, 14), slice(14, 19))


class Backbone(nn.Module, ABC):
    """An encoder with four levels; ``channels`` says how many each has."""

    channels: tuple[int, ...]

    @abstractmethod
    def stages(self) -> list[nn.Sequential]:
        """The layers of each level."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) -> four maps, coarser and coarser, for H and W divisible by 32."""
        levels = []
        for stage in self.stages():
            x = stage(x)
            levels.append(x)
        return levels


class ResNetBackbone(Backbone):
    """He et al., "Deep Residual Learning", 2015, table 1, without the classifier."""

    def __init__(self, name: str, width: int = PUBLISHED_WIDTH) -> None:
        super().__init__()
        block, depths = _RESNETS[name]
        planes = [scaled(count, width) for count in _PLANES]
        self.conv1 = nn.Conv2d(3, planes[0], kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(planes[0])
        before = planes[0]
        for number, (count, depth) in enumerate(zip(planes, depths, strict=True)):
            stage = _residual_stage(block, before, count, depth, stride=1 if number == 0 else 2)
            self.add_module(f"layer{number + 1}", stage)
            before = count * block.expansion
        self.channels = tuple(count * block.expansion for count in planes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def stages(self) -> list[nn.Sequential]:
        """``layer1`` to ``layer4``."""
        return [self.get_submodule(f"layer{number}") for number in range(1, 5)]  # type: ignore[misc]

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) -> four maps, the first at a quarter of height and width."""
        x = functional.relu(self.bn1(self.conv1(x)))  # (N, 64, H/2, W/2)
        return super().forward(functional.max_pool2d(x, kernel_size=3, stride=2, padding=1))


class MobileNetBackbone(Backbone):
    """Sandler et al., "MobileNetV2", 2018, table 2, without the classifier.

    The last level keeps its 1,280 channels at smaller widths, as the paper does.
    """

    def __init__(self, width: int = PUBLISHED_WIDTH) -> None:
        super().__init__()
        self.features = MobileNetV2(width_mult=width / PUBLISHED_WIDTH).features
        self.channels = tuple(_channels_of(stage) for stage in self.stages())

    def stages(self) -> list[nn.Sequential]:
        """Layers 0-3, 4-6, 7-13 and 14-18."""
        return [self.features[part] for part in _MOBILE_LEVELS]


def build_backbone(name: str, width: int = PUBLISHED_WIDTH, *, output_stride: int = 32) -> Backbone:
    """An encoder with random weights.

    Args:
        name: resnet18, resnet50 or mobilenet_v2.
        width: scales its channels; 64 is the published size.
        output_stride: of the deepest level: 32, 16 or 8; what is missing is dilated.
    """
    backbone = MobileNetBackbone(width) if name == "mobilenet_v2" else ResNetBackbone(name, width)
    rate = 1
    for stage, stride in zip(backbone.stages(), LEVEL_STRIDES, strict=True):
        if stride > output_stride:
            dilate(stage, before=rate, rate=2 * rate)
            rate *= 2
    return backbone


def dilate(stage: Iterable[nn.Module], *, before: int, rate: int) -> None:
    """Exchange the stride of a stage for dilation; its first block sees what came before.

    Args:
        stage: its convolutions are changed.
        before: dilation up to here.
        rate: dilation from the second block on.
    """
    for number, block in enumerate(stage):
        each = before if number == 0 else rate
        for layer in block.modules():
            if isinstance(layer, nn.Conv2d):
                layer.stride = (1, 1)
                if layer.kernel_size != (1, 1):
                    layer.dilation = layer.padding = (each, each)


def _residual_stage(
    block: type[BasicBlock | Bottleneck], channels_in: int, planes: int, depth: int, *, stride: int
) -> nn.Sequential:
    channels = planes * block.expansion
    shortcut = None
    if stride != 1 or channels_in != channels:
        shortcut = nn.Sequential(
            nn.Conv2d(channels_in, channels, kernel_size=1, stride=stride, bias=False),
            nn.BatchNorm2d(channels),
        )
    first = block(channels_in, planes, stride, shortcut)
    return nn.Sequential(first, *(block(channels, planes) for _ in range(depth - 1)))


def _channels_of(stage: nn.Module) -> int:
    return [layer for layer in stage.modules() if isinstance(layer, nn.Conv2d)][-1].out_channels
