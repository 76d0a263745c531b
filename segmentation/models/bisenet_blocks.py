"""What BiSeNetV1 and STDC share: attention, the path of context, fusion, heads.

Yu et al., "BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation", 2018,
sections 3.2 and 3.3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmentation.models.blocks import ConvNorm, ConvNormReLU, scaled

#: Channels of the path of context, of the fused features, and inside an auxiliary head.
CONTEXT, FUSED, AUXILIARY = 128, 256, 64


class AttentionRefinement(nn.Module):
    """A 3 x 3 convolution whose channels the whole image turns up or down (figure 2b)."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.conv = ConvNormReLU(channels_in, channels)
        self.attention = ConvNorm(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, Ci, h, w) -> (N, C, h, w)."""
        features = self.conv(x)
        overall = features.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1)
        refined: Tensor = features * torch.sigmoid(self.attention(overall))
        return refined


class ContextPath(nn.Module):
    """Deep features with the whole image's added, brought back to a stride of 8.

    Args:
        channels_16: of the encoder at a stride of 16.
        channels_32: of the encoder at a stride of 32.
        width: scales the path's own channels.
    """

    def __init__(self, channels_16: int, channels_32: int, width: int) -> None:
        super().__init__()
        self.channels = scaled(CONTEXT, width)
        self.refine_16 = AttentionRefinement(channels_16, self.channels)
        self.refine_32 = AttentionRefinement(channels_32, self.channels)
        self.smooth_16 = ConvNormReLU(self.channels, self.channels)
        self.smooth_32 = ConvNormReLU(self.channels, self.channels)
        self.whole = ConvNormReLU(channels_32, self.channels, 1)

    def forward(self, level_16: Tensor, level_32: Tensor) -> tuple[Tensor, Tensor]:
        """Levels at strides 16 and 32 -> (N, C, H/8, W/8) and (N, C, H/16, W/16)."""
        whole = self.whole(level_32.mean(dim=(2, 3), keepdim=True))  # (N, C, 1, 1)
        deep = self.smooth_32(_twice(self.refine_32(level_32) + whole))
        fine = self.smooth_16(_twice(self.refine_16(level_16) + deep))
        return fine, deep


class FeatureFusion(nn.Module):
    """Two maps of one size become one, whose channels the whole image turns up (figure 2c).

    Args:
        channels_in: Ci, of both together.
        channels: C.
        attention: (N, C, 1, 1) -> (N, C, 1, 1), before the sigmoid.
    """

    def __init__(self, channels_in: int, channels: int, attention: nn.Module) -> None:
        super().__init__()
        self.join = ConvNormReLU(channels_in, channels, 1)
        self.attention = attention

    def forward(self, fine: Tensor, deep: Tensor) -> Tensor:
        """(N, Ca, h, w) and (N, Cb, h, w), Ca + Cb = Ci -> (N, C, h, w)."""
        joined: Tensor = self.join(torch.cat([fine, deep], dim=1))
        overall = joined.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1)
        return joined + joined * torch.sigmoid(self.attention(overall))


class ContextHead(nn.Sequential):
    """A 3 x 3 convolution with norm and ReLU, then logits by a 1 x 1 convolution."""

    def __init__(self, channels_in: int, channels: int, classes: int, *, bias: bool) -> None:
        super().__init__(
            ConvNormReLU(channels_in, channels),
            nn.Conv2d(channels, classes, kernel_size=1, bias=bias),
        )


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="nearest")
