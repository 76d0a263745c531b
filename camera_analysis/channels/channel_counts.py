"""How often each place had each code, per channel: the statistic of the channels, which adds up.

``a + b`` equals the counts of the frames of both, bit for bit, and ``-`` takes them away again. So
the normal of any window, or of all clips but one, is a sum of stored counts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_codes import ABSENT, BINS, CodeMap

CountArray = npt.NDArray[np.uint32]


class ChannelCounts:
    """Counts of (place, code) per channel.

    Adding a frame changes the counts in place; ``+`` and ``-`` return new counts.

    Args:
        grids: (h, w) of each channel's map; a channel without one is not counted.
    """

    def __init__(self, grids: Mapping[str, tuple[int, int]]) -> None:
        self.grids = dict(grids)
        self.frames = 0
        self._counts = {
            channel: np.zeros((height * width, BINS[channel]), np.uint32)
            for channel, (height, width) in grids.items()
        }

    def add(self, codes: Mapping[str, CodeMap]) -> None:
        """Count one frame.

        Args:
            codes: channel -> (h, w) codes; ABSENT counts nowhere.

        Raises:
            ValueError: a map of another size, or a code that the channel does not have.
        """
        for channel, counts in self._counts.items():
            code = codes[channel]
            if code.shape != self.grids[channel]:
                raise ValueError(
                    f"{channel} codes of {code.shape} places, counts of {self.grids[channel]}"
                )
            flat = code.ravel()
            place = np.flatnonzero(flat != ABSENT)
            values = flat[place]
            if values.size and int(values.max()) >= BINS[channel]:
                raise ValueError(f"{channel} code {int(values.max())}; it has {BINS[channel]}")
            counts[place, values] += 1  # each place at most once: nothing is lost
        self.frames += 1

    @classmethod
    def of_sparse(
        cls,
        grids: Mapping[str, tuple[int, int]],
        frames: int,
        rows: Mapping[str, npt.NDArray[np.int64]],
    ) -> ChannelCounts:
        """Counts of stored rows.

        Args:
            grids: (h, w) of each channel's map.
            frames: that were counted.
            rows: channel -> (4, N) y, x, code and count.

        Raises:
            ValueError: a row lies outside the grid or the codes, or counts more than the frames.
        """
        counts = cls(grids)
        counts.frames = frames
        for channel, (y, x, code, n) in rows.items():
            height, width = grids[channel]
            within = (y < height) & (x < width) & (code < BINS[channel]) & (n <= frames)
            if not within.all() or min(y.min(initial=0), x.min(initial=0)) < 0:
                raise ValueError(
                    f"{channel} counts do not fit {height} x {width} places, {BINS[channel]} codes "
                    f"and {frames} frames; count the day again"
                )
            counts._counts[channel][y * width + x, code] = n
        return counts

    def of(self, channel: str) -> CountArray:
        """(h, w, bins) counts of a channel; a view."""
        return self._counts[channel].reshape(*self.grids[channel], BINS[channel])

    def __add__(self, other: ChannelCounts) -> ChannelCounts:
        """Counts of the frames of both."""
        return self._combined(other, 1)

    def __sub__(self, other: ChannelCounts) -> ChannelCounts:
        """Counts without the frames of ``other``, which must be among them.

        Raises:
            ValueError: ``other`` holds more than these counts do.
        """
        return self._combined(other, -1)

    def __eq__(self, other: object) -> bool:
        """Same grids, frames and counts."""
        if not isinstance(other, ChannelCounts):
            return NotImplemented
        return (
            self.grids == other.grids
            and self.frames == other.frames
            and all(np.array_equal(self._counts[c], other._counts[c]) for c in self.grids)
        )

    __hash__ = None  # type: ignore[assignment]  # counts change as frames are added

    def _combined(self, other: ChannelCounts, sign: int) -> ChannelCounts:
        if self.grids != other.grids:
            raise ValueError(f"counts of grids {self.grids} and {other.grids} do not add")
        if sign < 0 and any((self._counts[c] < other._counts[c]).any() for c in self.grids):
            raise ValueError("more would be taken than is there")
        result = ChannelCounts(self.grids)
        result.frames = self.frames + sign * other.frames
        for channel in self.grids:
            mine, theirs = self._counts[channel], other._counts[channel]
            result._counts[channel] = mine + theirs if sign > 0 else mine - theirs
        return result
