"""U-Net that remembers: a convolutional LSTM between the way down and the way up.

The cell is that of Shi et al., "Convolutional LSTM Network", 2015, section 3.1, without peepholes.
At the full width of the bottleneck it would have 75,501,568 parameters, 2.4 times the U-Net; so
the features are squeezed to a quarter, remembered there (4,719,616), and added to what the U-Net
sees in the frame itself. 36,288,705 parameters at ``width=64`` and one class.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from segmentation.models.blocks import pad_to_multiple
from segmentation.models.unet import STRIDE, UNet

#: A single image is looked at as a scene that stands still for so many frames. Then the recurrent
#: weights learn from data sets of single images too, and the state is settled when it is read.
STILL_FRAMES = 3
#: The bottleneck of a U-Net has so many times its width.
_BOTTLENECK = 16
#: What is remembered: a quarter of the bottleneck.
_MEMORY = 4


@dataclass(frozen=True)
class Memory:
    """State of a cell: what it shows and what it keeps, both (N, C, h, w)."""

    shown: Tensor
    kept: Tensor


class ConvLSTMCell(nn.Module):
    """One step of a convolutional LSTM: 4 (k^2 (Ci + Ch) Ch + Ch) parameters.

    Args:
        channels_in: Ci of the input.
        channels: Ch of the state.
        kernel: k, odd.
    """

    def __init__(self, channels_in: int, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.channels = channels
        self.gates = nn.Conv2d(channels_in + channels, 4 * channels, kernel, padding=kernel // 2)
        with torch.no_grad():  # remember at first, learn to forget
            nn.init.zeros_(self.gates.bias)  # type: ignore[arg-type]
            nn.init.ones_(self.gates.bias[channels : 2 * channels])  # type: ignore[index]

    def forward(self, x: Tensor, memory: Memory | None = None) -> Memory:
        """(N, Ci, h, w) and the state before -> the state after; None is a state of zeros."""
        before = memory or self.blank(x)
        gates = self.gates(torch.cat([x, before.shown], dim=1))  # (N, 4 Ch, h, w)
        enter, stay, show, new = gates.chunk(4, dim=1)
        kept = torch.sigmoid(stay) * before.kept + torch.sigmoid(enter) * torch.tanh(new)
        return Memory(shown=torch.sigmoid(show) * torch.tanh(kept), kept=kept)

    def blank(self, x: Tensor) -> Memory:
        """The state before anything was seen."""
        zeros = x.new_zeros(x.shape[0], self.channels, *x.shape[-2:])
        return Memory(shown=zeros, kept=zeros)


class ConvLSTMUNet(nn.Module):
    """A U-Net whose bottleneck sees the frames before.

    Args:
        width: of the U-Net.
        classes: logits C per pixel.
        last_only: many-to-one: a clip's answer is that of its last frame. Otherwise many-to-many,
            synced: every frame has its own, which no later frame touches.
    """

    def __init__(self, width: int = 64, classes: int = 1, *, last_only: bool = False) -> None:
        super().__init__()
        self.last_only = last_only
        self.unet = UNet(width=width, classes=classes)
        self.squeeze = nn.Conv2d(_BOTTLENECK * width, _MEMORY * width, kernel_size=1)
        self.cell = ConvLSTMCell(_MEMORY * width, _MEMORY * width)
        self.expand = nn.Conv2d(_MEMORY * width, _BOTTLENECK * width, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a clip or of single images.

        Args:
            x: (N, T, 3, H, W) normalised colours of T frames in order of time, or (N, 3, H, W)
                single images: each is a scene that stands still for ``STILL_FRAMES`` frames.

        Returns:
            (N, T, C, H, W) of a clip, (N, C, H, W) of its last frame only, or of single images.
        """
        if x.ndim == 4:
            return self._of_stills(x)
        height, width = x.shape[-2:]
        clips = x.shape[0]
        deep, skips = self.unet.descend(pad_to_multiple(x.flatten(0, 1), STRIDE))
        deep = self._with_memory(_split(deep, clips))  # (N, T, 16 W, h, w)
        if self.last_only:
            last = [_split(skip, clips)[:, -1] for skip in skips]
            return self.unet.ascend(deep[:, -1], last)[..., :height, :width]
        logits = self.unet.ascend(deep.flatten(0, 1), skips)[..., :height, :width]
        return _split(logits, clips)

    def advance(self, images: Tensor, memory: Memory | None = None) -> tuple[Tensor, Memory]:
        """One frame of footage without end.

        Args:
            images: (N, 3, H, W), the next frame of N cameras.
            memory: what the frame before gave; None at the first.

        Returns:
            (N, C, H, W) logits, and the state for the next frame.
        """
        height, width = images.shape[-2:]
        deep, skips = self.unet.descend(pad_to_multiple(images, STRIDE))
        memory = self.cell(self.squeeze(deep), memory)
        logits = self.unet.ascend(deep + self.expand(memory.shown), skips)
        return logits[..., :height, :width], memory

    def _of_stills(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        deep, skips = self.unet.descend(pad_to_multiple(images, STRIDE))  # seen once
        clip = deep[:, None].expand(-1, STILL_FRAMES, -1, -1, -1)
        settled = self._with_memory(clip)[:, -1]
        return self.unet.ascend(settled, skips)[..., :height, :width]

    def _with_memory(self, deep: Tensor) -> Tensor:
        """(N, T, 16 W, h, w) features of frames -> the same with what was seen before added."""
        memory: Memory | None = None
        remembered = []
        for frame in deep.unbind(1):
            memory = self.cell(self.squeeze(frame), memory)
            remembered.append(frame + self.expand(memory.shown))
        return torch.stack(remembered, dim=1)


def _split(x: Tensor, clips: int) -> Tensor:
    """(N T, ...) -> (N, T, ...)."""
    return x.reshape(clips, -1, *x.shape[1:])
