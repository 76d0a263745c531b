"""SegFormer: a hierarchical transformer encoder and a decoder of linear layers.

Xie et al., "SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers",
2021, section 3 and table 6 (sizes B0 to B5). B0 has 3,752,694 parameters with 150 classes and B5
84,708,694, as the authors' code has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import StochasticDepth

from segmentation.models.blocks import ConvNormReLU, enlarge, pad_to_multiple, scaled

STRIDE = 32
_HEADS = (1, 2, 5, 8)
#: Keys and values are taken from maps that are so many times smaller on each side.
_REDUCTIONS = (8, 4, 2, 1)
_MLP_RATIO = 4
_NORM_EPS = 1e-6
_WEIGHT_STD = 0.02
#: Chance that training skips the last block; it grows linearly from 0 at the first.
_MAX_SKIP = 0.1
_DROPOUT = 0.1


@dataclass(frozen=True)
class Size:
    """One of the published sizes.

    Args:
        head_channels: of each attention head; a stage has so many times ``_HEADS``.
        depths: blocks of the four stages.
        decoder_channels: that all stages are brought to.
    """

    head_channels: int
    depths: tuple[int, int, int, int]
    decoder_channels: int


SIZES: Mapping[str, Size] = {
    "b0": Size(32, (2, 2, 2, 2), 256),
    "b1": Size(64, (2, 2, 2, 2), 256),
    "b2": Size(64, (3, 4, 6, 3), 768),
    "b3": Size(64, (3, 4, 18, 3), 768),
    "b4": Size(64, (3, 8, 27, 3), 768),
    "b5": Size(64, (3, 6, 40, 3), 768),
}


class SegFormer(nn.Module):
    """Mix transformer, then linear layers over all its stages.

    Args:
        size: ``b0`` to ``b5``.
        width: scales all channels; 64 is the published size.
        classes: logits C per pixel.
    """

    def __init__(self, size: str = "b0", width: int = 64, classes: int = 1) -> None:
        super().__init__()
        shape = SIZES[size]
        channels = scaled(shape.decoder_channels, width)
        self.backbone = MixTransformer(shape, width)
        self.project = nn.ModuleList(
            nn.Conv2d(count, channels, kernel_size=1) for count in self.backbone.channels
        )
        self.fuse = ConvNormReLU(len(self.project) * channels, channels, 1)
        self.dropout = nn.Dropout(_DROPOUT)
        self.head = nn.Conv2d(channels, classes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) normalised colours -> (N, C, H, W) logits; any H and W of at least 1."""
        height, width = x.shape[-2:]
        padded = pad_to_multiple(x, STRIDE)
        levels = self.backbone(padded)  # strides 4, 8, 16, 32
        quarter = (levels[0].shape[2], levels[0].shape[3])
        projected = [layer(level) for layer, level in zip(self.project, levels, strict=True)]
        deep_first = [enlarge(level, quarter) for level in reversed(projected)]
        fused = self.fuse(torch.cat(deep_first, dim=1))  # (N, 256, H'/4, W'/4)
        logits = self.head(self.dropout(fused))  # (N, C, H'/4, W'/4)
        return enlarge(logits, (padded.shape[2], padded.shape[3]))[..., :height, :width]


