"""STDC: layers that hand each other less and less, and a head that learns outlines.

Fan et al., "Rethinking BiSeNet For Real-time Semantic Segmentation", 2021, sections 3.1 to 3.3.

The authors' module keeps layers that segmentation never runs: the ImageNet classifier of the
encoder (3,125,248 parameters) and outline heads at strides 2, 4 and 16 (350,784). Their counts
include them, so they are here too, frozen: 12,048,928 (STDC1) and 16,079,392 (STDC2) parameters in
training with 19 classes, 11,400,352 and 15,430,816 in inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmentation.models.bisenet_blocks import (
    AUXILIARY,
    FUSED,
    ContextHead,
    ContextPath,
    FeatureFusion,
)
from segmentation.models.blocks import (
    ConvNorm,
    ConvNormReLU,
    enlarge,
    init_kaiming,
    pad_to_multiple,
    scaled,
)
from segmentation.models.outputs import TrainingOutputs

STRIDE = 32
#: Modules at strides 8, 16 and 32.
DEPTHS: Mapping[str, tuple[int, int, int]] = {"stdc1": (2, 2, 2), "stdc2": (4, 5, 3)}
IMAGENET_CLASSES = 1000
_BASE = 64
_DROPOUT = 0.2
#: The fusion's attention squeezes its channels by this.
_SQUEEZE = 4
#: The smallest part of a module is an eighth of its channels, so the base must be even.
_MULTIPLE = 2


class ShortTermDense(nn.Module):
    """Four convolutions in a row, of a half, a quarter, an eighth and an eighth of C (figure 3).

    Args:
        channels_in: of the input.
        channels: C of the output, which is all four side by side.
        stride: 1 or 2.
    """

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        half, quarter, eighth = channels // 2, channels // 4, channels // 8
        self.first = ConvNormReLU(channels_in, half, 1)
        self.shrink = ConvNorm(half, half, stride=2, groups=half) if stride == 2 else nn.Identity()
        self.pool = nn.AvgPool2d(3, stride=2, padding=1) if stride == 2 else nn.Identity()
        self.rest = nn.ModuleList(
            [
                ConvNormReLU(half, quarter),
                ConvNormReLU(quarter, eighth),
                ConvNormReLU(eighth, eighth),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, Ci, h, w) -> (N, C, h/stride, w/stride)."""
        first = self.first(x)
        parts, x = [self.pool(first)], self.shrink(first)
        for layer in self.rest:
            x = layer(x)
            parts.append(x)
        return torch.cat(parts, dim=1)


class STDCBackbone(nn.Module):
    """Two convolutions, then three stages of ``ShortTermDense`` (table 2)."""

    def __init__(self, depths: tuple[int, int, int], width: int = 64) -> None:
        super().__init__()
        base = scaled(_BASE, width, _MULTIPLE)
        self.channels = (base // 2, base, 4 * base, 8 * base, 16 * base)
        stages: list[nn.Module] = [
            ConvNormReLU(3, self.channels[0], stride=2),
            ConvNormReLU(self.channels[0], self.channels[1], stride=2),
        ]
        for before, channels, depth in zip(
            self.channels[1:], self.channels[2:], depths, strict=False
        ):
            first = ShortTermDense(before, channels, stride=2)
            rest = [ShortTermDense(channels, channels, stride=1) for _ in range(depth - 1)]
            stages.append(nn.Sequential(first, *rest))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) -> maps at strides 2, 4, 8, 16 and 32."""
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return levels


class STDCClassifierHead(nn.Module):
    """What follows the encoder on ImageNet (table 2, last rows); (N, 16 B, h, w) -> (N, C)."""

    def __init__(self, channels: int, classes: int = IMAGENET_CLASSES) -> None:
        super().__init__()
        self.last = ConvNormReLU(channels, channels, 1)
        self.inside = nn.Linear(channels, channels, bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout(_DROPOUT)
        self.out = nn.Linear(channels, classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Squared features, averaged, through two linear layers."""
        overall = self.last(x).square().mean(dim=(2, 3))
        inside = functional.relu(self.norm(self.inside(overall)))
        logits: Tensor = self.out(self.dropout(inside))
        return logits


class STDCClassifier(nn.Module):
    """The encoder as it is trained on ImageNet: 8,443,552 and 12,474,016 parameters."""

    def __init__(
        self, depths: tuple[int, int, int], width: int = 64, classes: int = IMAGENET_CLASSES
    ) -> None:
        super().__init__()
        self.backbone = STDCBackbone(depths, width)
        self.classifier = STDCClassifierHead(self.backbone.channels[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, classes)."""
        logits: Tensor = self.classifier(self.backbone(x)[-1])
        return logits


class STDC(nn.Module):
    """Encoder, path of context, fusion with the map at stride 8; in training an outline head.

    Args:
        depths: one of ``DEPTHS``.
        width: scales all channels; 64 is the published size.
        classes: logits C per pixel.
    """

    TRAINING_ONLY: ClassVar = ("auxiliary_16", "auxiliary_32", "outline_8", "idle_outlines")

    def __init__(
        self, depths: tuple[int, int, int] = DEPTHS["stdc1"], width: int = 64, classes: int = 1
    ) -> None:
        super().__init__()
        self.backbone = STDCBackbone(depths, width)
        at_2, at_4, at_8, at_16, at_32 = self.backbone.channels
        fused, inside = scaled(FUSED, width), scaled(AUXILIARY, width)
        self.classifier = STDCClassifierHead(at_32)
        self.context = ContextPath(at_16, at_32, width)
        context = self.context.channels
        self.fusion = FeatureFusion(at_8 + context, fused, _squeeze_and_excite(fused))
        self.head = ContextHead(fused, fused, classes, bias=False)
        self.auxiliary_16 = ContextHead(context, inside, classes, bias=False)
        self.auxiliary_32 = ContextHead(context, inside, classes, bias=False)
        self.outline_8 = ContextHead(at_8, inside, 1, bias=False)
        self.idle_outlines = nn.ModuleList(
            ContextHead(channels, inside, 1, bias=False) for channels in (at_2, at_4, at_16)
        )
        init_kaiming(self)
        self.classifier.requires_grad_(False)
        self.idle_outlines.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor | TrainingOutputs:
        """(N, 3, H, W) normalised colours -> (N, C, H, W) logits; in training with outlines."""
        height, width = x.shape[-2:]
        padded = pad_to_multiple(x, STRIDE)
        size_hw = (padded.shape[2], padded.shape[3])
        *_, at_8, at_16, at_32 = self.backbone(padded)
        fine, deep = self.context(at_16, at_32)  # (N, 128, H'/8, W'/8), (N, 128, H'/16, W'/16)
        logits = self.head(self.fusion(at_8, fine))  # (N, C, H'/8, W'/8)
        main = enlarge(logits, size_hw)[..., :height, :width]
        if not self.training:
            return main
        extra = (self.auxiliary_16(fine), self.auxiliary_32(deep), self.outline_8(at_8))
        *auxiliary, outline = (enlarge(part, size_hw)[..., :height, :width] for part in extra)
        return TrainingOutputs(main=main, auxiliary=tuple(auxiliary), detail=outline)


def _squeeze_and_excite(channels: int) -> nn.Sequential:
    squeezed = max(1, channels // _SQUEEZE)
    return nn.Sequential(
        nn.Conv2d(channels, squeezed, kernel_size=1, bias=False),
        nn.ReLU(inplace=True),
        nn.Conv2d(squeezed, channels, kernel_size=1, bias=False),
    )
