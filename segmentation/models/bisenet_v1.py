"""BiSeNetV1: a shallow path that keeps detail beside a deep one that sees context.

Yu et al., "BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation", 2018,
section 3, on ResNet-18. With 19 classes 13,425,721 parameters in training and 13,275,539 in
inference, as in the public code that most use (CoinCheung/BiSeNet): its spatial path has a fourth,
1 x 1, convolution, its fusion attends by one normed convolution, and its logits have a bias.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from segmentation.models.backbones import ResNetBackbone
from segmentation.models.bisenet_blocks import (
    AUXILIARY,
    CONTEXT,
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
_SPATIAL = 64


class BiSeNetV1(nn.Module):
    """Spatial path, context path on ResNet-18, fusion, three heads of which one is for use.

    Args:
        width: scales all channels; 64 is the published size.
        classes: logits C per pixel.
    """

    TRAINING_ONLY: ClassVar = ("auxiliary_16", "auxiliary_32")

    def __init__(self, width: int = 64, classes: int = 1) -> None:
        super().__init__()
        spatial, fused, inside = (scaled(n, width) for n in (_SPATIAL, FUSED, AUXILIARY))
        context = scaled(CONTEXT, width)
        self.spatial = nn.Sequential(
            ConvNormReLU(3, spatial, 7, stride=2),
            ConvNormReLU(spatial, spatial, stride=2),
            ConvNormReLU(spatial, spatial, stride=2),
            ConvNormReLU(spatial, context, 1),
        )
        self.backbone = ResNetBackbone("resnet18", width)
        self.context = ContextPath(self.backbone.channels[2], self.backbone.channels[3], width)
        self.fusion = FeatureFusion(2 * context, fused, ConvNorm(fused, fused, 1))
        self.head = ContextHead(fused, fused, classes, bias=True)
        self.auxiliary_16 = ContextHead(context, inside, classes, bias=True)
        self.auxiliary_32 = ContextHead(context, inside, classes, bias=True)
        for part in self.children():
            if part is not self.backbone:
                init_kaiming(part)

    def forward(self, x: Tensor) -> Tensor | TrainingOutputs:
        """(N, 3, H, W) normalised colours -> (N, C, H, W) logits; in training with auxiliaries."""
        height, width = x.shape[-2:]
        padded = pad_to_multiple(x, STRIDE)
        size_hw = (padded.shape[2], padded.shape[3])
        levels = self.backbone(padded)
        fine, deep = self.context(levels[2], levels[3])  # (N, 128, H'/8, W'/8), (.., H'/16, ..)
        fused = self.fusion(self.spatial(padded), fine)  # (N, 256, H'/8, W'/8)
        main = enlarge(self.head(fused), size_hw)[..., :height, :width]
        if not self.training:
            return main
        auxiliary = (self.auxiliary_16(fine), self.auxiliary_32(deep))
        return TrainingOutputs(
            main=main,
            auxiliary=tuple(enlarge(part, size_hw)[..., :height, :width] for part in auxiliary),
        )
