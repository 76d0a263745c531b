"""What normal days exceed too rarely to be normal: one rule for all sources of departures.

Departures by class and departures in the channels have strengths of their own
(:mod:`camera_analysis.events.departures`); days held out of the normal say how rare they are. The
k-th strongest of a source's D days has a **rarity** of log2(D / k): bits of the days that pass
between two as strong. Two departures of different sources that share half of the time that either
lasts are one thing, as rare as the rarer of them.

The rarities of the held-out days, each thing once, calibrate what an event of the next day has to
exceed. With k of them above and at a level, k / D such events a day are expected, those at the
level standing for the new one (conformal). So the promise of a false alarms a day is kept by what
exceeds all but a * D - 1 of them, between two if need be, whether the sources see the same things
or each its own, and none of them has a share of the promise that it does not use.

What departs in the channels again and again, within a minute, is one **occasion**, and the promise
is of occasions there: an odd hour whose light flickers would otherwise be most of the history.

A level of R bits beyond the rarest departure of a source, which has too short a history to tell
such a rate, lets 2^-R of them pass a day: surprise of one bit more is half as frequent by its
definition, and that is taken to go on beyond the strongest departure seen.

An incident in the history is not to hide its like. A departure is left out where an exponential
through the upper quartile of the departures of its source expects fewer than one of twenty such
histories to hold one as strong: up to a quarter of them, and one at least.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from camera_analysis.events.alarm_promise import SourcePromise, source_promise
from camera_analysis.events.departures import Departure, HeldOutFold

FloatVector = npt.NDArray[np.float64]

#: The channels among the sources; class goes by the name that regions have.
CHANNELS = "channels"
#: Of the time that either of two departures lasts, the share that both do where they are one thing.
LEAST_ALIKE = 0.5
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
    things = _things(known)
    limits, is_known = _limits(known, things, alarms_per_day)
    events, days = _measured(known, things, alarms_per_day)
    return DepartureRule(
        least_bits=limits,
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
        self._ordinary = _without_incidents(strengths, source.smallest)
        weakest = self._ordinary[:1].tolist()
        floor = min([source.smallest, *weakest]) - 1  # what every departure exceeds
        known = self._ordinary if weakest else np.array([source.smallest])
        self._bits = np.concatenate([[floor], known])
        self._rarities = np.log2(self.days / np.arange(self._bits.size, 0, -1))

    @property
    def has_departures(self) -> bool:
        """Whether any is known that is no incident."""
        return bool(self._ordinary.size)

    @property
    def rarest(self) -> float:
        """Rarity of the strongest departure, or of the first one where none was seen."""
        return float(self._rarities[-1])

    def of(self, bits: float) -> float | None:
        """Rarity of a departure; None for an incident."""
        if not self.has_departures or bits > self._ordinary[-1]:
            return None
        stronger = self._ordinary.size - np.searchsorted(self._ordinary, bits, side="right")
        return float(np.log2(self.days / (1 + stronger)))

    def strength_at(self, rarity: float) -> float:
        """Bits of a departure that is as rare."""
        beyond = max(0.0, rarity - self.rarest)
        return float(np.interp(rarity, self._rarities, self._bits)) + beyond


class _Thing(NamedTuple):
    """What departed on a held-out day, by the source that shows it; in one of them or more."""

    fold: str
    seen: dict[str, Departure]


def _things(sources: Sequence[Source]) -> list[_Thing]:
    """Whatever departed on the held-out days, each thing once."""
    found: list[_Thing] = []
    for source in sources:
        before, number_of = _by_time(found)
        new = [(fold.name, one) for fold in source.folds for one in fold.departures]
        pairs = [
            (alike, number_of[at], number)
            for number, (_, one) in enumerate(new)
            for alike, at in _alike(one, before)
        ]
        matched: dict[int, int] = {}
        taken: set[int] = set()
        for _, at, number in sorted(pairs, reverse=True):
            if at not in taken and number not in matched:
                matched[number] = at
                taken.add(at)
        for number, (fold, one) in enumerate(new):
            if number in matched:
                found[matched[number]].seen[source.name] = one
            else:
                found.append(_Thing(fold, {source.name: one}))
    return found


def _by_time(things: Sequence[_Thing]) -> tuple[list[Departure], list[int]]:
    """The first departure of each thing in the order of time, and the thing's number."""
    ordered = sorted((next(iter(one.seen.values())), number) for number, one in enumerate(things))
    return [one for one, _ in ordered], [number for _, number in ordered]


