"""Which sample comes next, and the decoded ones that are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from segmentation.data import Sample, SplitData


class BalancedSampler:
    """Draws samples with and without people at a stated share, from all sources.

    A source's chance is its number of samples to the power ``source_power``: 1 follows the sizes,
    0 treats all sources alike.

    Raises:
        ValueError: no sample of the split has people in it.
    """

    def __init__(self, data: SplitData, *, negative_share: float, source_power: float) -> None:
        numbers = range(len(data))
        self._positive = _Pool(data, [i for i in numbers if data.has_people(i)], source_power)
        self._negative = _Pool(data, [i for i in numbers if not data.has_people(i)], source_power)
        self._negative_share = negative_share if self._negative else 0.0
        if not self._positive:
            raise ValueError(
                f"none of the {len(data)} samples of split {data.split!r} has people in it; a"
                " network cannot learn what a person is from these"
            )

    def draw(self, rng: np.random.Generator) -> int:
        """Number of the next sample."""
        if rng.random() < self._negative_share:
            return self._negative.draw(rng)
        return self._positive.draw(rng)

    def draw_with_people(self, rng: np.random.Generator) -> int:
        """Number of a sample with people."""
        return self._positive.draw(rng)

    def draw_background(self, rng: np.random.Generator) -> int:
        """Number of a sample without people, or of any where there is none."""
        return (self._negative or self._positive).draw(rng)


class _Pool:
    """Sample numbers by source, and each source's chance."""

    def __init__(self, data: SplitData, numbers: Sequence[int], source_power: float) -> None:
        by_source: dict[str, list[int]] = {}
        for number in numbers:
            by_source.setdefault(data.sources[number], []).append(number)
        self._groups = [by_source[name] for name in sorted(by_source)]
        weights = np.array([len(group) ** source_power for group in self._groups], np.float64)
        self._cumulated = np.cumsum(weights / weights.sum()) if self._groups else weights

    def __len__(self) -> int:
        return len(self._groups)

    def draw(self, rng: np.random.Generator) -> int:
        chosen = int(np.searchsorted(self._cumulated, rng.random(), side="right"))
        group = self._groups[min(chosen, len(self._groups) - 1)]
        return group[int(rng.integers(len(group)))]


class SampleCache:
    """Decoded, shrunk samples within a memory bound; the longest unused one leaves first.

    Safe to use from several threads; what it returns must not be written to.
    """

    def __init__(self, data: SplitData, *, max_side_px: int, max_bytes: int) -> None:
        self._data = data
        self._max_side_px = max_side_px
        self._max_bytes = max_bytes
        self._kept: OrderedDict[int, Sample] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def load(self, number: int) -> Sample:
        """The sample, decoded or remembered."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        sample = self._data.load(number, max_side_px=self._max_side_px)
        with self._lock:
            if number not in self._kept:
                self._kept[number] = sample
                self._bytes += _bytes(sample)
            while self._bytes > self._max_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= _bytes(dropped)
        return sample

    @property
    def bytes_kept(self) -> int:
        """Size of what is remembered now."""
        return self._bytes


def _bytes(sample: Sample) -> int:
    return sample.image_hwc_rgb.nbytes + sample.mask_hw.nbytes
