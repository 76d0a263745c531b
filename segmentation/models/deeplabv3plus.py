"""DeepLabV3+: DeepLabV3 with separable convolutions and a decoder that sees fine features.

Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation",
2018, section 3, at output stride 16. With one class it has 26,677,585 parameters on ResNet-50,
12,329,297 on ResNet-18 and 4,378,513 on MobileNetV2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segmentation.models.aspp import Pyramid, SeparableConvNormReLU
from segmentation.models.backbones import build_backbone
from segmentation.models.blocks import ConvNormReLU, enlarge, pad_to_multiple, scaled

OUTPUT_STRIDE = 16
#: For a stride of 16 (section 4).
RATES = (6, 12, 18)
#: Channels of the pyramid and of the decoder at the published width.
_CHANNELS = 256
#: Channels that fine features are reduced to, lest they outweigh the deep ones (section 4.1).
_FINE_CHANNELS = 48
_PAD = 32


class DeepLabV3Plus(nn.Module):
    """Encoder at a stride of 16, pyramid, decoder at a stride of 4.

    Args:
        backbone: resnet50, resnet18 or mobilenet_v2.
        width: scales all channels; 64 is the published size.
        classes: logits C per pixel.
    """

    def __init__(self, backbone: str = "resnet50", width: int = 64, classes: int = 1) -> None:
        super().__init__()
        channels, fine = scaled(_CHANNELS, width), scaled(_FINE_CHANNELS, width)
        self.backbone = build_backbone(backbone, width, output_stride=OUTPUT_STRIDE)
        self.pyramid = Pyramid(self.backbone.channels[-1], channels, RATES, separable=True)
        self.smooth = SeparableConvNormReLU(channels, channels)
        self.fine = ConvNormReLU(self.backbone.channels[0], fine, 1)
        self.decoder = SeparableConvNormReLU(channels + fine, channels)
        self.head = nn.Conv2d(channels, classes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) normalised colours -> (N, C, H, W) logits; any H and W of at least 1."""
        height, width = x.shape[-2:]
        padded = pad_to_multiple(x, _PAD)
        levels = self.backbone(padded)  # (N, 256, H'/4, W'/4) ... (N, 2048, H'/16, W'/16)
        fine = self.fine(levels[0])  # (N, 48, H'/4, W'/4)
        deep = self.smooth(self.pyramid(levels[-1]))  # (N, 256, H'/16, W'/16)
        deep = enlarge(deep, (fine.shape[2], fine.shape[3]))
        logits = self.head(self.decoder(torch.cat([deep, fine], dim=1)))  # (N, C, H'/4, W'/4)
        size_hw = (padded.shape[2], padded.shape[3])
        return enlarge(logits, size_hw)[..., :height, :width]
