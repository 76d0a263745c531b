"""Frames -> the probability of a human at every pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from segmentation.inference.backends import REFERENCE, open_backend
from segmentation.inference.export import frame_network
from segmentation.inference.frame_stream import (
    FrameStream,
    RefinedStream,
    RememberingStream,
    remembers,
)
from segmentation.inference.inference_config import InferenceConfig
from segmentation.inference.postprocess import refine_each, seen_by_network
from segmentation.model_folder import Normalisation, read_description, weights_digest
from segmentation.models.blocks import human_logit

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

#: Pixels in one forward pass: four frames of 640 x 480, about 1.3 GB at width 64.
MAX_BATCH_PX = 4 * 640 * 480
#: Marks labels of footage that were found with the frames before in mind.
IN_ORDER = "+in-order"


class HumanSegmenter:
    """A trained model, ready to look at frames.

    Attributes:
        weights: digest of the weights.
        trained_side_px: most pixels that the longer side of a training image had; 0: not known.
        version: names the weights and, unless it is eager float32, what runs them: backends agree
            in all but a few pixels of ten thousand, and these pixels are labels too. It says, too,
            whether footage is followed with a memory, and which steps come after the network.

    Args:
        model_dir: folder of a trained model.
        device: ``cpu``, ``cuda``, ``cuda:1`` or ``auto``.
        threads: of torch in this whole process; None leaves them as they are.
        max_batch_px: bounds the memory of one forward pass; a larger frame goes alone.
        inference: by what the network is run, and what is done to its answers; None is the
            fastest whose answers are right, and nothing.
        cache: folder for exported graphs; None exports anew for each segmenter.
        any_size: for pictures of many sizes; else each size is prepared when it first comes, which
            suits cameras.

    Raises:
        FileNotFoundError: no model there.
        TensorFileError: weights that are a pickle, damaged, or of another network.
    """

    def __init__(
        self,
        model_dir: Path,
        device: str = "cpu",
        threads: int | None = None,
        *,
        max_batch_px: int = MAX_BATCH_PX,
        inference: InferenceConfig | None = None,
        cache: Path | None = None,
        any_size: bool = False,
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        description = read_description(model_dir)
        self.architecture = description.model.architecture
        self.trained_side_px = int(str(description.training.recipe.get("max_side_px", 0)))
        self.weights = weights_digest(model_dir)
        inference = inference or InferenceConfig()
        self._steps = inference.postprocess
        graph, self._device = frame_network(model_dir), find_device(device)
        self._remembering = graph if remembers(graph.network) else None
        self._backend = open_backend(
            graph,
            self.weights,
            self._device,
            inference,
            max_batch_px=max_batch_px,
            cache=cache,
            any_size=any_size,
        )
        self.backend = self._backend.name
        plain = self.backend == REFERENCE
        self.version = self.weights if plain else f"{self.weights}+{self.backend}"
        if self._remembering:
            self.version += IN_ORDER
        if self._steps.name:
            self.version += f"+{self._steps.name}"

    def follow(self) -> FrameStream:
        """A camera's frames from now on, in order of time; each stream has its own memory.

        A network that judges each frame alone is its own stream, unless its answers are smoothed
        over time.
        """
        if self._remembering is not None:
            return RefinedStream(RememberingStream(self._remembering, self._device), self._steps)
        return RefinedStream(self._backend, self._steps) if self._steps.temporal_weight else self

    def probability(self, frames: U8) -> F32:
        """Probability of a human on pictures that have nothing to do with each other.

        Args:
            frames: (N, H, W, 3) uint8 RGB.

        Returns:
            (N, H, W) float32 in [0, 1].

        Raises:
            ValueError: another shape or dtype.
        """
        _require_frames(frames)
        found = self._backend.probability(seen_by_network(frames, self._steps))
        return refine_each(found, frames, self._steps)


@torch.inference_mode()
def human_probability(network: nn.Module, images: Tensor, normalise: Normalisation) -> Tensor:
    """One forward pass.

    Args:
        network: in evaluation mode.
        images: (N, 3, H, W) in [0, 1].
        normalise: what the network was trained with.

    Returns:
        (N, H, W) in [0, 1].
    """
    batch = normalise(images).contiguous(memory_format=torch.channels_last)
    return torch.sigmoid(human_logit(network(batch).float()))


def to_images(frames_nhwc: U8) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(frames_nhwc)).permute(0, 3, 1, 2).float() / 255


def find_device(name: str) -> torch.device:
    """The torch device of a name; ``auto`` is cuda where there is one.

    Raises:
        ValueError: cuda is asked for and absent.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device = {name!r}, but torch sees no CUDA device; use cpu or auto")
    return torch.device(name)


def _require_frames(frames: U8) -> None:
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
        raise ValueError(
            f"frames are {frames.dtype} of shape {frames.shape}; expected uint8 (N, H, W, 3) RGB"
        )
    if 0 in frames.shape[1:3]:
        raise ValueError(f"frames of shape {frames.shape} have no pixels")
