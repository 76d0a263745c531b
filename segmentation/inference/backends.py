"""Which way of running a network is taken here: the fastest whose answers are right.

A fast backend is tried on drawn frames before it is used. Where it is missing, fails, or answers
otherwise than eager float32, eager PyTorch takes its place, and one line of the log says why.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from segmentation.inference.cuda_backend import CudaBackend
from segmentation.inference.export import (
    GRAPH_VERSION,
    MAX_DIFFERENCE,
    TRIED_SIZES_HW,
    FrameNetwork,
    drawn_frames,
    eager_answer,
    require_agreement,
    write_onnx,
)
from segmentation.inference.inference_config import InferenceConfig
from segmentation.inference.openvino_backend import OpenVinoBackend

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

#: What a version need not name: every other backend is compared with it.
REFERENCE = "eager-float32"
#: Half precision keeps three digits of each layer's numbers; a wrong graph differs by far more.
MAX_HALF_DIFFERENCE = 0.1
#: Exports kept in a cache folder; a champion and its rivals.
KEPT_EXPORTS = 8

_log = logging.getLogger(__name__)


class Backend(Protocol):
    """Runs a network; ``name`` says by what and in which precision."""

    name: str

    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB -> (N, H, W) in [0, 1]."""
        ...


class EagerBackend:
    """PyTorch on the CPU in float32, channels last.

    The frames of a batch are shared out among workers with one thread each. Threads that share one
    frame instead wait for each other after every layer, and spin while they wait: on two cores
    that have other work, twice the processor time and thrice the wall time.

    Args:
        graph: on the CPU, in evaluation mode.
        max_batch_px: pixels in one forward pass; a larger frame goes alone.
    """

    name = REFERENCE

    def __init__(self, graph: FrameNetwork, *, max_batch_px: int) -> None:
        self._graph = graph.to(memory_format=torch.channels_last)
        self._max_batch_px = max_batch_px

    def probability(self, frames: U8) -> F32:
        """(N, H, W, 3) uint8 RGB -> (N, H, W) float32 in [0, 1]."""
        out = np.empty(frames.shape[:3], np.float32)
        at_once = max(1, self._max_batch_px // (frames.shape[1] * frames.shape[2]))
        threads = torch.get_num_threads()
        if 1 < threads <= min(at_once, len(frames)):
            self._share_out(frames, out, threads)
        else:
            for part in _parts(len(frames), at_once):
                out[part] = eager_answer(self._graph, frames[part])
        return out

    def _share_out(self, frames: U8, out: F32, workers: int) -> None:
        """One frame at a time to each of the workers; fills ``out``."""

        def look(part: slice) -> None:
            out[part] = eager_answer(self._graph, frames[part])

        one_thread = (torch.set_num_threads, (1,))  # holds for the thread that calls it ...
        try:
            with ThreadPoolExecutor(workers, "segmenter", *one_thread) as pool:
                for done in [pool.submit(look, part) for part in _parts(len(frames), 1)]:
                    done.result()
        finally:
            torch.set_num_threads(workers)  # ... and for threads that are started later


def open_backend(
    graph: FrameNetwork,
    weights: str,
    device: torch.device,
    config: InferenceConfig,
    *,
    max_batch_px: int,
    cache: Path | None = None,
    any_size: bool = False,
) -> Backend:
    """The fastest backend that answers as eager float32 does.

    Args:
        graph: on the CPU, in evaluation mode; belongs to the backend from now on.
        weights: digest that names the weights.
        device: where to run.
        config: what is wanted.
        max_batch_px: pixels in one forward pass.
        cache: folder for exported graphs; None exports anew each time.
        any_size: frames come in many sizes, so that compiling for each does not pay.

    Raises:
        ImportError: OpenVINO is asked for by name and not installed.
        RuntimeError: it is asked for by name, and cannot run this network rightly.
    """
    if device.type == "cuda":
        return _on_gpu(graph, device, config, max_batch_px)
    eager = EagerBackend(graph, max_batch_px=max_batch_px)
    if config.backend == "eager":
        return eager
    if config.backend == "openvino":
        return _openvino(graph, weights, config, cache, any_size)
    try:
        return _openvino(graph, weights, config, cache, any_size)
    except (ImportError, RuntimeError, ValueError, OSError) as error:
        _log.warning("eager PyTorch instead of OpenVINO, which is faster: %s", error)
        return eager


def _openvino(
    graph: FrameNetwork, weights: str, config: InferenceConfig, cache: Path | None, any_size: bool
) -> Backend:
    if importlib.util.find_spec("openvino") is None:
        raise ImportError("openvino is not installed; pip install openvino onnx")
    with tempfile.TemporaryDirectory() as folder:
        path = exported(graph, weights, cache or Path(folder))
        backend = OpenVinoBackend(
            path,
            threads=torch.get_num_threads(),
            precision=config.precision,
            any_size=any_size,
        )
    exact = config.precision == "float32"
    _try(backend, _answers(graph), MAX_DIFFERENCE if exact else MAX_HALF_DIFFERENCE)
    return backend


def exported(graph: FrameNetwork, weights: str, cache: Path) -> Path:
    """The ONNX file of these weights in a cache folder; written where it is not there yet.

    It is for frames of any size, so no size is part of its name.

    Raises:
        ExportError: it cannot be written.
    """
    made_by = f"{weights} {GRAPH_VERSION} {torch.__version__}"
    path = cache / f"{hashlib.sha256(made_by.encode()).hexdigest()[:32]}.onnx"
    if path.is_file():
        path.touch()  # used last
        return path
    cache.mkdir(parents=True, exist_ok=True)
    write_onnx(graph, path)
    newest_first = sorted(cache.glob("*.onnx"), key=lambda one: -one.stat().st_mtime_ns)
    for old in newest_first[KEPT_EXPORTS:]:
        old.unlink(missing_ok=True)
    return path


def _on_gpu(
    graph: FrameNetwork, device: torch.device, config: InferenceConfig, max_batch_px: int
) -> Backend:
    if config.backend == "eager":
        return CudaBackend(graph, device, max_batch_px=max_batch_px, half=False)
    expected = _answers(graph)  # on the CPU, before the graph moves
    backend = CudaBackend(graph, device, max_batch_px=max_batch_px)
    try:
        _try(backend, expected, MAX_HALF_DIFFERENCE)
    except RuntimeError as error:
        _log.warning("float32 instead of half precision on the GPU: %s", error)
        return CudaBackend(graph, device, max_batch_px=max_batch_px, half=False)
    return backend


def _answers(graph: FrameNetwork) -> list[F32]:
    return [eager_answer(graph, drawn_frames(size_hw)) for size_hw in TRIED_SIZES_HW]


def _try(backend: Backend, expected: list[F32], limit: float) -> None:
    for size_hw, answer in zip(TRIED_SIZES_HW, expected, strict=True):
        found = backend.probability(drawn_frames(size_hw))
        require_agreement(answer, found, backend.name, limit)


def _parts(count: int, at_once: int) -> Iterator[slice]:
    return (slice(start, start + at_once) for start in range(0, count, at_once))
