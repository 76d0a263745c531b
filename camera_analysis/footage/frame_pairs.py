"""A sampled frame and the one shortly after it: speed and direction need two.

The frame beside a sample is the first one shown at least a tenth of a second later. Neighbours at
25 or 30 frames a second lie so close that a walker moves by less than optical flow can tell; where
frames are farther apart than half a second, things are no longer recognised from one to the next,
and the sample stays alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

GreyImage = npt.NDArray[np.uint8]
Item = TypeVar("Item")

#: Seconds from a sample to the frame beside it: at least, and at most.
PAIR_S, LONGEST_PAIR_S = Fraction(1, 10), Fraction(1, 2)


@dataclass(frozen=True, kw_only=True)
class LaterFrame:
    """The frame beside a sample.

    Attributes:
        grey: (H, W) uint8 of the sample's size.
        after_s: seconds from the sample to it.
    """

    grey: GreyImage
    after_s: float


class Pairing(Generic[Item]):
    """Holds samples back until the frame beside them has come, in their order.

    Args:
        attach: gives the sample with its later frame, or without one.
    """

    def __init__(self, attach: Callable[[Item, LaterFrame | None], Item]) -> None:
        self._attach = attach
        self._waiting: deque[tuple[Fraction | None, Item]] = deque()

    def wait(self, time_s: Fraction, sample: Item) -> None:
        """A sample whose later frame is yet to come; times increase."""
        self._waiting.append((time_s, sample))

    def follow(self, sample: Item) -> Iterator[Item]:
        """A sample that needs no later frame, and only keeps its place behind those that do."""
        self._waiting.append((None, sample))
        yield from self._free()

    def offer(self, time_s: Fraction, grey: Callable[[], GreyImage]) -> Iterator[Item]:
        """Samples that the frame at this time decides; it is converted only where it is needed."""
        while self._waiting:
            of_sample, sample = self._waiting[0]
            if of_sample is None:
                yield from self._free()
                continue
            after_s = time_s - of_sample
            if after_s < PAIR_S:
                return
            self._waiting.popleft()
            near = after_s <= LONGEST_PAIR_S
            later = LaterFrame(grey=grey(), after_s=float(after_s)) if near else None
            yield self._attach(sample, later)
            yield from self._free()

    def finish(self) -> Iterator[Item]:
        """Samples beside which nothing came."""
        while self._waiting:
            yield self._attach(self._waiting.popleft()[1], None)

    def _free(self) -> Iterator[Item]:
        """Samples that wait for nothing but those before them."""
        while self._waiting and self._waiting[0][0] is None:
            yield self._waiting.popleft()[1]
