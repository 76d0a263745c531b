"""Footage of one camera as one long clip: a network that remembers sees each frame after the last.

Networks that judge each frame alone need no stream, unless their answers are smoothed over time;
``HumanSegmenter.follow`` tells them apart.
"""

from __future__ import annotations

import copy
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from segmentation.inference.export import FrameNetwork
from segmentation.inference.postprocess import refine_each, seen_by_network
from segmentation.inference.postprocess_config import PostprocessConfig
from segmentation.inference.temporal_smoothing import TemporalSmoother
from segmentation.models.blocks import human_logit
from segmentation.models.convlstm_unet import ConvLSTMUNet, Memory

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


class FrameStream(Protocol):
    """Frames of one camera in order of time; what is asked next follows what was asked last."""

    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB, in order -> (N, H, W) in [0, 1]."""
        ...


def remembers(network: nn.Module) -> bool:
    """Whether a network's answer depends on the frames before."""
    return isinstance(network, ConvLSTMUNet)


class RememberingStream:
    """One camera's frames through a network that remembers, in float32.

    The state of the network is all that is kept: memory does not grow with the footage. A frame of
    another size starts anew, for the state is a picture too.

    Args:
        graph: of a network that ``remembers``, in evaluation mode; stays as it is.
        device: where to run.
    """

    def __init__(self, graph: FrameNetwork, device: torch.device) -> None:
        here = graph if device.type == "cpu" else copy.deepcopy(graph).to(device)
        network = here.network
        if not isinstance(network, ConvLSTMUNet):
            raise TypeError(f"{type(network).__name__} judges each frame alone")
        self._graph, self._network = here, network
        self._device = device
        self._memory: Memory | None = None
        self._size_hw: tuple[int, ...] = ()

    @torch.inference_mode()
    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB, the next frames in order -> (N, H, W) float32 in [0, 1]."""
        out = np.empty(frames.shape[:3], np.float32)
        if frames.shape[1:3] != self._size_hw:
            self._memory, self._size_hw = None, frames.shape[1:3]
        for number in range(len(frames)):
            frame = torch.from_numpy(np.ascontiguousarray(frames[number : number + 1]))
            images = self._graph.prepared(frame.to(self._device))
            logits, self._memory = self._network.advance(images, self._memory)
            out[number] = torch.sigmoid(human_logit(logits.float()))[0].cpu().numpy()
        return out


class RefinedStream:
    """The answers of a stream, smoothed over time and then refined map by map.

    Args:
        answers: of the network.
        steps: what is done to them.
    """

    def __init__(self, answers: FrameStream, steps: PostprocessConfig) -> None:
        self._answers, self._steps = answers, steps
        self._smoother = TemporalSmoother(
            steps.temporal_weight, still_only=steps.temporal_still_only
        )

    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB, the next frames in order -> (N, H, W) float32 in [0, 1]."""
        found = self._answers.probability(seen_by_network(frames, self._steps))
        if self._steps.temporal_weight:
            pairs = zip(found, frames, strict=True)
            found = np.stack([self._smoother.smooth(one, frame) for one, frame in pairs])
        return refine_each(found, frames, self._steps)
