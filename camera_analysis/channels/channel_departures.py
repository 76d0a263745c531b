"""What departed in the channels on the days behind a normal, each judged by the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from camera_analysis.channels.channel_judge import DEPARTS_BITS
from camera_analysis.channels.channel_scale import ALL, BITS_PER_NAT, ChannelScale, FloatVector
from camera_analysis.events.departures import Departure, occasions, strength
from camera_analysis.events.events import EventConfig

#: Departures within a minute, as far as channels look back, are one occasion: an odd hour does not
#: count as often as its light flickers.
OCCASION_S = 60.0


def held_out_departures(
    scale: ChannelScale, fold: int, interval_s: float, config: EventConfig
) -> tuple[Departure, ...]:
    """Each occasion on which frames of a fold depart, one after the other.

    Two things that depart at once count as one, as does one thing after another without a pause,
    which makes strengths larger, never smaller.

    Args:
        scale: as it was learned, with the times of its frames.
        fold: its number.
        interval_s: between samples.
        config: what counts as an event.
    """
    times_s = np.array(scale.times_s.get(fold, ()), np.float64)
    bits = np.array(scale.scores.get((ALL, fold), ()), np.float64) * BITS_PER_NAT
    return occasions(_departures(times_s, bits, interval_s, config), OCCASION_S)


def _departures(
    times_s: FloatVector, bits: FloatVector, interval_s: float, config: EventConfig
) -> Iterator[Departure]:
    """What an event could be."""
    at = np.flatnonzero(bits >= DEPARTS_BITS)
    pauses = np.diff(times_s[at]) > (config.max_gap_samples + 0.5) * interval_s
    for run in np.split(at, np.flatnonzero(pauses) + 1):
        lasts_s = times_s[run[-1]] - times_s[run[0]] + interval_s if run.size else 0.0
        if run.size >= config.min_samples and lasts_s >= config.min_duration_s:
            odds = float(np.exp2(bits[run]).sum())
            first_s, last_s = float(times_s[run[0]]), float(times_s[run[-1]])
            yield Departure(first_s, last_s, strength(odds, interval_s))
