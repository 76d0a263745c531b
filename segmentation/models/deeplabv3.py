"""DeepLabV3: dilated encoder, pyramid of dilations, bilinear enlargement.

Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", 2017, section 3, at
output stride 8. With ResNet-50 and 21 classes it has torchvision's 39,638,869 parameters.
"""

from __future__ import annotations

from torch import Tensor, nn

from segmentation.models.aspp import Pyramid
from segmentation.models.backbones import build_backbone
from segmentation.models.blocks import ConvNormReLU, enlarge, pad_to_multiple, scaled

OUTPUT_STRIDE = 8
#: Twice those for stride 16 (section 3.3).
RATES = (12, 24, 36)
#: Channels of the pyramid at the published width.
_CHANNELS = 256
_PAD = 32


class DeepLabV3(nn.Module):
    """Encoder at a stride of 8, pyramid, classifier.

    Args:
        backbone: resnet50, resnet18 or mobilenet_v2.
        width: scales all channels; 64 is the published size.
        classes: logits C per pixel.
    """

    def __init__(self, backbone: str = "resnet50", width: int = 64, classes: int = 1) -> None:
        super().__init__()
        channels = scaled(_CHANNELS, width)
        self.backbone = build_backbone(backbone, width, output_stride=OUTPUT_STRIDE)
        self.pyramid = Pyramid(self.backbone.channels[-1], channels, RATES, separable=False)
        self.smooth = ConvNormReLU(channels, channels)
        self.head = nn.Conv2d(channels, classes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) normalised colours -> (N, C, H, W) logits; any H and W of at least 1."""
        height, width = x.shape[-2:]
        padded = pad_to_multiple(x, _PAD)
        deep = self.backbone(padded)[-1]  # (N, 2048, H'/8, W'/8)
        logits = self.head(self.smooth(self.pyramid(deep)))  # (N, C, H'/8, W'/8)
        size_hw = (padded.shape[2], padded.shape[3])
        return enlarge(logits, size_hw)[..., :height, :width]
