"""How strong a departure is: the odds against its samples, added up over its seconds.

What departs from a normal is followed over time. Each of its samples is as surprising as odds of
2^bits to 1 against it; odds of samples add up, as those of channels do
(:mod:`camera_analysis.channels.channel_fusion`), and the **strength** of a departure is the
logarithm of their sum over its seconds: b bits for T seconds make b + log2 T. So an outline that
jitters for two samples is weaker than somebody who stays, and a stay at a place where people are
seen now and then does not become an incident by its length alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from camera_analysis.events.events import EventConfig


class Departure(NamedTuple):
    """What departed from a normal for a while, event or not.

    Args:
        start_s: its first sample, in seconds since 1970, UTC.
        end_s: its last one.
        bits: its strength.
    """

    start_s: float
    end_s: float
    bits: float


@dataclass(frozen=True)
class HeldOutFold:
    """What departed in a part of the window, judged by the other parts.

    Args:
        name: day, or day and block.
        frames: that were judged.
        departures: that would have been events.
    """

    name: str
    frames: int
    departures: tuple[Departure, ...]

    @property
    def strengths(self) -> tuple[float, ...]:
        """Bits of each departure."""
        return tuple(departure.bits for departure in self.departures)


@dataclass(frozen=True)
class PastDepartures:
    """What departed behind a normal, of one source, incidents too."""

    folds: Sequence[HeldOutFold]

    def told(self, bits: float) -> str:
        """How many of them were as strong, in words."""
        as_strong = sum(past >= bits for fold in self.folds for past in fold.strengths)
        behind = f"in {sum(fold.frames for fold in self.folds):,} normal frames"
        if not as_strong:
            return f"nothing {behind} departed as strongly"
        were = "departure was" if as_strong == 1 else "departures were"
        return f"{as_strong:,} {were} as strong {behind}"


def odds_of(bits: float) -> float:
    """Odds against a sample that is as surprising; none against one that does not surprise."""
    return float(2.0**bits) if bits > 0 else 0.0


def strength(odds: float, interval_s: float) -> float:
    """Bits of a departure.

    Args:
        odds: of its samples, added up, > 0.
        interval_s: between samples.
    """
    return float(np.log2(odds * interval_s))


def weakest(bits: float, interval_s: float, config: EventConfig) -> float:
    """Strength of the weakest event whose every sample has as many bits.

    Args:
        bits: of each sample.
        interval_s: between samples.
        config: what counts as an event.
    """
    return strength(config.min_samples * odds_of(bits), interval_s)


def occasions(departures: Iterable[Departure], apart_s: float) -> tuple[Departure, ...]:
    """Departures that follow each other closely, as one: as strong as the strongest of them.

    Args:
        departures: in any order.
        apart_s: departures further apart are not of one occasion.
    """
    found: list[Departure] = []
    for one in sorted(departures):
        if found and one.start_s - found[-1].end_s <= apart_s:
            before = found[-1]
            end_s, bits = max(before.end_s, one.end_s), max(before.bits, one.bits)
            found[-1] = Departure(before.start_s, end_s, bits)
        else:
            found.append(one)
    return tuple(found)
