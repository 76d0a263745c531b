"""A trained network as one graph from frames to probabilities, and as files for other programs.

The graph holds everything between a picture and an answer (scaling, normalisation, the network,
the sigmoid), so that whoever runs it elsewhere cannot prepare its input wrongly.

It is written by torch's tracing exporter, which needs ``onnx`` and nothing else. The newer one
needs two packages more, and refuses networks that look at the size of their input.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dataset_build.digests import sha256_of
from segmentation.inference.fold import fold_batch_norms
from segmentation.inference.openvino_backend import OpenVinoBackend
from segmentation.model_folder import (
    WEIGHTS_FILE,
    Normalisation,
    load_network,
    read_description,
    weights_digest,
)
from segmentation.models.blocks import human_logit
from segmentation.tensor_file import read_tensors

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

FORMATS = ("onnx", "safetensors")
ONNX_FILE = "model.onnx"
#: What was found when a model's ONNX file was tried.
EXPORT_FILE = "export.json"
#: Raised when the graph of the same weights changes; part of the name of cached exports.
GRAPH_VERSION = 2
INPUT, OUTPUT = "frames", "probability"
#: Of the ONNX format: the first with layer norm, and known to every runtime since 2023.
OPSET = 17
#: What is traced. Odd sizes: where a size divides already, tracing would leave padding out.
TRACED_SIZE_HW = (45, 75)
#: An export is tried at these sizes: a small one that it was not traced at, and an even one.
TRIED_SIZES_HW = ((61, 83), (64, 96))
#: Probabilities of two float32 runs differ by about 1e-6; a wrong graph differs by 0.1 or more.
MAX_DIFFERENCE = 1e-3


class ExportError(RuntimeError):
    """A graph cannot be written, or answers otherwise than the network it was made from."""


class DisagreementError(ExportError):
    """A graph answers otherwise than the network it was made from."""


class FrameNetwork(nn.Module):
    """(N, H, W, 3) uint8 RGB frames -> (N, H, W) float32 probability of a human.

    Args:
        network: in evaluation mode; (N, 3, H, W) -> (N, C, H, W) logits.
        normalisation: what the network was trained with.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, normalisation: Normalisation) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(normalisation.mean)[:, None, None])
        self.register_buffer("std", torch.tensor(normalisation.std)[:, None, None])

    def forward(self, frames: Tensor) -> Tensor:
        """See the class."""
        return torch.sigmoid(human_logit(self.network(self.prepared(frames)).float()))

    def prepared(self, frames: Tensor) -> Tensor:
        """(N, H, W, 3) uint8 RGB -> (N, 3, H, W), normalised as the network was trained."""
        colours = frames.permute(0, 3, 1, 2).to(self.mean.dtype)  # (N, 3, H, W), channels last
        return (colours / 255 - self.mean) / self.std


@dataclass(frozen=True, kw_only=True)
class ExportSummary:
    """A written file.

    Args:
        max_difference: from eager PyTorch, in probability; 0 for the weights themselves.
    """

    file: Path
    format: str
    bytes: int
    max_difference: float


def frame_network(model_dir: Path) -> FrameNetwork:
    """The trained network on the CPU in float32, its batch norms folded.

    Raises:
        FileNotFoundError: no model there.
        TensorFileError: weights that are a pickle, damaged, or of another network.
    """
    network = fold_batch_norms(load_network(model_dir))
    return FrameNetwork(network, read_description(model_dir).normalisation).eval()


def export_model(model_dir: Path, format_name: str, out: Path) -> ExportSummary:
    """Write a trained model for another program; an ONNX file is tried before it appears.

    Args:
        model_dir: folder of a trained model.
        format_name: ``onnx``: frames to probabilities, any size and number; ``safetensors``: the
            weights, by the names that the network gives them.
        out: file to write; replaced where there is one.

    Raises:
        ValueError: another format.
        ExportError: no ONNX here, or the graph answers otherwise than the network.
    """
    if format_name not in FORMATS:
        raise ValueError(f"format = {format_name!r}; expected one of {', '.join(FORMATS)}")
    out.parent.mkdir(parents=True, exist_ok=True)
    difference = 0.0
    if format_name == "onnx":
        difference = _export_onnx(frame_network(model_dir), out)
    else:
        read_tensors(model_dir / WEIGHTS_FILE)  # refuses a damaged file
        shutil.copyfile(model_dir / WEIGHTS_FILE, out)
    return ExportSummary(
        file=out, format=format_name, bytes=out.stat().st_size, max_difference=difference
    )


