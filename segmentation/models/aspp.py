"""Atrous spatial pyramid pooling: one place seen at several scales.

Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", 2017, section 3.3;
separable as in Chen et al., "Encoder-Decoder with Atrous Separable Convolution", 2018, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segmentation.models.blocks import ConvNormReLU, enlarge

#: Share of the fused features that training leaves out.
DROPOUT = 0.5


class SeparableConvNormReLU(nn.Sequential):
    """Depth-wise 3 x 3 convolution, 1 x 1 convolution, batch norm, ReLU; the size stays."""

    def __init__(self, channels_in: int, channels_out: int, dilation: int = 1) -> None:
        super().__init__(
            _dilated(channels_in, channels_in, dilation, groups=channels_in),
            nn.Conv2d(channels_in, channels_out, kernel_size=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


class Pyramid(nn.Module):
    """A place itself, its surroundings at three dilations, and the whole image.

    Args:
        channels_in: of the deepest level.
        channels: C of each branch, and of the result.
        rates: dilations.
        separable: 3 x 3 convolutions by depth and by point.
    """

    def __init__(
        self, channels_in: int, channels: int, rates: Sequence[int], *, separable: bool
    ) -> None:
        super().__init__()
        self.point = ConvNormReLU(channels_in, channels, 1)
        self.around = nn.ModuleList(
            SeparableConvNormReLU(channels_in, channels, rate)
            if separable
            else _dilated_block(channels_in, channels, rate)
            for rate in rates
        )
        self.whole = ConvNormReLU(channels_in, channels, 1)
        self.fuse = ConvNormReLU((len(rates) + 2) * channels, channels, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """(N, Ci, h, w) -> (N, C, h, w)."""
        whole = self.whole(x.mean(dim=(2, 3), keepdim=True))  # (N, C, 1, 1)
        whole = enlarge(whole, (x.shape[2], x.shape[3]))
        seen = [self.point(x), *(branch(x) for branch in self.around), whole]
        fused: Tensor = self.dropout(self.fuse(torch.cat(seen, dim=1)))
        return fused


def _dilated(channels_in: int, channels: int, rate: int, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(
        channels_in,
        channels,
        kernel_size=3,
        padding=rate,
        dilation=rate,
        groups=groups,
        bias=False,
    )


def _dilated_block(channels_in: int, channels: int, rate: int) -> nn.Sequential:
    return nn.Sequential(
        _dilated(channels_in, channels, rate),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )
