"""How much class surprise the departures of normal days add up to, and what exceeds it too rarely.

What departs from a normal by its class is followed over time, and its strength is the surprise of
its samples added up: **bit-seconds**. An outline that jitters for two samples may surprise as much
as somebody who walks where nobody does, but not for as long. The strengths of a window's days, each
judged by the others, calibrate those of the next day: of D days, k departures as strong as a new
one promise (k + 1) / D such events a day, the new one itself counted (conformal). So the promise of
a false alarms a day is kept by what exceeds all but a * D - 1 of them, between two if need be.

A history shorter than one false alarm, a * D < 1, cannot tell such a rate. Then the number of
events is taken to fall as 1 / strength beyond the strongest one seen, as that of a heavy tail does:
an event has to exceed the strongest by 1 / (a * D).

An incident in the history is not to hide its like. A departure is left out where a power law
through the upper quartile of the departures expects fewer than one of twenty such histories to
hold one as strong: up to a quarter of them, and one at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.events.alarm_promise import SourcePromise, source_promise

FloatVector = npt.NDArray[np.float64]

CLASS_SCALE_FILE = "class_scale.parquet"
#: Of the departures, that the tail is drawn through, and at most taken for incidents above it.
TAIL_QUANTILE = 0.75
#: Histories of normal days in which one departure or more is taken for an incident.
TAKEN_FOR_INCIDENTS = 0.05
#: The number of departures falls no faster than as 1 / strength ** 2: most are short and alike, and
#: their like says little of the few that last.
LEAST_EXPONENT = 0.5

#: One row per day, or block of a lone day, behind the normal.
SCALE = pa.schema(
    [
        ("fold", pa.string()),
        ("frames", pa.int64()),  # judged by the other folds
        ("bit_s", pa.list_(pa.float64())),  # strength of each departure
    ]
)


@dataclass(frozen=True)
class HeldOutFold:
    """What departed by class in a part of the window, judged by the other parts.

    Args:
        name: day, or day and block.
        frames: that were judged.
        bit_s: strength of each departure that would have been an event.
    """

    name: str
    frames: int
    bit_s: tuple[float, ...]


@dataclass(frozen=True)
class ClassScale:
    """Departures by class in the days behind a normal."""

    folds: tuple[HeldOutFold, ...] = field(default=())

    def save(self, folder: Path) -> None:
        """Write ``class_scale.parquet``."""
        rows = [
            {"fold": fold.name, "frames": fold.frames, "bit_s": list(fold.bit_s)}
            for fold in self.folds
        ]
        table = pa.Table.from_pylist(rows, schema=SCALE)
        pq.write_table(table, folder / CLASS_SCALE_FILE, compression="zstd")

    @classmethod
    def load(cls, folder: Path) -> ClassScale | None:
        """Read what :meth:`save` wrote; None for a normal of before there was any."""
        path = folder / CLASS_SCALE_FILE
        if not path.is_file():
            return None
        rows = pq.read_table(path).to_pylist()
        return cls(tuple(HeldOutFold(r["fold"], r["frames"], tuple(r["bit_s"])) for r in rows))


@dataclass(frozen=True, kw_only=True)
class ClassRule:
    """What a day's departures by class have to exceed.

    Args:
        least_bit_s: strength that an event exceeds.
        promise: of false events a day, beside what the held-out days had.
    """

    least_bit_s: float
    promise: SourcePromise


def class_rule(
    scale: ClassScale, alarms_per_day: float, frames_of_day: int, smallest_bit_s: float
) -> ClassRule | None:
    """The rule for a day of so many frames.

    Args:
        scale: of the normal.
        alarms_per_day: events that a normal day may have by chance, > 0.
        frames_of_day: frames to judge, > 0.
        smallest_bit_s: strength that a departure has at least.

    Returns:
        None where nothing was held out.
    """
    folds = [fold for fold in scale.folds if fold.frames]
    if not folds:
        return None

    def least(parts: Sequence[HeldOutFold]) -> float:
        strengths = np.array([s for part in parts for s in part.bit_s], np.float64)
        days = sum(part.frames for part in parts) / frames_of_day
        return least_strength(strengths, days * alarms_per_day, smallest_bit_s)

    found, judged = 0, 0
    for fold in folds:
        others = [other for other in folds if other is not fold]
        if others:
            limit = least(others)
            found += sum(strength > limit for strength in fold.bit_s)
            judged += fold.frames
    days = sum(fold.frames for fold in folds) / frames_of_day
    return ClassRule(
        least_bit_s=least(folds),
        promise=source_promise(
            "class",
            promised=alarms_per_day,
            events=found,
            days=judged / frames_of_day,
            is_known=alarms_per_day * days >= 1,
        ),
    )


def least_strength(strengths: FloatVector, allowed: float, smallest: float) -> float:
    """Strength that a normal day's departures exceed no more often than is allowed.

    Args:
        strengths: (N,) of the departures of the history, in any order.
        allowed: false alarms allowed in a time as long as the history, > 0.
        smallest: strength that a departure has at least, > 0.
    """
    ordered = np.sort(_without_incidents(strengths, smallest))[::-1]
    if allowed < 1:
        return float(ordered[0] if ordered.size else smallest) / allowed
    down_to_nothing = np.append(ordered, 0.0)
    return float(np.interp(allowed - 1, np.arange(down_to_nothing.size), down_to_nothing))


def _without_incidents(strengths: FloatVector, smallest: float) -> FloatVector:
    """The departures but for those too strong to come of normal days."""
    ordered = np.sort(strengths)
    most = max(1, int((1 - TAIL_QUANTILE) * ordered.size))
    quartile = float(ordered[:-most][-1]) if ordered.size > most else smallest
    exponent = max(np.log(quartile / smallest) / -np.log(1 - TAIL_QUANTILE), LEAST_EXPONENT)
    limit = smallest * (ordered.size / TAKEN_FOR_INCIDENTS) ** exponent
    incidents = min(int((ordered > limit).sum()), most)
    return np.asarray(ordered[: ordered.size - incidents], np.float64)
