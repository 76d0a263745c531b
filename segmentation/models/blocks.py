"""Layers that two or more architectures share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: ``width`` at which a network has the channels that its paper gives it.
PUBLISHED_WIDTH = 64


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


class ConvNorm(nn.Sequential):
    """Convolution without bias, batch norm; height and width are divided by the stride.

    Args:
        channels_in: of the input.
        channels_out: of the output.
        kernel: odd; padded by half of it.
        stride: of the convolution.
        groups: 1, or ``channels_in`` for a depth-wise convolution.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            nn.Conv2d(
                channels_in,
                channels_out,
                kernel,
                stride=stride,
                padding=kernel // 2,
                groups=groups,
                bias=False,
            ),
            nn.BatchNorm2d(channels_out),
        )


class ConvNormReLU(ConvNorm):
    """``ConvNorm``, then ReLU."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(channels_in, channels_out, kernel, stride=stride, groups=groups)
        self.append(nn.ReLU(inplace=True))


def scaled(channels: int, width: int, multiple: int = 1) -> int:
    """Channels of a paper at another width: in proportion, at least one ``multiple``.

    Args:
        channels: at ``PUBLISHED_WIDTH``.
        width: the wanted one.
        multiple: what the result must divide by.
    """
    return multiple * max(1, round(channels * width / PUBLISHED_WIDTH / multiple))


def enlarge(x: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Bilinear, with the pixels' corners aligned as in any image library.

    Some of the papers' code aligns the centres of the corner pixels instead; then what is added at
    the border of an odd image would move every logit.

    Args:
        x: (N, C, h, w).
        size_hw: H and W.

    Returns:
        (N, C, H, W).
    """
    return functional.interpolate(x, size=size_hw, mode="bilinear", align_corners=False)


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
    # torch.logsumexp in steps: OpenVINO 2026.4 answers otherwise than ONNX's ReduceLogSumExp
    peak = others.detach().amax(dim=1)
    return logits[:, human] - peak - (others - peak[:, None]).exp().sum(dim=1).log()


def init_kaiming(network: nn.Module, *, a: float = 1.0) -> None:
    """Normal weights that keep the deviation of what flows forward; biases zero.

    Args:
        network: its convolutions are changed.
        a: slope below zero that is assumed; 1 is what BiSeNet and STDC start from.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=a)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
