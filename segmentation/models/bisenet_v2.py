"""BiSeNetV2: a wide shallow branch for detail and a narrow deep one for meaning guide each other.

Yu et al., "BiSeNet V2: Bilateral Network with Guided Aggregation for Real-time Semantic
Segmentation", 2020, sections 4 and 5. With 19 classes 5,231,487 parameters in training and
3,358,627 in inference, as in the public code that most use (CoinCheung/BiSeNet).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmentation.models.blocks import ConvNorm, ConvNormReLU, enlarge, pad_to_multiple, scaled
from segmentation.models.outputs import TrainingOutputs

STRIDE = 32
#: Channels of the detail branch, and of the semantic branch at strides 4, 8, 16, 32 (table 1).
_DETAIL = (64, 64, 128)
_SEMANTIC = (16, 32, 64, 128)
#: Channels inside the head and inside the boosters.
_HEAD, _BOOSTER = 1024, 128
#: Gather-and-expansion layers widen by this (section 4.2).
_EXPANSION = 6
_DROPOUT = 0.1


class BiSeNetV2(nn.Module):
    """Detail branch, semantic branch, aggregation, a head, and four boosters for training.

    Args:
        width: scales all channels; 64 is the published size.
        classes: logits C per pixel.
    """

    TRAINING_ONLY: ClassVar = ("boosters",)

    def __init__(self, width: int = 64, classes: int = 1) -> None:
        super().__init__()
        channels = scaled(_DETAIL[-1], width)
        self.detail = _detail_branch(width)
        self.semantic = SemanticBranch(width)
        self.aggregate = GuidedAggregation(channels)
        self.head = nn.Sequential(
            ConvNormReLU(channels, scaled(_HEAD, width)),
            nn.Dropout(_DROPOUT),
            nn.Conv2d(scaled(_HEAD, width), classes, kernel_size=1),
        )
        self.boosters = nn.ModuleList(
            _booster(scaled(count, width), width, classes, stride)
            for count, stride in zip(_SEMANTIC, (4, 8, 16, 32), strict=True)
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor | TrainingOutputs:
        """(N, 3, H, W) normalised colours -> (N, C, H, W) logits; in training with boosters'."""
        height, width = x.shape[-2:]
        padded = pad_to_multiple(x, STRIDE)
        size_hw = (padded.shape[2], padded.shape[3])
        levels, meaning = self.semantic(padded)  # (N, 16, H'/4, W'/4) ... (N, 128, H'/32, W'/32)
        joined = self.aggregate(self.detail(padded), meaning)  # (N, 128, H'/8, W'/8)
        main = enlarge(self.head(joined), size_hw)[..., :height, :width]
        if not self.training:
            return main
        boosted = [booster(level) for booster, level in zip(self.boosters, levels, strict=True)]
        return TrainingOutputs(
            main=main,
            auxiliary=tuple(enlarge(part, size_hw)[..., :height, :width] for part in boosted),
        )


