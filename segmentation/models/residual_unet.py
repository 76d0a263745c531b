"""U-Net whose way down is a ResNet: most of the work is done at a quarter of the size and below.

At ``width=16`` the plain U-Net spends three quarters of its multiplications at full and half
resolution, where there is little to learn; per second of training this one sees more images, and
more of each image. He et al., "Deep Residual Learning", 2015, for the way down; Ronneberger et al.,
"U-Net", 2015, for the detail handed across.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmentation.models.backbones import LEVEL_STRIDES, build_backbone
from segmentation.models.blocks import ConvNormReLU, pad_to_multiple, scaled
from segmentation.models.outputs import KINDS_STRIDE, TrainingOutputs

#: Channels of the way up, from stride 16 to stride 4, at the published width.
DECODER_CHANNELS = (256, 128, 128)


class ResidualUNet(nn.Module):
    """A ResNet down to stride 32, and up to stride 4 with the detail of each level handed across.

    Args:
        backbone: resnet18 or resnet50.
        width: scales all channels; 64 is the published size.
        classes: logits C per pixel.
        kinds: logits K of a second head, for training only; 0: none.
    """

    TRAINING_ONLY: ClassVar = ("kinds_head",)

    def __init__(self, backbone: str, width: int = 64, classes: int = 1, *, kinds: int = 0) -> None:
        super().__init__()
        self.backbone = build_backbone(backbone, width)
        *skips, deep = self.backbone.channels
        self.decoder = nn.ModuleList()
        for skip, channels in zip(reversed(skips), DECODER_CHANNELS, strict=True):
            fine = scaled(channels, width)
            self.decoder.append(
                nn.Sequential(ConvNormReLU(deep + skip, fine), ConvNormReLU(fine, fine))
            )
            deep = fine
        self.head = nn.Conv2d(deep, classes, kernel_size=1)
        self.kinds_head = nn.Conv2d(deep, kinds, kernel_size=1) if kinds else None

    def forward(self, x: Tensor) -> Tensor | TrainingOutputs:
        """(N, 3, H, W) normalised colours -> (N, C, H, W) logits; any H and W of at least 1.

        In training with the kinds beside them, where there is a head for these.
        """
        height, width = x.shape[-2:]
        padded = pad_to_multiple(x, LEVEL_STRIDES[-1])
        *skips, deep = self.backbone(padded)  # strides 4, 8, 16 and 32
        for level, skip in zip(self.decoder, reversed(skips), strict=True):
            deep = level(torch.cat([skip, enlarge_in_place(deep, 2)], dim=1))  # strides 16, 8, 4
        logits = self.head(deep)  # (N, C, H'/4, W'/4)
        main = enlarge_in_place(logits, LEVEL_STRIDES[0])[..., :height, :width]
        if not self.training or self.kinds_head is None:
            return main
        rows, columns = -(-height // KINDS_STRIDE), -(-width // KINDS_STRIDE)
        kinds = self.kinds_head(deep)[..., :rows, :columns]  # (N, K, ceil(H/4), ceil(W/4))
        return TrainingOutputs(main=main, kinds=kinds)


def enlarge_in_place(x: Tensor, factor: int) -> Tensor:
    """Bilinear, with cell i of a strided encoder put back to pixel ``factor * i``.

    A 3 x 3 convolution of stride 2 with padding 1 looks at pixels 0, 2, 4 and so on. Enlargement
    that takes a cell for the middle of its pixels moves all by half a pixel at every level: 15 at
    stride 32, to the right and down, which a short training has not unlearned.

    Args:
        x: (N, C, h, w).
        factor: of height and width.

    Returns:
        (N, C, factor * h, factor * w); beyond the last cell its value is repeated.
    """
    height, width = factor * x.shape[-2], factor * x.shape[-1]
    padded = functional.pad(x, (0, 1, 0, 1), mode="replicate")
    enlarged = functional.interpolate(
        padded, size=(height + 1, width + 1), mode="bilinear", align_corners=True
    )
    return enlarged[..., :height, :width]
