"""Frames -> the probability of a human at every pixel.

On a CPU the frames of a batch are shared out among workers with one thread each. Threads that
share one frame instead wait for each other after every layer, and spin while they wait: on two
cores that have other work, twice the processor time and thrice the wall time.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from segmentation.model_folder import Normalisation, load_network, read_description, weights_digest
from segmentation.models.blocks import human_logit

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

#: Pixels in one forward pass: four frames of 640 x 480, about 1.3 GB at width 64.
MAX_BATCH_PX = 4 * 640 * 480


class HumanSegmenter:
    """A trained model, ready to look at frames.

    Args:
        model_dir: folder of a trained model.
        device: ``cpu``, ``cuda``, ``cuda:1`` or ``auto``; half precision on cuda.
        threads: of torch in this whole process; None leaves them as they are.
        max_batch_px: bounds the memory of one forward pass; a larger frame goes alone.

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
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        description = read_description(model_dir)
        self.version = weights_digest(model_dir)
        self.architecture = description.model.architecture
        self._device = find_device(device)
        self._dtype = torch.float16 if self._device.type == "cuda" else torch.float32
        self._normalise = description.normalisation
        self._max_batch_px = max_batch_px
        network = fold_batch_norms(load_network(model_dir)).to(self._device, self._dtype)
        self._network = network.to(memory_format=torch.channels_last)

    def probability(self, frames: U8) -> F32:
        """Probability of a human.

        Args:
            frames: (N, H, W, 3) uint8 RGB.

        Returns:
            (N, H, W) float32 in [0, 1].

        Raises:
            ValueError: another shape or dtype.
        """
        _require_frames(frames)
        out = np.empty(frames.shape[:3], np.float32)
        at_once = max(1, self._max_batch_px // (frames.shape[1] * frames.shape[2]))
        threads = torch.get_num_threads()
        if self._device.type == "cpu" and 1 < threads <= min(at_once, len(frames)):
            self._share_out(frames, out, threads)
        else:
            for part in _parts(len(frames), at_once):
                self._look(frames, out, part)
        return out

    def _share_out(self, frames: U8, out: F32, workers: int) -> None:
        """One frame at a time to each of the workers; fills ``out``."""
        one_thread = (torch.set_num_threads, (1,))  # holds for the thread that calls it ...
        try:
            with ThreadPoolExecutor(workers, "segmenter", *one_thread) as pool:
                for done in [
                    pool.submit(self._look, frames, out, part) for part in _parts(len(frames), 1)
                ]:
                    done.result()
        finally:
            torch.set_num_threads(workers)  # ... and for threads that are started later

    def _look(self, frames: U8, out: F32, part: slice) -> None:
        images = to_images(frames[part]).to(self._device, self._dtype)
        found = human_probability(self._network, images, self._normalise)
        out[part] = found.float().cpu().numpy()


def _parts(count: int, at_once: int) -> Iterator[slice]:
    return (slice(start, start + at_once) for start in range(0, count, at_once))


def fold_batch_norms(network: nn.Module) -> nn.Module:
    """The same function with fewer steps: a norm that follows a convolution becomes part of it.

    Args:
        network: in evaluation mode; its ``nn.Sequential`` blocks are changed.

    Returns:
        The network.
    """
    for block in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for place, (layer, following) in enumerate(pairwise(list(block))):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                block[place] = fuse_conv_bn_eval(layer, following)
                block[place + 1] = nn.Identity()
    return network


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
