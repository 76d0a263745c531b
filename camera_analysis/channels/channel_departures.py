"""What departed in the channels on the days behind a normal, each judged by the others."""

from __future__ import annotations

import numpy as np

from camera_analysis.benchmark.alarm_events import runs
from camera_analysis.channels.channel_judge import DEPARTS_BITS
from camera_analysis.channels.channel_scale import BITS_PER_NAT, ChannelScale, FloatVector
from camera_analysis.events.departure_rule import occasions, strength
from camera_analysis.events.events import EventConfig

#: Departures within a minute, as far as channels look back, are one occasion: an odd hour does not
#: count as often as its light flickers.
OCCASION_S = 60.0
#: Where nothing departed, what came closest says how much a day may show: from this evidence on.
NEARLY_BITS = 3.0


def held_out_departures(
    scale: ChannelScale, interval_s: float, config: EventConfig
) -> dict[int, tuple[int, tuple[float, ...]]]:
    """Fold -> frames that were judged, and bits of each occasion on which frames in a row depart.

    Two things that depart at once count as one, as does one thing after another without a pause,
    which makes strengths larger, never smaller.

    Args:
        scale: of the normal.
        interval_s: between samples.
        config: what counts as an event.
    """
    found = {}
    for fold, stretches in scale.stretches().items():
        bits = [nats * BITS_PER_NAT for nats in stretches]
        strengths = _strengths(bits, DEPARTS_BITS, interval_s, config)
        if not strengths:
            strengths = tuple(sorted(_strengths(bits, NEARLY_BITS, interval_s, config))[-1:])
        found[fold] = sum(part.size for part in bits), strengths
    return found


def _strengths(
    stretches: list[FloatVector], level: float, interval_s: float, config: EventConfig
) -> tuple[float, ...]:
    """Of occasions on which runs of frames reach a level."""
    strengths: list[float] = []
    for bits in stretches:
        departures = []
        for first, last in runs(bits >= level, join=int(config.max_gap_samples)):
            run = bits[first : last + 1]
            reaching = run[run >= level]
            if reaching.size >= config.min_samples:
                known = strength(float(np.exp2(reaching).sum()), interval_s)
                departures.append((first * interval_s, last * interval_s, known))
        strengths += occasions(departures, OCCASION_S)
    return tuple(strengths)
