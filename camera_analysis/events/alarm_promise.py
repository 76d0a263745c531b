"""False alarms promised of a normal day, source by source, beside what held-out footage showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import chi2

#: Share of intervals that hold the rate.
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class SourcePromise:
    """False events of a normal day by one source.

    Args:
        source: "class_and_channels", "class" where there are no channels, or "path".
        promised: a day, at most in the mean.
        measured: a day, on footage behind the normal, each part judged without itself.
        days: as long as the judged one, that were looked at; 0 where none could be.
        is_known: whether the history is long enough to tell a rate as low as the promised one.
    """

    source: str
    promised: float
    measured: float
    days: float
    is_known: bool


@dataclass(frozen=True, kw_only=True)
class AlarmPromise:
    """False alarms of a normal day: the sum of all sources.

    What departs in a frame and walks an unusual path counts twice: the sum is no less than the
    events.

    Args:
        promised: a day, at most in the mean.
        measured: a day; None where a source could not be measured.
        low: least rate that this is compatible with, 95 %.
        high: largest.
        is_known: whether the history can tell a rate as low as each part of the promise.
        sources: its parts.
    """

    promised: float
    measured: float | None
    low: float | None
    high: float | None
    is_known: bool
    sources: tuple[SourcePromise, ...]


def source_promise(
    source: str, *, promised: float, events: float, days: float, is_known: bool
) -> SourcePromise:
    """What a source promises and held-out footage showed.

    Args:
        source: its name.
        promised: false events a day.
        events: in the held-out footage.
        days: of that footage.
        is_known: see :class:`SourcePromise`.
    """
    return SourcePromise(
        source=source,
        promised=promised,
        measured=events / days if days else 0.0,
        days=days,
        is_known=is_known and days > 0,
    )


def promise_of(sources: Sequence[SourcePromise]) -> AlarmPromise | None:
    """The promise of all sources that may alarm; None without any."""
    if not sources:
        return None
    promised = sum(one.promised for one in sources)
    measured = low = high = None
    if all(one.days for one in sources):
        measured = sum(one.measured for one in sources)
        counts = [(one.measured * one.days, one.days) for one in sources]
        low, high = summed_rate_interval(counts)
    return AlarmPromise(
        promised=promised,
        measured=measured,
        low=low,
        high=high,
        is_known=all(one.is_known for one in sources),
        sources=tuple(sources),
    )


def summed_rate_interval(counts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Sums of rates that counts, each of its own number of days, are compatible with.

    The gamma interval of a weighted sum of Poisson counts (Fay and Feuer 1997); with one count, or
    days that are alike, it is the exact one.

    Args:
        counts: (events, days) of each part, days > 0.
    """
    rest = (1 - LEVEL) / 2
    total = sum(count / days for count, days in counts)
    variance = sum(count / days**2 for count, days in counts)
    low = 0.0
    if total:
        low = variance / (2 * total) * float(chi2.ppf(rest, 2 * total**2 / variance))
    heaviest = 1 / min(days for _, days in counts)
    total, variance = total + heaviest, variance + heaviest**2
    return low, variance / (2 * total) * float(chi2.ppf(1 - rest, 2 * total**2 / variance))