def export_beside(model_dir: Path) -> Path:
    """Write ``model.onnx`` beside a model's weights, and ``export.json``: how far the two agree.

    The weights are worth as much without: where there is no ONNX here, or the graph answers
    otherwise than the network, ``export.json`` says why there is no file.

    Args:
        model_dir: folder of a trained model; receives both files.

    Returns:
        ``export.json``.

    Raises:
        FileNotFoundError: no model there.
    """
    record: dict[str, object] = {
        "weights": weights_digest(model_dir),
        "graph_version": GRAPH_VERSION,
        "opset": OPSET,
        "torch": torch.__version__,
        "compared_by": "openvino" if _has_openvino() else "onnx.reference",
        "tried_sizes_hw": TRIED_SIZES_HW,
        "max_difference_allowed": MAX_DIFFERENCE,
    }
    try:
        difference = _export_onnx(frame_network(model_dir), model_dir / ONNX_FILE)
    except ExportError as error:
        record |= {"agrees": not isinstance(error, DisagreementError), "why_not": str(error)}
    else:
        digest = sha256_of(model_dir / ONNX_FILE)
        record |= {"agrees": True, "max_difference": difference, "onnx_sha256": digest}
    text = json.dumps(record, indent=1, sort_keys=True)
    (model_dir / EXPORT_FILE).write_text(text + "\n", encoding="utf-8")
    return model_dir / EXPORT_FILE


def _export_onnx(graph: FrameNetwork, out: Path) -> float:
    """Write it aside, try it, put it in place; the largest difference from eager PyTorch."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as folder:
        aside = Path(folder, out.name)
        write_onnx(graph, aside)
        difference = _tried(graph, aside)
        aside.replace(out)
    return difference


def write_onnx(graph: FrameNetwork, out: Path) -> None:
    """Write the graph, for any number of frames of any size; the file appears whole or not at all.

    Raises:
        ExportError: ``onnx`` is missing, or an operation has no equivalent.
    """
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as folder:
        aside = Path(folder, out.name)
        _trace(graph, aside)
        aside.replace(out)


def drawn_frames(size_hw: tuple[int, int], count: int = 2) -> U8:
    """(N, H, W, 3) coloured blocks: edges and areas, always the same."""
    rng = np.random.default_rng(0)
    rows, columns = -(-size_hw[0] // 8), -(-size_hw[1] // 8)
    blocks = rng.integers(0, 256, (count, rows, columns, 3), dtype=np.uint8)
    return blocks.repeat(8, axis=1).repeat(8, axis=2)[:, : size_hw[0], : size_hw[1]]


@torch.inference_mode()
def eager_answer(graph: FrameNetwork, frames: U8) -> F32:
    """(N, H, W): what eager PyTorch says."""
    return np.asarray(graph(torch.from_numpy(np.ascontiguousarray(frames))).numpy(), np.float32)


def _trace(graph: FrameNetwork, path: Path) -> None:
    any_size = {0: "n", 1: "height", 2: "width"}
    frames = torch.from_numpy(drawn_frames(TRACED_SIZE_HW).copy())
    with warnings.catch_warnings():
        # The exporter is deprecated, and says of each look at a size that it becomes fixed: the
        # size that is traced is odd, so that padding is in the graph.
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                graph,
                (frames,),
                str(path),
                dynamo=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes={INPUT: any_size, OUTPUT: any_size},
            )
        except (RuntimeError, ImportError) as error:
            raise ExportError(f"{path.name} cannot be written: {_line(error)}") from error


def _tried(graph: FrameNetwork, path: Path) -> float:
    """The largest difference in probability between a file and the network, on drawn frames.

    Raises:
        ExportError: it is too large.
    """
    runtime = _runtime(path)
    return max(
        require_agreement(eager_answer(graph, frames), runtime(frames), path.name)
        for frames in map(drawn_frames, TRIED_SIZES_HW)
    )


def _runtime(path: Path) -> Callable[[U8], F32]:
    """OpenVINO where it is installed; else onnx's own interpreter, which takes minutes."""
    if _has_openvino():
        return OpenVinoBackend(path, any_size=True).probability
    from onnx.reference import ReferenceEvaluator

    session = ReferenceEvaluator(str(path))
    return lambda frames: np.asarray(session.run(None, {INPUT: frames})[0], np.float32)


def require_agreement(expected: F32, found: F32, what: str, limit: float = MAX_DIFFERENCE) -> float:
    """The largest difference of two answers.

    Raises:
        DisagreementError: it is larger than ``limit``, not a number, or the shapes differ.
    """
    if expected.shape != found.shape:
        raise DisagreementError(f"{what} answers {found.shape}; expected {expected.shape}")
    difference = float(np.abs(expected - found).max(initial=0.0))
    if not difference <= limit:
        raise DisagreementError(
            f"{what} differs from eager PyTorch by {difference:.2g} in probability; expected at"
            f" most {limit}"
        )
    return difference


def _has_openvino() -> bool:
    return importlib.util.find_spec("openvino") is not None


def _line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
