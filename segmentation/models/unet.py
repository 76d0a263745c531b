"""U-Net with biased convolutions, batch norm and transposed convolutions.

At ``width=64`` and one class it has the published 31,055,297 parameters: 31,043,521 trained ones
and 11,776 running statistics of its batch norms. Ronneberger, Fischer and Brox, "U-Net", 2015,
section 2, with padding where the paper crops.
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
        deep, skips = self.descend(pad_to_multiple(x, STRIDE))
        return self.ascend(deep, skips)[..., :height, :width]  # (N, C, H, W)

    def descend(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The way down.

        Args:
            x: (N, 3, H', W'), both divisible by 16.

        Returns:
            (N, 16 W, H'/16, W'/16) at the bottom, and the detail of each level, finest first.
        """
        skips = []
        for level in self.encoder:
            x = level(x)  # (N, W * 2^i, H'/2^i, W'/2^i)
            skips.append(x)
            x = functional.max_pool2d(x, kernel_size=2)
        return self.bottleneck(x), skips

    def ascend(self, deep: Tensor, skips: list[Tensor]) -> Tensor:
        """The way up, from what ``descend`` gave: (N, C, H', W') logits."""
        for enlarge, level, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            deep = level(torch.cat([skip, enlarge(deep)], dim=1))  # back up to (N, W, H', W')
        logits: Tensor = self.head(deep)
        return logits