class SemanticBranch(nn.Module):
    """Stem, gather-and-expansion layers, context embedding (table 1, right)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        at_4, at_8, at_16, at_32 = (scaled(count, width) for count in _SEMANTIC)
        self.stem = Stem(at_4)
        self.stages = nn.ModuleList(
            [
                nn.Sequential(ExpandAndShrink(at_4, at_8), Expand(at_8)),
                nn.Sequential(ExpandAndShrink(at_8, at_16), Expand(at_16)),
                nn.Sequential(
                    ExpandAndShrink(at_16, at_32), Expand(at_32), Expand(at_32), Expand(at_32)
                ),
            ]
        )
        self.context = ContextEmbedding(at_32)

    def forward(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """(N, 3, H, W) -> maps at strides 4, 8, 16, 32, and the last with its context."""
        levels = [self.stem(x)]
        for stage in self.stages:
            levels.append(stage(levels[-1]))
        return levels, self.context(levels[-1])


class Stem(nn.Module):
    """To a quarter of the size, by convolution and by pooling side by side (figure 4a)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = max(1, channels // 2)
        self.enter = ConvNormReLU(3, channels, stride=2)
        self.convolved = nn.Sequential(
            ConvNormReLU(channels, half, 1), ConvNormReLU(half, channels, stride=2)
        )
        self.fuse = ConvNormReLU(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, C, H/4, W/4)."""
        x = self.enter(x)
        pooled = functional.max_pool2d(x, kernel_size=3, stride=2, padding=1)
        fused: Tensor = self.fuse(torch.cat([self.convolved(x), pooled], dim=1))
        return fused


class Expand(nn.Module):
    """Gather-and-expansion layer of stride 1 (figure 5b)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = _EXPANSION * channels
        self.layers = nn.Sequential(
            ConvNormReLU(channels, channels),
            ConvNormReLU(channels, wide, groups=channels),
            ConvNorm(wide, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> the same shape."""
        return functional.relu(x + self.layers(x))


class ExpandAndShrink(nn.Module):
    """Gather-and-expansion layer of stride 2 (figure 5c)."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        wide = _EXPANSION * channels_in
        self.layers = nn.Sequential(
            ConvNormReLU(channels_in, channels_in),
            ConvNorm(channels_in, wide, stride=2, groups=channels_in),
            ConvNormReLU(wide, wide, groups=wide),
            ConvNorm(wide, channels, 1),
        )
        self.shortcut = nn.Sequential(
            ConvNorm(channels_in, channels_in, stride=2, groups=channels_in),
            ConvNorm(channels_in, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, Ci, h, w) -> (N, C, h/2, w/2)."""
        return functional.relu(self.layers(x) + self.shortcut(x))


class ContextEmbedding(nn.Module):
    """The whole image's mean, added to every place (figure 4b)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.whole = ConvNormReLU(channels, channels, 1)
        self.smooth = ConvNormReLU(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> the same shape."""
        whole = self.whole(self.norm(x.mean(dim=(2, 3), keepdim=True)))
        smoothed: Tensor = self.smooth(x + whole)
        return smoothed


class GuidedAggregation(nn.Module):
    """Each branch, at its own scale, says how much of the other counts (figure 6)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.detail_here = _depth_then_point(channels)
        self.detail_down = nn.Sequential(
            ConvNorm(channels, channels, stride=2),
            nn.AvgPool2d(kernel_size=3, stride=2, padding=1),
        )
        self.meaning_up = ConvNorm(channels, channels)
        self.meaning_here = _depth_then_point(channels)
        self.fuse = ConvNormReLU(channels, channels)

    def forward(self, detail: Tensor, meaning: Tensor) -> Tensor:
        """(N, C, H/8, W/8) and (N, C, H/32, W/32) -> (N, C, H/8, W/8)."""
        size = detail.shape[-2:]
        guide = functional.interpolate(self.meaning_up(meaning), size=size)
        fine = self.detail_here(detail) * torch.sigmoid(guide)
        coarse = self.detail_down(detail) * torch.sigmoid(self.meaning_here(meaning))
        fused: Tensor = self.fuse(fine + functional.interpolate(coarse, size=size))
        return fused


def _detail_branch(width: int) -> nn.Sequential:
    """To an eighth of the size, in wide layers (table 1, left)."""
    layers: list[nn.Module] = []
    before = 3
    for count, depth in zip(_DETAIL, (2, 3, 3), strict=True):
        channels = scaled(count, width)
        layers.append(ConvNormReLU(before, channels, stride=2))
        layers += [ConvNormReLU(channels, channels) for _ in range(depth - 1)]
        before = channels
    return nn.Sequential(*layers)


def _booster(channels_in: int, width: int, classes: int, stride: int) -> nn.Sequential:
    """A head that is dropped after training (section 4.5)."""
    inside, last = scaled(_BOOSTER, width), scaled(stride**2, width)
    return nn.Sequential(
        ConvNormReLU(channels_in, inside),
        nn.Dropout(_DROPOUT),
        nn.Upsample(scale_factor=2),
        ConvNormReLU(inside, last),
        nn.Conv2d(last, classes, kernel_size=1),
    )


def _depth_then_point(channels: int) -> nn.Sequential:
    return nn.Sequential(
        ConvNorm(channels, channels, groups=channels),
        nn.Conv2d(channels, channels, kernel_size=1, bias=False),
    )