class MixTransformer(nn.Module):
    """Four stages of overlapping patches and efficient attention (section 3.1)."""

    def __init__(self, size: Size, width: int = 64) -> None:
        super().__init__()
        head_channels = scaled(size.head_channels, width)
        self.channels = tuple(heads * head_channels for heads in _HEADS)
        skips = torch.linspace(0, _MAX_SKIP, sum(size.depths), device="cpu").tolist()
        self.stages = nn.ModuleList()
        before, done = 3, 0
        for number, depth in enumerate(size.depths):
            self.stages.append(Stage(number, before, self.channels[number], skips[done:][:depth]))
            before, done = self.channels[number], done + depth
        self.apply(_init)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W), both divisible by 32 -> maps at strides 4, 8, 16 and 32."""
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return levels


class Stage(nn.Module):
    """Overlapping patches, blocks, norm; (N, Ci, h, w) -> (N, C, h/s, w/s), s = 4 at first, then 2.

    Args:
        number: 0 to 3.
        channels_in: Ci.
        channels: C.
        skips: chance of each block to be skipped in training.
    """

    def __init__(self, number: int, channels_in: int, channels: int, skips: list[float]) -> None:
        super().__init__()
        kernel, stride = (7, 4) if number == 0 else (3, 2)
        self.embed = nn.Conv2d(channels_in, channels, kernel, stride=stride, padding=kernel // 2)
        self.embed_norm = nn.LayerNorm(channels)
        self.blocks = nn.ModuleList(
            Block(channels, _HEADS[number], _REDUCTIONS[number], skip) for skip in skips
        )
        self.norm = nn.LayerNorm(channels, eps=_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """One stage."""
        x = self.embed(x)  # (N, C, h', w')
        size_hw = (x.shape[2], x.shape[3])
        tokens = self.embed_norm(_to_tokens(x))  # (N, h' w', C)
        for block in self.blocks:
            tokens = block(tokens, size_hw)
        return _to_map(self.norm(tokens), size_hw)


class Block(nn.Module):
    """Attention and a mixing feed-forward layer, each added to what came in."""

    def __init__(self, channels: int, heads: int, reduction: int, skip: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels, eps=_NORM_EPS)
        self.attention = EfficientAttention(channels, heads, reduction)
        self.feed_norm = nn.LayerNorm(channels, eps=_NORM_EPS)
        self.feed = MixFeedForward(channels)
        self.skip = StochasticDepth(skip, mode="row")

    def forward(self, tokens: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(N, h w, C) -> the same shape."""
        tokens = tokens + self.skip(self.attention(self.attention_norm(tokens), size_hw))
        mixed: Tensor = tokens + self.skip(self.feed(self.feed_norm(tokens), size_hw))
        return mixed


class EfficientAttention(nn.Module):
    """Attention whose keys and values come from a smaller map (equations 1 and 2)."""

    def __init__(self, channels: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.out = nn.Linear(channels, channels)
        self.reduce = self.reduce_norm = None
        if reduction > 1:
            self.reduce = nn.Conv2d(channels, channels, kernel_size=reduction, stride=reduction)
            self.reduce_norm = nn.LayerNorm(channels)

    def forward(self, tokens: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(N, h w, C) -> the same shape."""
        seen = tokens
        if self.reduce is not None and self.reduce_norm is not None:
            seen = self.reduce_norm(_to_tokens(self.reduce(_to_map(tokens, size_hw))))
        key, value = self.key_value(seen).chunk(2, dim=-1)
        attended = functional.scaled_dot_product_attention(
            self._by_head(self.query(tokens)), self._by_head(key), self._by_head(value)
        )  # (N, heads, h w, C / heads)
        joined: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return joined

    def _by_head(self, tokens: Tensor) -> Tensor:
        return tokens.reshape(*tokens.shape[:2], self.heads, -1).transpose(1, 2)


class MixFeedForward(nn.Module):
    """Linear, depth-wise 3 x 3 convolution in place of positions, GELU, linear (equation 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = _MLP_RATIO * channels
        self.widen = nn.Linear(channels, wide)
        self.mix = nn.Conv2d(wide, wide, kernel_size=3, padding=1, groups=wide)
        self.narrow = nn.Linear(wide, channels)

    def forward(self, tokens: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(N, h w, C) -> the same shape."""
        mixed = _to_tokens(self.mix(_to_map(self.widen(tokens), size_hw)))
        narrowed: Tensor = self.narrow(functional.gelu(mixed))
        return narrowed


def _to_tokens(x: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, h w, C)."""
    return x.flatten(2).transpose(1, 2)


def _to_map(tokens: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """(N, h w, C) -> (N, C, h, w)."""
    return tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], *size_hw)


def _init(layer: nn.Module) -> None:
    """Small linear weights; convolutions that keep the deviation of gradients."""
    if isinstance(layer, nn.Linear):
        nn.init.trunc_normal_(layer.weight, std=_WEIGHT_STD)
        nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.Conv2d):
        fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels // layer.groups
        nn.init.normal_(layer.weight, std=(2.0 / fan_out) ** 0.5)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
