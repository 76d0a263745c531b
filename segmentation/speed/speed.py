"""How fast a network runs here, all ways measured by one protocol.

Frames of one size lie on the device as bytes; timed is all from there to the probability of every
pixel, on the device, waited for. Every round runs every way once, so that a machine that is busy
for a while is busy for all; the first rounds are not counted. Decoding a picture and copying it to
the device and back are measured apart. Times are about this machine at this hour: they are the one
product that two runs do not give alike.
"""

from __future__ import annotations

import copy
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from segmentation.config import ModelConfig
from segmentation.inference.export import FrameNetwork, drawn_frames, frame_network, write_onnx
from segmentation.inference.openvino_backend import OpenVinoBackend
from segmentation.inference.predict import find_device
from segmentation.model_folder import load_network, read_description
from segmentation.models.outputs import inference_network
from segmentation.models.registry import build_model, size_of
from segmentation.speed.flops import forward_cost
from segmentation.speed.memory_peak import MemoryPeak
from segmentation.speed.speed_config import SpeedConfig
from segmentation.speed.speed_table import MachineFacts, SpeedRow, write_speed

#: However slow a network is.
_FEWEST_ROUNDS = 5
#: Runs the network once on the frames that it was made for, and waits for the answer.
Run = Callable[[], object]
#: Frames -> a run on them.
Way = Callable[[npt.NDArray[np.uint8]], Run]


@dataclass(frozen=True, kw_only=True)
class SpeedSummary:
    """The fastest way.

    Args:
        rows: of the table.
        ratio: images per second of the fastest way, by those of eager float32.
        latency_ms: the least median at the smallest batch.
    """

    rows: int
    fastest: str
    images_per_s: float
    ratio: float
    latency_ms: float
    decode_ms: float
    copy_ms: float
    left_out: Mapping[str, str]


class PlainNetwork(FrameNetwork):
    """As one would call it without a thought for memory format."""

    def forward(self, frames: Tensor) -> Tensor:
        """As ``FrameNetwork``."""
        rows_first = frames.permute(0, 3, 1, 2).contiguous()  # (N, 3, H, W)
        return super().forward(rows_first.permute(0, 2, 3, 1))


def measure_speed(
    model_dir: Path, out: Path, *, device: str, config: SpeedConfig | None = None
) -> SpeedSummary:
    """Measure a trained model.

    Args:
        model_dir: folder of a trained model.
        out: existing folder; receives speed.parquet and speed.json.
        device: cpu, cuda or auto.
        config: the protocol.

    Raises:
        FileNotFoundError: no model there.
    """
    config = config or SpeedConfig()
    where = find_device(device)
    with tempfile.TemporaryDirectory() as folder:
        ways, left_out = _ways(model_dir, where, Path(folder), config)
        memory, timed = _measure(ways, left_out, where, config)
    rows = _rows(read_description(model_dir).model, where, config, memory, timed)
    facts = _facts(where, config, left_out)
    write_speed(rows, facts, out)
    return _summary(rows, facts)


def _rows(
    model: ModelConfig,
    device: torch.device,
    config: SpeedConfig,
    memory: Mapping[tuple[str, int], float | None],
    timed: Mapping[tuple[str, int], list[float]],
) -> list[SpeedRow]:
    size = size_of(model)
    with torch.device("meta"):
        network = inference_network(build_model(model))
        one_image = torch.empty(1, 3, config.height, config.width)
    cost = forward_cost(network, one_image)
    return [
        SpeedRow(
            architecture=model.architecture,
            device=device.type,
            backend=name.rpartition(" ")[0],
            precision=name.rpartition(" ")[2],
            height=config.height,
            width=config.width,
            batch=batch,
            latency_p50_ms=1e3 * float(np.quantile(seconds, 0.5)),
            latency_p95_ms=1e3 * float(np.quantile(seconds, 0.95)),
            images_per_s=batch / float(np.quantile(seconds, 0.5)),
            peak_memory_mb=memory[name, batch],
            parameters_train=size.parameters_train,
            parameters_inference=size.parameters_inference,
            flops=cost.total,
        )
        for (name, batch), seconds in timed.items()
    ]


def _ways(
    model_dir: Path, device: torch.device, folder: Path, config: SpeedConfig
) -> tuple[dict[str, Callable[[], Way]], dict[str, str]]:
    """Name, ending in the precision -> what makes it ready; and ways that there are not -> why."""
    plain = PlainNetwork(load_network(model_dir), read_description(model_dir).normalisation).eval()
    folded = frame_network(model_dir)

    def torch_way(graph: FrameNetwork, dtype: torch.dtype, compiled: bool = False) -> Way:
        ready = copy.deepcopy(graph).to(device, dtype)
        if not isinstance(graph, PlainNetwork):
            ready = ready.to(memory_format=torch.channels_last)
        return _torch_way(torch.compile(ready) if compiled else ready, device)

    ways: dict[str, Callable[[], Way]] = {
        "eager float32": lambda: torch_way(plain, torch.float32),
        "channels-last float32": lambda: torch_way(folded, torch.float32),
    }
    fast = torch.float16 if device.type == "cuda" else torch.float32
    name = str(fast).removeprefix("torch.")
    if device.type == "cuda":
        ways["channels-last float16"] = lambda: torch_way(folded, torch.float16)
        ways["channels-last bfloat16"] = lambda: torch_way(folded, torch.bfloat16)
    if config.compiled:
        ways[f"compiled {name}"] = lambda: torch_way(folded, fast, compiled=True)
    if device.type == "cpu":
        for precision in ("float32", "bfloat16"):
            ways[f"openvino {precision}"] = _openvino_way(folded, folder, precision)
    left_out = {} if config.compiled else {"compiled": "not asked for"}
    return ways, left_out


