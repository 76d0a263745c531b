"""What a channel's departure is called in a sentence, beside what is usual at the place."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_codes import DIRECTION, SIZE, SPEED, TONE, CodeMap
from camera_analysis.channels.channel_maps import REMAIN
from camera_analysis.labelling.code_tables import CodesMeta
from camera_analysis.local_time import duration

#: Eight directions by steps of 45 degrees, from along x towards y (down).
WAYS = ("right", "lower right", "down", "lower left", "left", "upper left", "up", "upper right")
#: What departs in tone: no number of grey levels says more.
LOOKS = {
    TONE: "looks as this place hardly ever does",
    REMAIN: "has made this place look as it hardly ever does, for a minute",
}
#: With fewer readings nothing is usual at a place.
LEAST_READINGS = 5
#: Times as much from which a sentence says so; below, both numbers are given.
MANY_TIMES = 1.5


def departure(channel: str, codes: CodeMap, usual: npt.NDArray[np.int64], meta: CodesMeta) -> str:
    """What is unusual, without a subject.

    Args:
        channel: "speed", "direction", "size" or "stay".
        codes: (N,) codes of the places that depart.
        usual: (bins,) counts of the normal at these places.
        meta: what the codes mean.
    """
    if not codes.size:
        return "departs"
    known = usual.sum() >= LEAST_READINGS
    if channel == DIRECTION:
        way = WAYS[int(np.bincount(codes, minlength=len(WAYS)).argmax())]
        return f"moves {_to(way)}" + (
            f", where most move {_to(WAYS[int(usual.argmax())])}"
            if known
            else ", where nothing has moved before"
        )
    code = int(np.median(codes))
    middle = int((np.cumsum(usual) * 2 >= usual.sum()).argmax())
    here, there = _value(channel, code, meta), _value(channel, middle, meta)
    if channel == SPEED:
        what = f"moves at {here:.0f} pixels a second"
        return f"{what}, {_beside(here, there, 'as fast', known, 'pixels a second')}"
    if channel == SIZE:
        what = f"is {here:.0f} pixels large"
        return f"{what}, {_beside(here, there, 'as large', known, 'pixels')}"
    stay = f"stays: this place has been occupied for about {_seconds(here)}"
    return f"{stay}, where {_seconds(there)} is usual" if known else f"{stay}, as never before"


def _value(channel: str, code: int, meta: CodesMeta) -> float:
    least = {SPEED: meta.speed_px, SIZE: meta.size_px}.get(channel, meta.stay_s)
    return float(least * 2.0 ** ((code + 0.5) / meta.per_octave[channel]))


def _beside(here: float, there: float, how: str, known: bool, unit: str) -> str:
    if not known:
        return "where nothing has moved before"
    times = here / there
    if times >= MANY_TIMES:
        number = f"{times:.0f}" if times >= 3 else f"{times:.1f}"
        return f"{number} times {how} as is usual here"
    return f"where {there:.0f} {unit} is usual"


def _to(way: str) -> str:
    return way if way in ("up", "down") else f"to the {way}"


def _seconds(length_s: float) -> str:
    return duration(timedelta(seconds=length_s)).replace("\u00a0", " ")
