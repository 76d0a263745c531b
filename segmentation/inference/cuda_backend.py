"""The network on a GPU: half precision, channels last, copies that overlap with computing.

While one part of the frames is computed, the next is on its way in and the last on its way out.
Frames travel as bytes, a quarter of float32, through memory that the GPU reads by itself.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from segmentation.inference.export import FrameNetwork

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


class CudaBackend:
    """A network on one GPU.

    Args:
        graph: on the CPU, in evaluation mode; is copied.
        device: a CUDA device.
        max_batch_px: pixels in one forward pass; a larger frame goes alone.
        half: float16; else float32.
    """

    def __init__(
        self, graph: FrameNetwork, device: torch.device, *, max_batch_px: int, half: bool = True
    ) -> None:
        self.name = "cuda-float16" if half else "cuda-float32"
        self._device = device
        self._max_batch_px = max_batch_px
        dtype = torch.float16 if half else torch.float32
        self._graph = copy.deepcopy(graph).to(device, dtype).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB -> (N, H, W) float32 in [0, 1]."""
        out = torch.empty(frames.shape[:3], dtype=torch.float32, pin_memory=True)
        into, back = (
            torch.cuda.Stream(self._device),  # type: ignore[no-untyped-call]
            torch.cuda.Stream(self._device),  # type: ignore[no-untyped-call]
        )
        computing = torch.cuda.current_stream(self._device)
        for part in self._parts(frames.shape):
            there = self._send(frames[part], into)
            computing.wait_stream(into)
            there.record_stream(computing)
            answer = self._graph(there)  # (n, H, W) float32
            back.wait_stream(computing)
            answer.record_stream(back)
            with torch.cuda.stream(back):
                out[part].copy_(answer, non_blocking=True)
        back.synchronize()
        return np.asarray(out.numpy(), np.float32)

    def _send(self, frames: U8, into: torch.cuda.Stream) -> Tensor:
        """Pinned memory comes from torch's pool, which waits until its last copy is done."""
        host = torch.from_numpy(np.ascontiguousarray(frames)).pin_memory()
        with torch.cuda.stream(into):
            return host.to(self._device, non_blocking=True)

    def _parts(self, shape: tuple[int, ...]) -> Iterator[slice]:
        at_once = max(1, self._max_batch_px // (shape[1] * shape[2]))
        return (slice(start, start + at_once) for start in range(0, shape[0], at_once))
