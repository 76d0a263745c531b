"""U-Net with biased convolutions, batch norm and transposed convolutions.

At ``width=64`` and one class it has the published 31,055,297 parameters: 31,043,521 trained ones
and 11,776 running statistics of its batch norms.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmentation.models.blocks import DoubleConv, pad_to_multiple

#: Levels below full resolution.
DEPTH = 4
STRIDE = 2**DEPTH


class UNet(nn.Module):
    """Four levels down, four up, with the detail of each level handed across.

    Args:
        width: channels W at full resolution; doubled at every level down.
        classes: logits C per pixel.
    """

    def __init__(self, width: int = 64, classes: int = 1) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(DEPTH + 1)]
        down = list(zip([3, *channels[: DEPTH - 1]], channels[:DEPTH], strict=True))
        up = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.encoder = nn.ModuleList(DoubleConv(fine, coarse) for fine, coarse in down)
        self.bottleneck = DoubleConv(channels[-2], channels[-1])
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(coarse, fine, kernel_size=2, stride=2) for coarse, fine in up
        )
        self.decoder = nn.ModuleList(DoubleConv(2 * fine, fine) for _, fine in up)
        self.head = nn.Conv2d(width, classes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) normalised colours -> (N, C, H, W) logits; any H and W of at least 1."""
        height, width = x.shape[-2:]
        y = pad_to_multiple(x, STRIDE)  # (N, 3, H', W'), both divisible by 16
        skips = []
        for level in self.encoder:
            y = level(y)  # (N, W * 2^i, H'/2^i, W'/2^i)
            skips.append(y)
            y = functional.max_pool2d(y, kernel_size=2)
        y = self.bottleneck(y)  # (N, 16 W, H'/16, W'/16)
        for enlarge, level in zip(self.up, self.decoder, strict=True):
            y = level(torch.cat([skips.pop(), enlarge(y)], dim=1))  # back up to (N, W, H', W')
        logits: Tensor = self.head(y)
        return logits[..., :height, :width]  # (N, C, H, W)
