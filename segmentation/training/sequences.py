"""Labelled frame sequences of fixed cameras in folders: the real clips that training may see."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_build.digests import sha256_of
from segmentation.data import Sample
from segmentation.mask_folders import LabelledFolder, open_folder

#: Names that the folders of frames and of masks go by; the second pair is CDnet's and SBI's.
LAYOUTS = (("images", "masks"), ("input", "groundtruth"))
#: A mask value of change-detection benchmarks that says nothing.
UNKNOWN_VALUE = 170
#: Frames of a clip are at most so many of the sequence apart: cameras are sampled at many rates.
MAX_STRIDE = 5


@dataclass(frozen=True)
class LabelledSequences:
    """Sequences of labelled frames, each in the order of its file names.

    Args:
        folders: one for each sequence, with at least two frames.
        digest: names the bytes of all frames and masks, wherever they lie.
    """

    folders: tuple[LabelledFolder, ...]
    digest: str

    def clip(self, frames: int, rng: np.random.Generator) -> list[Sample]:
        """Frames of one sequence at equal distances, in order of time or against it.

        A sequence that is too short for a clip ends with its last frame again.

        Args:
            frames: how many.
            rng: decides which sequence, where it begins and how fast it runs.
        """
        folder = self.folders[int(rng.integers(len(self.folders)))]
        count = len(folder.pairs)
        longest = max(1, min(MAX_STRIDE, (count - 1) // max(1, frames - 1)))
        stride = int(rng.integers(1, longest + 1))
        first = int(rng.integers(max(1, count - stride * (frames - 1))))
        numbers = [min(first + stride * place, count - 1) for place in range(frames)]
        if rng.random() < 0.5:  # people who walk backwards are people, too
            numbers.reverse()
        return [folder.read(number) for number in numbers]


def open_sequences(root: Path) -> LabelledSequences:
    """Find the sequences below a folder: ``<root>/<name>/images`` and ``.../masks``.

    Masks are PNGs of 0/1/255 or 0/255 (and 170 for unknown), by the stems of the frames. ``input``
    and ``groundtruth``, as CDnet and SBI have them, are found too.

    Raises:
        ValueError: no folder, no sequence in it, or masks with other values.
    """
    if not root.is_dir():
        raise ValueError(f"sequences = {str(root)!r} is no folder; expected one with sequences")
    found = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        for images, masks in LAYOUTS:
            if (folder / images).is_dir() and (folder / masks).is_dir():
                opened = open_folder(
                    folder / images, folder / masks, unknown_value=UNKNOWN_VALUE, name=folder.name
                )
                found.append(opened)
                break
    usable = tuple(one for one in found if len(one.pairs) > 1)
    if not usable:
        layouts = " or ".join(f"<name>/{images} and <name>/{masks}" for images, masks in LAYOUTS)
        raise ValueError(f"no sequence of two labelled frames in {root}; expected {layouts}")
    return LabelledSequences(usable, _digest(usable))


def _digest(folders: tuple[LabelledFolder, ...]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for pair in folder.pairs:
            for path in pair:
                content = sha256_of(path)
                digest.update(f"{folder.name}/{path.name} {content}\n".encode())
    return digest.hexdigest()
