"""How strong a departure is, and what normal days exceed too rarely to be normal.

What departs from a normal is followed over time. Each of its samples is as surprising as odds of
2^bits to 1 against it; odds of samples add up, as those of channels do
(:mod:`camera_analysis.channels.channel_fusion`), and the **strength** of a departure is the
logarithm of their sum over its seconds: b bits for T seconds make b + log2 T. So an outline that
jitters for two samples is weaker than somebody who stays, and a stay at a place where people are
seen now and then does not become an incident by its length alone.

The strengths of a window's days, each judged by the others, calibrate those of the next day: of D
days, k departures as strong as a new one promise (k + 1) / D such events a day, the new one itself
counted (conformal). So the promise of a false alarms a day is kept by what exceeds all but
a * D - 1 of them, between two if need be.

What departs in the channels again and again, within a minute, is one **occasion**, and the promise
is of occasions there: an odd hour whose light flickers would otherwise be most of the history.

A history shorter than one false alarm, a * D < 1, cannot tell such a rate. Surprise of one bit
more is half as frequent by its definition, and that is taken to go on beyond the strongest
departure seen: an event has to exceed it by log2(1 / (a * D)) bits.

An incident in the history is not to hide its like. A departure is left out where an exponential
through the upper quartile of the departures expects fewer than one of twenty such histories to
hold one as strong: up to a quarter of them, and one at least.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera_analysis.events.alarm_promise import SourcePromise, source_promise
from camera_analysis.events.events import EventConfig

FloatVector = npt.NDArray[np.float64]

#: Of the departures, that the tail is drawn through, and at most taken for incidents above it.
TAIL_QUANTILE = 0.75
#: Histories of normal days in which one departure or more is taken for an incident.
TAKEN_FOR_INCIDENTS = 0.05
#: Bits in which the number of departures halves, at least: by definition one. Most are short and
#: alike, and their like says little of the few that last.
LEAST_HALVING = 1.0


@dataclass(frozen=True)
class HeldOutFold:
    """What departed in a part of the window, judged by the other parts.

    Args:
        name: day, or day and block.
        frames: that were judged.
        strengths: bits of each departure that would have been an event.
    """

    name: str
    frames: int
    strengths: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class DepartureRule:
    """What a day's departures of one source have to exceed.

    Args:
        least_bits: strength that an event exceeds.
        promise: of false events a day, beside what the held-out days had.
    """

    least_bits: float
    promise: SourcePromise


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


def occasions(
    departures: Iterable[tuple[float, float, float]], apart_s: float
) -> tuple[float, ...]:
    """Strength of the strongest of departures that follow each other closely.

    Args:
        departures: begin and end in seconds, and bits.
        apart_s: departures further apart are not of one occasion.
    """
    found: list[float] = []
    last = -np.inf
    for begin, end, bits in sorted(departures):
        if found and begin - last <= apart_s:
            found[-1] = max(found[-1], bits)
        else:
            found.append(bits)
        last = max(last, end)
    return tuple(found)


def departure_rule(
    source: str,
    parts: Sequence[HeldOutFold],
    alarms_per_day: float,
    frames_of_day: int,
    smallest: float,
) -> DepartureRule | None:
    """The rule for a day of so many frames.

    Args:
        source: what departs: "class" or "channels".
        parts: of the normal, held out.
        alarms_per_day: events that a normal day may have by chance, > 0.
        frames_of_day: frames to judge, > 0.
        smallest: strength that a departure has at least, in bits.

    Returns:
        None where nothing was held out.
    """
    folds = [fold for fold in parts if fold.frames]
    if not folds:
        return None

    def least(known: Sequence[HeldOutFold]) -> float:
        strengths = np.array([s for fold in known for s in fold.strengths], np.float64)
        days = sum(fold.frames for fold in known) / frames_of_day
        return least_strength(strengths, days * alarms_per_day, smallest)

    found, judged = 0, 0
    for fold in folds:
        others = [other for other in folds if other is not fold]
        if others:
            limit = least(others)
            found += sum(each > limit for each in fold.strengths)
            judged += fold.frames
    days = sum(fold.frames for fold in folds) / frames_of_day
    return DepartureRule(
        least_bits=least(folds),
        promise=source_promise(
            source,
            promised=alarms_per_day,
            events=found,
            days=judged / frames_of_day,
            is_known=alarms_per_day * days >= 1,
        ),
    )


def least_strength(strengths: FloatVector, allowed: float, smallest: float) -> float:
    """Bits that a normal day's departures exceed no more often than is allowed.

    Args:
        strengths: (N,) of the departures of the history, in any order.
        allowed: false alarms allowed in a time as long as the history, > 0.
        smallest: strength that a departure has at least; where more alarms are allowed than there
            were departures, that is asked for.
    """
    ordered = np.sort(_without_incidents(strengths, smallest))[::-1]
    if allowed < 1:
        return float(ordered[0] if ordered.size else smallest) - float(np.log2(allowed))
    down_to_all = np.append(ordered, min([smallest, *ordered[-1:]]) - 1)
    return float(np.interp(allowed - 1, np.arange(down_to_all.size), down_to_all))


def _without_incidents(strengths: FloatVector, smallest: float) -> FloatVector:
    """The departures but for those too strong to come of normal days."""
    ordered = np.sort(strengths)
    most = max(1, int((1 - TAIL_QUANTILE) * ordered.size))
    quartile = float(ordered[:-most][-1]) if ordered.size > most else smallest
    halving = max((quartile - smallest) / -np.log2(1 - TAIL_QUANTILE), LEAST_HALVING)
    limit = smallest + halving * np.log2(max(ordered.size, 1) / TAKEN_FOR_INCIDENTS)
    incidents = min(int((ordered > limit).sum()), most)
    return np.asarray(ordered[: ordered.size - incidents], np.float64)
