"""What a report says of false alarms of a normal day: promised and measured, source by source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOT_KNOWN = "\u2013"
#: What each source of alarms is called on a page.
SOURCES: Mapping[str, str] = {
    "class_and_channels": "Class, speed, direction, size, stay",
    "class": "Class at its place",
    "channels": "Speed, direction, size, stay",
    "path": "Unusual paths",
}
_STRONGER = (
    "an event has to be stronger than the strongest departure seen, its odds by as many times as "
    "the history is too short"
)
#: What is done where the history cannot tell a rate as low as the promised one.
_UNKNOWN: Mapping[str, str] = {
    "class_and_channels": _STRONGER,
    "class": _STRONGER,
    "channels": _STRONGER,
    "path": "none alarms",
}


@dataclass(frozen=True)
class PromiseRow:
    """A source of alarms: events of a normal day."""

    source: str
    promised: str
    measured: str


@dataclass(frozen=True)
class PromiseFacts:
    """False alarms of a normal day.

    Args:
        rows: each source, then all of them; empty where nothing is promised.
        says: in sentences.
    """

    rows: tuple[PromiseRow, ...]
    says: tuple[str, ...]


def read_promise(anomalies: Path) -> PromiseFacts:
    """Read what a judged day promises.

    Args:
        anomalies: folder of anomalies.json.
    """
    told = json.loads((anomalies / "anomalies.json").read_text(encoding="utf-8"))
    promise = told.get("promise")
    if promise is None:
        return PromiseFacts((), _without_promise(told))
    total = PromiseRow("All together", _a_day(promise["promised"]), _total(promise))
    return PromiseFacts(
        rows=(*(_row(source) for source in promise["sources"]), total),
        says=(*_measured(promise), *_too_short(promise), *_by_class(told)),
    )


def _without_promise(told: Mapping[str, Any]) -> tuple[str, ...]:
    if told["status"] == "cross_fitted":
        return (
            "A single clip has no other footage to hold out: how many false alarms its like has "
            "cannot be known.",
        )
    if told["status"] != "judged":
        return ()
    if "promise" not in told:
        return (
            "This day was judged before every source of alarms was calibrated, so no rate of false "
            "alarms is promised. Judge it again to have one.",
        )
    return (
        "No frame behind the normal could be held out to judge it, so no rate of false alarms is "
        "promised.",
    )


def _row(source: Mapping[str, Any]) -> PromiseRow:
    days = source["days"]
    seen = f"{source['measured']:.1f} ({days:.1f} days)" if days else NOT_KNOWN
    note = "" if source["is_known"] else "; too short to know"
    return PromiseRow(SOURCES[source["source"]], _a_day(source["promised"]), seen + note)


def _total(promise: Mapping[str, Any]) -> str:
    if promise["measured"] is None:
        return NOT_KNOWN
    return f"{promise['measured']:.1f} (95 %: {promise['low']:.1f} to {promise['high']:.1f})"


def _measured(promise: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"A normal day has at most {_a_day(promise['promised'])} of them in the mean, of all "
        "sources together. Measured is what the days behind the normal would have had, each judged "
        "without itself; whatever was truly wrong on them counts too. What departs in speed, "
        "direction, size or stay again and again within a minute counts once.",
    )


def _too_short(promise: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{SOURCES[one['source']]}: {one['days']:.1f} days are too few to know so low a rate by. "
        f"Until more have been judged, {_UNKNOWN[one['source']]}."
        for one in promise["sources"]
        if not one["is_known"]
    )


def _by_class(told: Mapping[str, Any]) -> tuple[str, ...]:
    least, usual = told.get("class_least_bits"), told["usual_departures"]
    if least is None:
        return ()
    left = (
        " 1 departure of this day was no stronger than that, and is no event."
        if usual == 1
        else f" {usual:,} departures of this day were no stronger than that, and are no events."
    )
    alarm = told["alarm_bits"]
    return (
        "What departs by its class alone is an event where it is stronger than "
        f"{least:.1f} bits over all of its seconds, as {alarm:.1f} bits for "
        f"{_seconds(2.0 ** (least - alarm))} are.{left if usual else ''}",
    )


def _seconds(length_s: float) -> str:
    return f"{length_s:.2g} s" if length_s < 10 else f"{length_s:,.0f} s"


def _a_day(rate: float) -> str:
    return f"{round(rate, 2):g}"
