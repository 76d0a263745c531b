"""Frames of a camera-day against the normal of their channels: where, how rare, and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_calibration import Calibration
from camera_analysis.channels.channel_codes import ABSENT
from camera_analysis.channels.channel_counts import ChannelCounts
from camera_analysis.channels.channel_fusion import fuse
from camera_analysis.channels.channel_scale import BITS_PER_NAT, DAY_CONFIG, day_maps
from camera_analysis.channels.channel_surprise import TailTables
from camera_analysis.channels.channel_words import LOOKS, departure
from camera_analysis.labelling.code_tables import CodedFrame, CodesMeta
from camera_analysis.labelling.regions import Box

FloatImage = npt.NDArray[np.float32]
#: Evidence from which a region departs: one usual frame in 32 shows as much in a channel.
DEPARTS_BITS = 5.0
#: One normal frame in so many shows as much, and a single frame is no news: what lasts is.
OFTEN = 10
#: Places around a region's box that its scores are made of: half a window and what was shrunk.
NEAR = 2


class Told(NamedTuple):
    """What is unusual in a channel, without a subject.

    Args:
        words: "moves at 90 pixels a second, ...", with its rarity where that is news.
        often: its rarity where it is none.
    """

    words: str
    often: str


@dataclass(frozen=True, kw_only=True)
class ChannelRegion:
    """Places of a frame that depart together.

    Args:
        box: in label-map pixels.
        evidence_bits: of all channels together.
        bits: how rarely a normal frame shows as much evidence anywhere.
        leading: the channel that departs most.
        told: what is unusual.
    """

    box: Box
    evidence_bits: float
    bits: float
    leading: str
    told: Told


@dataclass(frozen=True, kw_only=True)
class ChannelFrame:
    """One frame against the normal.

    Args:
        bits: of its highest region; 0 without one.
        regions: those that depart, the highest first.
        of_channel: channel -> (h, w) bits of that channel alone.
        cell_px: side of a place in label-map pixels, along x and y.
        tell: (box, channel) -> what is unusual in that channel.
    """

    bits: float
    regions: tuple[ChannelRegion, ...]
    of_channel: Mapping[str, FloatImage]
    cell_px: tuple[float, float]
    tell: Callable[[Box, str], Told]

    @property
    def highest(self) -> dict[str, float]:
        """Channel -> its largest bits in the frame."""
        return {channel: float(bits.max()) for channel, bits in self.of_channel.items()}

    def within(self, box: Box) -> dict[str, float]:
        """Channel -> its largest bits in a box."""
        cells = cells_of(box, self.cell_px)
        return {
            channel: float(bits[cells].max(initial=0.0))
            for channel, bits in self.of_channel.items()
        }


class ChannelJudge:
    """Judges frames by one normal.

    Args:
        counts: of the normal.
        meta: of its codes.
        channels: channel -> calibration, of channels that can be judged.
        together: calibration of their sum.
        interval_s: between samples.
    """

    def __init__(
        self,
        counts: ChannelCounts,
        meta: CodesMeta,
        channels: Mapping[str, Calibration],
        together: Calibration,
        interval_s: float,
    ) -> None:
        self._counts = counts
        self._meta = meta
        self._channels = channels
        self._together = together
        self._maps = day_maps(TailTables(counts, DAY_CONFIG.tails), interval_s)

    @property
    def look_back(self) -> int:
        """Frames before the one that is judged which its channels want to know."""
        return self._maps.look_back

    def follow(self, before: Iterable[CodedFrame]) -> None:
        """Know nothing but these frames, which the next one follows."""
        self._maps.forget()
        for frame in before:
            self._maps.of(frame.codes)

    def judge(self, frame: CodedFrame) -> ChannelFrame:
        """Bits of each place and the regions that depart; frames come in the order of time."""
        maps = self._maps.of(frame.codes)
        surprise = {channel: maps[channel] for channel in self._channels}
        verdict = fuse(surprise, self._channels, self._meta.cell_px, DAY_CONFIG)
        of_channel = {
            channel: np.asarray(evidence * BITS_PER_NAT, np.float32)
            for channel, evidence in verdict.of_channel.items()
        }
        found = [(region.box, region.evidence * BITS_PER_NAT) for region in verdict.regions]
        return ChannelFrame(
            bits=self._rarity(max((bits for _, bits in found), default=0.0)),
            regions=tuple(
                self._region(frame, box, bits, of_channel)
                for box, bits in found
                if bits >= DEPARTS_BITS
            ),
            of_channel=of_channel,
            cell_px=self._meta.cell_px,
            tell=lambda box, channel: self._told(frame, box, channel, of_channel[channel]),
        )

    def _told(self, frame: CodedFrame, box: Box, channel: str, bits: FloatImage) -> Told:
        highest = float(bits[cells_of(box, self._meta.cell_px)].max(initial=0.0))
        calm = self._channels[channel].sorted_maxima.size
        return _with_rarity(self._words(frame, box, channel, bits), highest, calm)

    def _words(self, frame: CodedFrame, box: Box, channel: str, bits: FloatImage) -> str:
        if channel in LOOKS:
            return LOOKS[channel]
        there = self._departing(frame, channel, bits, box)
        usual = self._counts.of(channel)[there].sum(axis=0, dtype=np.int64)
        return departure(channel, frame.codes[channel][there], usual, self._meta)

    def _rarity(self, evidence_bits: float) -> float:
        nats = np.array([evidence_bits / BITS_PER_NAT])
        return float(self._together.evidence(nats)[0]) * BITS_PER_NAT

    def _region(
        self,
        frame: CodedFrame,
        box: Box,
        evidence_bits: float,
        of_channel: Mapping[str, FloatImage],
    ) -> ChannelRegion:
        cells = cells_of(box, self._meta.cell_px)
        highest = {c: float(values[cells].max(initial=0.0)) for c, values in of_channel.items()}
        leading = max(highest, key=lambda channel: highest[channel])
        words = self._words(frame, box, leading, of_channel[leading])
        calm, bits = self._together.sorted_maxima.size, self._rarity(evidence_bits)
        return ChannelRegion(
            box=box,
            evidence_bits=evidence_bits,
            bits=bits,
            leading=leading,
            told=_with_rarity(words, bits, calm),
        )

    def _departing(
        self, frame: CodedFrame, channel: str, bits: FloatImage, box: Box
    ) -> npt.NDArray[np.bool_]:
        """(h, w) places with a code of the channel, near the box, where it departs most.

        A place without a code may score by its neighbours': maps are means over windows.
        """
        cell_x, cell_y = self._meta.cell_px
        near = np.zeros(bits.shape, bool)
        wide = Box(
            round(box.x0 - NEAR * cell_x),
            round(box.y0 - NEAR * cell_y),
            round(box.x1 + NEAR * cell_x),
            round(box.y1 + NEAR * cell_y),
        )
        near[cells_of(wide, self._meta.cell_px)] = True
        coded = near & (frame.codes[channel] != ABSENT)
        return np.asarray(coded & (bits >= bits[coded].max(initial=0.0) / 2), bool)


def rarity(bits: float, frames: int) -> str:
    """How many normal frames show as much, as far as so many frames can tell; "" where many do.

    Args:
        bits: -log2 of the share of normal frames.
        frames: that this rests on.
    """
    if bits > np.log2(frames):
        return f"; none of {frames:,} normal frames showed as much anywhere"
    one_in = 2.0**bits
    if one_in < OFTEN:
        return ""
    digits = 10 ** max(int(np.log10(one_in)) - 1, 0)
    return f"; 1 in {round(one_in / digits) * digits:,} normal frames shows as much anywhere"


def often(bits: float, frames: int) -> str:
    """How many normal frames show as much where :func:`rarity` says nothing; "" elsewhere."""
    if rarity(bits, frames):
        return ""
    one_in = round(2.0**bits)
    if one_in < 2:
        return "; most normal frames show as much anywhere"
    return f"; 1 in {one_in} normal frames shows as much anywhere"


def _with_rarity(words: str, bits: float, frames: int) -> Told:
    return Told(words + rarity(bits, frames), often(bits, frames))


def cells_of(box: Box, cell_px: tuple[float, float]) -> tuple[slice, slice]:
    """The places that a box of label-map pixels touches."""
    x0, y0 = max(0, int(box.x0 / cell_px[0])), max(0, int(box.y0 / cell_px[1]))
    x1, y1 = int(np.ceil(box.x1 / cell_px[0])), int(np.ceil(box.y1 / cell_px[1]))
    return slice(y0, max(y1, y0 + 1)), slice(x0, max(x1, x0 + 1))
