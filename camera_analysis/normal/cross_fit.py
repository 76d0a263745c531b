"""One clip judged without a history: each block of time against the counts of all the others.

The clip is cut into contiguous blocks. The normal of a block is the sum of all counts minus the
block's own, minus a guard on either side of it, because neighbouring frames show the same moment.
Counts subtract exactly, so that this takes one pass whatever the number of blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from camera_analysis.labelling.labels import LabelsMeta, iterate_labels
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.surprise import ScoreConfig, SurpriseModel

#: A guard takes at most this share of a block, so that short clips keep a normal.
GUARD_SHARE = 0.25


@dataclass(frozen=True)
class Block:
    """Positions ``start`` to ``end`` (exclusive); ``guard`` of them at each end are near others."""

    start: int
    end: int
    guard: int

    def part(self, position: int) -> int:
        """0 for the guard at the start, 2 for the guard at the end, 1 between."""
        if position < self.start + self.guard:
            return 0
        return 2 if position >= self.end - self.guard else 1


def cut_blocks(frames: int, blocks: int, guard_frames: int) -> tuple[Block, ...]:
    """Contiguous blocks of nearly equal length.

    Args:
        frames: label maps of the clip.
        blocks: wanted number, at least 2; fewer where there are fewer frames.
        guard_frames: wanted guard; at most a quarter of a block.
    """
    if blocks < 2:
        raise ValueError(f"{blocks} blocks: cross-fitting needs at least 2")
    edges = np.linspace(0, frames, min(blocks, max(frames, 1)) + 1).astype(int).tolist()
    return tuple(
        Block(start, end, min(guard_frames, int(GUARD_SHARE * (end - start))))
        for start, end in pairwise(edges)
    )


class CrossFit:
    """Normals of a clip's blocks, each without the block that it judges.

    Args:
        labels_dir: folder of the clip's label maps; read once, streaming.
        meta: their size and classes.
        blocks: from :func:`cut_blocks`.
        config: of the scores.
        progress: called with the number of label maps counted.
    """

    def __init__(
        self,
        labels_dir: Path,
        meta: LabelsMeta,
        blocks: tuple[Block, ...],
        config: ScoreConfig,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._blocks = blocks
        self._config = config
        self._model: SurpriseModel | None = None
        self._model_block = -1
        self._parts = [
            [ClassCounts(meta.height, meta.width, meta.classes) for _ in range(3)] for _ in blocks
        ]
        block = 0
        for position, label_map in enumerate(iterate_labels(labels_dir)):
            while position >= blocks[block].end:
                block += 1
            self._parts[block][blocks[block].part(position)].add(label_map.labels_hw, 0)
            if progress:
                progress(position + 1)
        self._total = sum_counts([part for parts in self._parts for part in parts])

    @property
    def least_frames(self) -> int:
        """Frames behind the smallest of the normals."""
        return min(self._others(block).frames for block in range(len(self._blocks)))

    def model_at(self, position: int) -> SurpriseModel:
        """The normal for the label map at a position; one is in memory at a time."""
        block = max(self._model_block, 0)
        while position >= self._blocks[block].end:
            block += 1
        while position < self._blocks[block].start:
            block -= 1
        if self._model is None or block != self._model_block:
            others = self._others(block)
            self._model = SurpriseModel(others.total(), others.frames, self._config)
            self._model_block = block
        return self._model

    def _others(self, block: int) -> ClassCounts:
        judged = list(self._parts[block])
        if block > 0:
            judged.append(self._parts[block - 1][2])
        if block + 1 < len(self._blocks):
            judged.append(self._parts[block + 1][0])
        return self._total - sum_counts(judged)


def sum_counts(counts: list[ClassCounts]) -> ClassCounts:
    """Sum of one or more counts."""
    total = counts[0]
    for more in counts[1:]:
        total = total + more
    return total
