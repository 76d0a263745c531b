"""What normal days exceed too rarely to be normal: one rule for all sources of departures.

Departures by class and departures in the channels have strengths of their own
(:mod:`camera_analysis.events.departures`); days held out of the normal say how rare they are. The
k-th strongest of a source's D days has a **rarity** of log2(D / k): bits of the days that pass
between two as strong. A thing that departs in two sources is as rare as the rarer of its two
departures says.

The rarities of the held-out days, each thing once, calibrate what an event of the next day has to
exceed. With k of them above and at a level, k / D such events a day are expected, those at the
level standing for the new one (conformal); a thing with a rarity in two sources counts once, two
that meet by chance count twice. So the promise of a false alarms a day is kept by what exceeds all
but a * D - 1 of them, between two if need be, whether the sources see the same things or each its
own, and none of them has a share of the promise that it does not use.

What departs in the channels again and again, within a minute, is one **occasion**, and the promise
is of occasions there: an odd hour whose light flickers would otherwise be most of the history.

A history shorter than its rarest departures, a * D < 1, or 2 where each source has another one,
cannot tell such a rate. Surprise of one bit more is half as frequent by its definition, and that is
taken to go on beyond the strongest departure seen: an event has to exceed it by so many bits.

An incident in the history is not to hide its like. A departure is left out where an exponential
through the upper quartile of the departures of its source expects fewer than one of twenty such
histories to hold one as strong: up to a quarter of them, and one at least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from camera_analysis.events.alarm_promise import SourcePromise, source_promise
from camera_analysis.events.departures import Departure, HeldOutFold

FloatVector = npt.NDArray[np.float64]

#: The channels among the sources; class goes by the name that regions have.
CHANNELS = "channels"
#: Of the departures, that the tail is drawn through, and at most taken for incidents above it.
TAIL_QUANTILE = 0.75
#: Histories of normal days in which one departure or more is taken for an incident.
TAKEN_FOR_INCIDENTS = 0.05
#: Bits in which the number of departures halves, at least: by definition one. Most are short and
#: alike, and their like says little of the few that last.
LEAST_HALVING = 1.0


@dataclass(frozen=True, kw_only=True)
class Source:
    """What departed on days held out, of one source.

    Args:
        name: "class" or "channels".
        folds: parts of the normal, each judged by the others.
        smallest: strength that a departure has at least, in bits.
        frames_of_day: frames to judge, > 0.
    """

    name: str
    folds: Sequence[HeldOutFold]
    smallest: float
    frames_of_day: int

    @property
    def days(self) -> float:
        """As long as the judged one, that were held out."""
        return sum(fold.frames for fold in self.folds) / self.frames_of_day

    def of(self, fold: str) -> tuple[Departure, ...]:
        """What departed in a fold."""
        return tuple(d for each in self.folds if each.name == fold for d in each.departures)

    def without(self, fold: str) -> Source:
        """The other folds."""
        return replace(self, folds=[each for each in self.folds if each.name != fold])


@dataclass(frozen=True, kw_only=True)
class DepartureRule:
    """What a day's departures have to exceed.

    Args:
        least_bits: source -> strength that an event exceeds; one source is enough.
        promise: of false events a day, beside what the held-out days had.
    """

    least_bits: Mapping[str, float]
    promise: SourcePromise


def departure_rule(sources: Sequence[Source], alarms_per_day: float) -> DepartureRule | None:
    """The rule for a day.

    Args:
        sources: of departures; those of which nothing was held out are left aside.
        alarms_per_day: events that a normal day may have by chance, > 0.

    Returns:
        None where nothing was held out.
    """
    known = [one for one in sources if one.days]
    if not known:
        return None
    level, is_known = _level(known, alarms_per_day)
    events, days = _measured(known, alarms_per_day)
    return DepartureRule(
        least_bits=_limits(known, level),
        promise=source_promise(
            "_and_".join(one.name for one in known),
            promised=alarms_per_day,
            events=events,
            days=days,
            is_known=is_known,
        ),
    )


class _Rarity:
    """How rare a source's departures are by their strength, in bits of days between two."""

    def __init__(self, source: Source) -> None:
        strengths = np.array([s for fold in source.folds for s in fold.strengths], np.float64)
        self.days = source.days
        ordinary = _without_incidents(strengths, source.smallest)
        #: (N,) strengths, ascending.
        self.ordinary = ordinary
        floor = min([source.smallest, *ordinary[:1]]) - 1  # what every departure exceeds
        self._bits = np.concatenate([[floor], ordinary if ordinary.size else [source.smallest]])
        self._rarities = np.log2(self.days / np.arange(self._bits.size, 0, -1))

    def of(self, bits: float) -> float:
        """Rarity of a departure that is no incident."""
        stronger = self.ordinary.size - np.searchsorted(self.ordinary, bits, side="right")
        return float(np.log2(self.days / (1 + stronger)))

    def strength_at(self, rarity: float) -> float:
        """Bits of a departure that is as rare."""
        beyond = max(0.0, rarity - float(self._rarities[-1]))
        return float(np.interp(rarity, self._rarities, self._bits)) + beyond


