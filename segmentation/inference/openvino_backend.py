"""The exported graph in OpenVINO: the fast way on a CPU.

A graph compiled for one frame size is up to twice as fast as one for all sizes, and costs a tenth
of a second to a second. Cameras have few sizes; collections of pictures have many. The graph is
read from ONNX: OpenVINO's own converter of PyTorch networks reports its use to Intel unless told
otherwise, and reading a file does not.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

#: Compiled graphs that are kept, each with its own copy of the weights: the sizes of a few cameras.
MAX_COMPILED = 4
#: Frame sizes after which a graph for all sizes is compiled anew: each leaves about a megabyte.
MAX_SIZES = 64
#: What OpenVINO calls the precisions.
_HINTS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoBackend:
    """An ONNX file from frames to probabilities, on the CPU.

    Several frames are shared out among workers with one thread each, because threads that share
    one frame wait for each other after every layer; a single frame gets all threads.

    Args:
        path: of the ONNX file; read once, not kept open.
        threads: of all workers together.
        precision: ``float32`` or ``bfloat16``.
        any_size: one graph for frames of all sizes; else one for each.

    Raises:
        ImportError: OpenVINO is not installed.
        RuntimeError: it cannot read the file, or has an operation that it does not know.
        ValueError: this processor has no bfloat16.
    """

    def __init__(
        self, path: Path, *, threads: int = 1, precision: str = "float32", any_size: bool = False
    ) -> None:
        import openvino

        self._core = openvino.Core()
        if precision == "bfloat16" and "BF16" not in self._core.get_property(
            "CPU", "OPTIMIZATION_CAPABILITIES"
        ):
            raise ValueError("this processor computes no bfloat16; use float32")
        self.name = f"openvino-{precision}"
        self._precision = precision
        self._threads = threads
        self._model = self._core.read_model(path)
        self._any_size = any_size
        self._sizes: set[tuple[int, ...]] = set()
        self._queues: OrderedDict[tuple[int, ...], Any] = OrderedDict()  # the last used comes last

    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB -> (N, H, W) float32 in [0, 1]."""
        out = np.empty(frames.shape[:3], np.float32)

        def keep(request: Any, number: int) -> None:  # noqa: ANN401
            out[number] = request.get_output_tensor().data[0]

        queue = self._queue(frames.shape[1:3], self._threads if len(frames) > 1 else 1)
        queue.set_callback(keep)
        for number in range(len(frames)):
            queue.start_async({0: np.ascontiguousarray(frames[number : number + 1])}, number)
        queue.wait_all()
        return out

    def _queue(self, size_hw: tuple[int, ...], workers: int) -> Any:  # noqa: ANN401
        """As many requests as workers."""
        key = (workers,) if self._any_size else (workers, *size_hw)
        if self._any_size:
            self._note_size(size_hw)
        if key not in self._queues:
            self._queues[key] = self._compile(None if self._any_size else size_hw, workers)
        self._queues.move_to_end(key)
        while len(self._queues) > MAX_COMPILED:
            self._queues.popitem(last=False)
        return self._queues[key]

    def _note_size(self, size_hw: tuple[int, ...]) -> None:
        self._sizes.add(size_hw)
        if len(self._sizes) > MAX_SIZES:
            self._queues.clear()
            self._sizes = {size_hw}

    def _compile(self, size_hw: tuple[int, ...] | None, workers: int) -> Any:  # noqa: ANN401
        import openvino

        model = self._model.clone()
        if size_hw:
            model.reshape([1, *size_hw, 3])
        compiled = self._core.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": _HINTS[self._precision],
                "INFERENCE_NUM_THREADS": self._threads,
                "NUM_STREAMS": workers,
                # pinned threads of two processes would crowd on the same cores
                "ENABLE_CPU_PINNING": False,
            },
        )
        return openvino.AsyncInferQueue(compiled, workers)