def _torch_way(ready: Callable[[Tensor], Tensor], device: torch.device) -> Way:
    def way(frames: npt.NDArray[np.uint8]) -> Run:
        there = torch.from_numpy(frames).to(device)

        @torch.inference_mode()
        def run() -> None:
            ready(there)
            if device.type == "cuda":
                torch.cuda.synchronize(device)

        return run

    return way


def _openvino_way(graph: FrameNetwork, folder: Path, precision: str) -> Callable[[], Way]:
    def ready() -> Way:
        path = folder / "graph.onnx"
        if not path.is_file():
            write_onnx(graph, path)
        backend = OpenVinoBackend(path, threads=torch.get_num_threads(), precision=precision)
        return lambda frames: lambda: backend.probability(frames)

    return ready


def _measure(
    makers: Mapping[str, Callable[[], Way]],
    left_out: dict[str, str],
    device: torch.device,
    config: SpeedConfig,
) -> tuple[dict[tuple[str, int], float | None], dict[tuple[str, int], list[float]]]:
    """Peak memory in MB and seconds of each run, by way and batch; adds to ``left_out``."""
    memory: dict[tuple[str, int], float | None] = {}
    runs: dict[int, dict[str, Run]] = {batch: {} for batch in config.batches}
    for name, make in makers.items():
        peak = MemoryPeak(device)
        try:
            way = make()
            for batch in config.batches:
                frames = drawn_frames((config.height, config.width), batch)
                run = way(np.ascontiguousarray(frames))
                peak.restart()
                run()
                memory[name, batch] = peak.added_mb()
                runs[batch][name] = run
        except (ImportError, RuntimeError, ValueError) as error:
            left_out[name] = str(error).partition("\n")[0]
            for there in runs.values():
                there.pop(name, None)
    timed: dict[tuple[str, int], list[float]] = {}
    for batch, there in runs.items():
        for name, seconds in timed_in_turn(there, config).items():
            timed[name, batch] = seconds
    return memory, timed


def timed_in_turn(runs: Mapping[str, Run], config: SpeedConfig) -> dict[str, list[float]]:
    """Seconds of each run; every round runs all of them once."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    start = time.perf_counter()
    for number in range(config.warm_up + config.rounds):
        counted = number - config.warm_up
        if counted >= _FEWEST_ROUNDS and time.perf_counter() - start > config.max_seconds:
            break
        for name, run in runs.items():
            before = time.perf_counter()
            run()
            if counted >= 0:
                seconds[name].append(time.perf_counter() - before)
    return seconds


def _facts(device: torch.device, config: SpeedConfig, left_out: Mapping[str, str]) -> MachineFacts:
    frame = drawn_frames((config.height, config.width), 1)
    jpeg = cv2.imencode(".jpg", frame[0])[1]
    apart: dict[str, Run] = {"decode": lambda: cv2.imdecode(jpeg, cv2.IMREAD_COLOR)}
    if device.type == "cuda":
        answer = torch.zeros(1, config.height, config.width, device=device)
        apart["copy"] = lambda: (torch.from_numpy(frame).to(device), answer.cpu())
    seconds = timed_in_turn(apart, config)
    on_gpu = device.type == "cuda"
    return MachineFacts(
        machine=torch.cuda.get_device_name(device) if on_gpu else platform.processor() or "cpu",
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        decode_ms=1e3 * float(np.median(seconds["decode"])),
        copy_ms=1e3 * float(np.median(seconds["copy"])) if on_gpu else 0.0,
        left_out=dict(left_out),
    )


def _summary(rows: list[SpeedRow], facts: MachineFacts) -> SpeedSummary:
    best = max(rows, key=lambda row: row.images_per_s)
    plain = [row for row in rows if (row.backend, row.precision) == ("eager", "float32")]
    first = min(row.batch for row in rows)
    return SpeedSummary(
        rows=len(rows),
        fastest=f"{best.backend} {best.precision}, batch {best.batch}",
        images_per_s=best.images_per_s,
        ratio=best.images_per_s / max(row.images_per_s for row in plain),
        latency_ms=min(row.latency_p50_ms for row in rows if row.batch == first),
        decode_ms=facts.decode_ms,
        copy_ms=facts.copy_ms,
        left_out=facts.left_out,
    )