@dataclass
class _Thing:
    """What departed in one source or more: the rarest of them, and how often a day that is."""

    start_s: float
    end_s: float
    rarity: float
    a_day: float


def _level(sources: Sequence[Source], alarms_per_day: float) -> tuple[float, bool]:
    """Rarity that no more than so many things a day exceed, and whether the history can tell it."""
    things = _things(sources)
    levels, number = np.unique([-one.rarity for one in things], return_inverse=True)
    a_day = np.cumsum(np.bincount(number, [one.a_day for one in things]))
    if alarms_per_day < a_day[0]:
        return float(-levels[0] + np.log2(a_day[0] / alarms_per_day)), False
    least = min(one.a_day for one in things)
    down_to_all = np.append(-levels, -levels[-1] - 1)
    return float(np.interp(alarms_per_day, np.append(a_day, a_day[-1] + least), down_to_all)), True


def _things(sources: Sequence[Source]) -> list[_Thing]:
    """Whatever departed on the held-out days, each thing once.

    What departs in a source while something departs in one before it is the same thing, the rarest
    of them. A source that never departed may do so once in a history as long.
    """
    found: list[_Thing] = []
    for source in sources:
        rarity = _Rarity(source)
        starts, ends = np.array([[one.start_s, one.end_s] for one in found]).reshape(-1, 2).T
        rarities = np.array([one.rarity for one in found])
        a_day = 1 / rarity.days
        if not rarity.ordinary.size:
            found.append(_Thing(np.inf, -np.inf, rarity.of(source.smallest), a_day))
        for one in (d for fold in source.folds for d in fold.departures):
            if not rarity.ordinary.size or one.bits > rarity.ordinary[-1]:
                continue  # an incident
            thing = _Thing(one.start_s, one.end_s, rarity.of(one.bits), a_day)
            same = np.flatnonzero((starts <= one.end_s) & (ends >= one.start_s))
            if not same.size:
                found.append(thing)
                continue
            known = found[same[rarities[same].argmax()]]
            known.rarity = max(known.rarity, thing.rarity)
            known.a_day = max(known.a_day, thing.a_day)
    return found


def _limits(sources: Sequence[Source], level: float) -> dict[str, float]:
    return {one.name: _Rarity(one).strength_at(level) for one in sources}


def _measured(sources: Sequence[Source], alarms_per_day: float) -> tuple[int, float]:
    """Events and days, each fold by the rule of the others.

    Where the sources were held out on different days, the days are the fewer of them.
    """
    events, days = 0, dict.fromkeys((one.name for one in sources), 0.0)
    for name in sorted({fold.name for one in sources for fold in one.folds if fold.frames}):
        others = [other for one in sources if (other := one.without(name)).days]
        if not others:
            continue
        limits = _limits(others, _level(others, alarms_per_day)[0])
        exceed: list[Departure] = []
        for one in sources:
            if one.name not in limits:
                continue
            days[one.name] += one.days - one.without(name).days
            before = tuple(exceed)
            exceed += [
                d
                for d in one.of(name)
                if d.bits > limits[one.name]
                and not any(b.start_s <= d.end_s and d.start_s <= b.end_s for b in before)
            ]
        events += len(exceed)
    return events, min(days.values())


def _without_incidents(strengths: FloatVector, smallest: float) -> FloatVector:
    """The departures but for those too strong to come of normal days."""
    ordered = np.sort(strengths)
    most = max(1, int((1 - TAIL_QUANTILE) * ordered.size))
    quartile = float(ordered[:-most][-1]) if ordered.size > most else smallest
    halving = max((quartile - smallest) / -np.log2(1 - TAIL_QUANTILE), LEAST_HALVING)
    limit = smallest + halving * np.log2(max(ordered.size, 1) / TAKEN_FOR_INCIDENTS)
    incidents = min(int((ordered > limit).sum()), most)
    return np.asarray(ordered[: ordered.size - incidents], np.float64)
