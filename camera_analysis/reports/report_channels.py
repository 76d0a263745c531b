"""What a report says of the channels: which one an event departs in, and what is usual where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from camera_analysis.events.events import PATH
from camera_analysis.reports.report_figures import Figure, figure_of

#: What each channel is called on a page.
NAMES: Mapping[str, str] = {
    "class": "class at its place",
    "speed": "speed",
    "direction": "direction",
    "size": "size",
    "stay": "length of stay",
    "tone": "look",
    "remain": "lasting look",
    "path": "path",
}
#: Pictures of what is usual at each place: file name -> title, caption.
CAPTIONS: Mapping[str, tuple[str, str]] = {
    "usual_speed.png": ("Usual speed", "How fast things move at each place."),
    "usual_direction.png": ("Usual direction", "Which way most things move at each place."),
    "usual_size.png": ("Usual size", "How large what moves is at each place."),
    "usual_stay.png": ("Usual stay", "For how long each place is occupied without a break."),
}


@dataclass(frozen=True)
class ChannelFacts:
    """What the channels say of a day.

    Args:
        least_bits: strength that an event exceeds; None where class surprise judged alone.
        notes: event_id -> what it departs in, most first; empty for days judged without channels.
        figures: what is usual where; those that the day has.
    """

    least_bits: float | None
    notes: Mapping[int, str]
    figures: tuple[Figure, ...]


def read_channels(anomalies: Path, learned_normal: Path) -> ChannelFacts:
    """Read what a judged day says of its channels; days judged before there were any have none.

    Args:
        anomalies: folder of anomalies.json and events.parquet.
        learned_normal: folder of the pictures.
    """
    told = json.loads((anomalies / "anomalies.json").read_text(encoding="utf-8"))
    table = pq.read_table(anomalies / "events.parquet")
    rows = table.to_pylist() if "leading" in table.column_names else []
    found = [figure_of(learned_normal / name, *words) for name, words in CAPTIONS.items()]
    return ChannelFacts(
        least_bits=told.get("channel_least_bits", told.get("channel_alarm_bits")),  # of before
        notes={row["event_id"]: note for row in rows if (note := _note(row))},
        figures=tuple(figure for figure in found if figure.picture),
    )


def _note(row: Mapping[str, Any]) -> str:
    """As in "Leads: speed, up to 31 bits alone; also size 6"; nothing where there were no channels.

    Bits are the largest within the event, and what leads does so where the event peaks: what is
    higher than that is so at another time. A walk is not of any one time.
    """
    bits = {name: row.get(f"{name}_bits") for name in NAMES}  # days of before know no paths
    alone = {name: found for name, found in bits.items() if found is not None}
    if not alone:
        return ""
    leading = row["leading"]
    leads = alone.pop(leading, None)  # not known where class judged alone and a walk joined
    others = sorted((name for name in alone if alone[name] >= 1), key=lambda name: -alone[name])
    note = f"Leads: {NAMES[leading]}" + ("" if leads is None else f", up to {leads:.0f} bits alone")
    apart = [n for n in others if n != PATH and leads is not None and alone[n] > leads]
    for when, names in (
        ("also", [name for name in others if name not in apart]),
        ("at another time", apart),
    ):
        if names:
            note += f"; {when} " + ", ".join(f"{NAMES[name]} {alone[name]:.0f}" for name in names)
    return note