def _alike(one: Departure, ordered: Sequence[Departure]) -> Iterator[tuple[float, int]]:
    """Share of the time of both that both last, and the number of the other, where half or more.

    One that begins earlier by more than its own length shares less with it.
    """
    at = bisect_left(ordered, (2 * one.start_s - one.end_s,))
    while at < len(ordered) and ordered[at].start_s <= one.end_s:
        other = ordered[at]
        both = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
        either = max(one.end_s, other.end_s) - min(one.start_s, other.start_s)
        if both >= LEAST_ALIKE * either:
            yield (both / either if either else 1.0), at
        at += 1


def _limits(
    sources: Sequence[Source], things: Iterable[_Thing], alarms_per_day: float
) -> tuple[dict[str, float], bool]:
    """Source -> strength, together exceeded so often a day; whether all histories can tell it."""
    rarities = {one.name: _Rarity(one) for one in sources}
    level = _level(rarities, things, alarms_per_day)
    limits = {name: rarity.strength_at(level) for name, rarity in rarities.items()}
    return limits, level <= min(rarity.rarest for rarity in rarities.values())


def _level(
    rarities: Mapping[str, _Rarity], things: Iterable[_Thing], alarms_per_day: float
) -> float:
    """Rarity that no more than so many things a day exceed."""
    # A source that never departed may do so once in a history as long.
    steps = [(r.rarest, 1 / r.days) for r in rarities.values() if not r.has_departures]
    for thing in things:
        steps += _steps(thing, rarities)
    levels, number = np.unique([-rarity for rarity, _ in steps], return_inverse=True)
    levels = -levels  # descending
    a_day = np.cumsum(np.bincount(number, [more for _, more in steps]))
    for rarity in rarities.values():
        a_day = a_day + np.where(levels > rarity.rarest, np.exp2(-levels), 0.0)
    a_day = np.maximum.accumulate(a_day)
    if alarms_per_day < a_day[0]:
        return float(levels[0] + np.log2(a_day[0] / alarms_per_day))
    least = min(more for _, more in steps)
    down_to_all = np.append(levels, levels[-1] - 1)
    return float(np.interp(alarms_per_day, np.append(a_day, a_day[-1] + least), down_to_all))


def _steps(thing: _Thing, rarities: Mapping[str, _Rarity]) -> Iterator[tuple[float, float]]:
    """Rarities at which a thing is seen, and by how many a day it then counts for more."""
    seen = [
        (rarity, 1 / rarities[name].days)
        for name, one in thing.seen.items()
        if name in rarities and (rarity := rarities[name].of(one.bits)) is not None
    ]
    counted = 0.0
    for rarity, a_day in sorted(seen, reverse=True):
        if a_day > counted:
            yield rarity, a_day - counted
            counted = a_day


def _measured(
    sources: Sequence[Source], things: Sequence[_Thing], alarms_per_day: float
) -> tuple[float, float]:
    """Events and days, each fold by the rule of the others.

    Where sources were held out on different days, the days are the fewer of them, and the events
    those of so many days.
    """
    by_fold: dict[str, list[_Thing]] = {}
    for thing in things:
        by_fold.setdefault(thing.fold, []).append(thing)
    exceeding: list[list[str]] = []  # the sources of each event
    days = dict.fromkeys((one.name for one in sources), 0.0)
    for fold in sorted({each.name for one in sources for each in one.folds if each.frames}):
        rests = {one.name: one.without(fold) for one in sources}
        others = [rest for rest in rests.values() if rest.days]
        if not others:
            continue
        elsewhere = (one for name, several in by_fold.items() if name != fold for one in several)
        limits, _ = _limits(others, elsewhere, alarms_per_day)
        for one in sources:
            if one.name in limits:
                days[one.name] += one.days - rests[one.name].days
        for thing in by_fold.get(fold, ()):
            by = [name for name, d in thing.seen.items() if d.bits > limits.get(name, np.inf)]
            exceeding += [by] if by else []
    judged = {name: length for name, length in days.items() if length}
    a_day = sum(max(1 / judged[name] for name in by) for by in exceeding)
    fewest = min(judged.values(), default=0.0)
    return a_day * fewest, fewest


def _without_incidents(strengths: FloatVector, smallest: float) -> FloatVector:
    """The departures but for those too strong to come of normal days."""
    ordered = np.sort(strengths)
    most = max(1, int((1 - TAIL_QUANTILE) * ordered.size))
    quartile = float(ordered[:-most][-1]) if ordered.size > most else smallest
    halving = max((quartile - smallest) / -np.log2(1 - TAIL_QUANTILE), LEAST_HALVING)
    limit = smallest + halving * np.log2(max(ordered.size, 1) / TAKEN_FOR_INCIDENTS)
    incidents = min(int((ordered > limit).sum()), most)
    return np.asarray(ordered[: ordered.size - incidents], np.float64)
