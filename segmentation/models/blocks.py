"""Layers that two or more architectures share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class DoubleConv(nn.Sequential):
    """Twice: 3 x 3 convolution with bias, batch norm, ReLU; height and width stay."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, kernel_size=3, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


def pad_to_multiple(x: Tensor, stride: int) -> Tensor:
    """Repeat the last row and column until height and width divide by ``stride``.

    Args:
        x: (N, C, H, W).
        stride: of the network's deepest level.

    Returns:
        (N, C, H', W') with H' and W' the next multiples; ``x`` itself where nothing is missing.
    """
    missing_y, missing_x = -x.shape[-2] % stride, -x.shape[-1] % stride
    if missing_y == 0 and missing_x == 0:
        return x
    return functional.pad(x, (0, missing_x, 0, missing_y), mode="replicate")


def human_logit(logits: Tensor, human: int = 1) -> Tensor:
    """Log odds of human against all other classes.

    Args:
        logits: (N, C, H, W); C = 1 is the human logit itself.
        human: class id of humans where C > 1.

    Returns:
        (N, H, W).
    """
    if logits.shape[1] == 1:
        return logits[:, 0]
    others = torch.cat([logits[:, :human], logits[:, human + 1 :]], dim=1)
    return logits[:, human] - torch.logsumexp(others, dim=1)
