"""The exported graph in OpenVINO: the fast way on a CPU.

One graph, compiled once, takes frames of any size; what it needs for a new size it prepares when
it meets it. The graph is read from ONNX: OpenVINO's own converter of PyTorch networks reports its
use to Intel unless told otherwise, and reading a file does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

#: Frame sizes after which it is compiled anew: what is kept per size is about a megabyte.
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

    Raises:
        ImportError: OpenVINO is not installed.
        RuntimeError: it cannot read the file, or has an operation that it does not know.
        ValueError: this processor has no bfloat16.
    """

    def __init__(self, path: Path, *, threads: int = 1, precision: str = "float32") -> None:
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
        self._queues: dict[int, Any] = {}
        self._sizes: set[tuple[int, ...]] = set()

    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB -> (N, H, W) float32 in [0, 1]."""
        out = np.empty(frames.shape[:3], np.float32)

        def keep(request: Any, number: int) -> None:  # noqa: ANN401
            out[number] = request.get_output_tensor().data[0]

        self._note_size(frames.shape[1:3])
        queue = self._queue(self._threads if len(frames) > 1 else 1)
        queue.set_callback(keep)
        for number in range(len(frames)):
            frame = np.ascontiguousarray(frames[number : number + 1])
            queue.start_async({0: frame}, number)
        queue.wait_all()
        return out

    def _note_size(self, size_hw: tuple[int, ...]) -> None:
        self._sizes.add(size_hw)
        if len(self._sizes) > MAX_SIZES:
            self._queues.clear()
            self._sizes = {size_hw}

    def _queue(self, workers: int) -> Any:  # noqa: ANN401
        """As many requests as workers; compiled when first needed."""
        import openvino

        if workers not in self._queues:
            compiled = self._core.compile_model(
                self._model,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": _HINTS[self._precision],
                    "INFERENCE_NUM_THREADS": self._threads,
                    "NUM_STREAMS": workers,
                    # pinned threads of two processes would crowd on the same cores
                    "ENABLE_CPU_PINNING": False,
                },
            )
            self._queues[workers] = openvino.AsyncInferQueue(compiled, workers)
        return self._queues[workers]
