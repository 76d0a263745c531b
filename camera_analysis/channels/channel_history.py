"""How high normal frames of a window score in the channels: each day against the others.

A window too long to be looked at whole is calibrated by what departed when its days were judged
themselves, each by its own history, as far as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from camera_analysis.channels.channel_departures import OCCASION_S, held_out_departures
from camera_analysis.channels.channel_scale import Fold, blocks_of_day, learn_scale
from camera_analysis.channels.channel_window import ChannelWindow, sum_channels
from camera_analysis.events.class_history import DayBehind, departures_as_judged
from camera_analysis.events.departure_tables import CHANNEL_DEPARTURES_FILE
from camera_analysis.events.departures import HeldOutFold, occasions
from camera_analysis.events.events import EventConfig
from camera_analysis.events.held_out_scale import CHANNEL_STRENGTHS_FILE, HeldOutScale
from camera_analysis.footage.frame_times import read_frame_times
from camera_analysis.labelling.code_tables import CODES_FILE
from camera_analysis.normal import held_out
from camera_analysis.normal.cross_fit import cut_blocks


def write_scale(days: Mapping[str, DayBehind], config: EventConfig, out: Path) -> None:
    """Write how the days of a window score; nothing where none has channels.

    Args:
        days: of the window.
        config: what counts as an event.
        out: existing folder, of the learned normal of these days; gets ``channel_scale.parquet``
            and ``channel_strengths.parquet``.
    """
    window = sum_channels({name: day.counts for name, day in days.items()}, sorted(days))
    if window.total is None or not window.total.frames:
        return
    folds = _folds(window, days)
    scale = learn_scale(list(folds.values()), window.total.meta)
    scale.save(out)
    known = _as_judged(window, days)
    for number, (name, fold) in enumerate(folds.items()):
        interval_s = fold.times.interval.total_seconds()
        departures = held_out_departures(scale, number, interval_s, config)
        judged = len(scale.times_s.get(number, ()))
        known.setdefault(name, HeldOutFold(name, judged, departures))
    held_out = tuple(known[name] for name in sorted(known))
    HeldOutScale(held_out).save(out / CHANNEL_STRENGTHS_FILE)


def _folds(window: ChannelWindow, days: Mapping[str, DayBehind]) -> dict[str, Fold]:
    """The days of a window, or blocks of a lone one, by name."""
    found = {}
    for name in window.days:
        day = days[name]
        rows = pq.read_metadata(day.labels / CODES_FILE).num_rows
        times = read_frame_times(day.index, ZoneInfo("UTC"))
        found[name] = Fold(day.labels, 0, rows, window.by_day[name], times, day.alarms)
    if len(found) > 1 or window.total is None:
        return found
    ((name, lone),) = found.items()
    blocks = [
        (block.start, block.end) for block in cut_blocks(lone.stop, held_out.LONE_DAY_BLOCKS, 0)
    ]
    parts = blocks_of_day(lone.labels_dir, window.total.meta, blocks, lone.times)
    return {
        f"{name}/{number}": replace(part, alarms=lone.alarms) for number, part in enumerate(parts)
    }


def _as_judged(window: ChannelWindow, days: Mapping[str, DayBehind]) -> dict[str, HeldOutFold]:
    """Day -> what departed on it when it was judged; of a window that is looked at whole, none."""
    frames = {name: counts.frames for name, counts in window.by_day.items()}
    if len(frames) == 1 or sum(frames.values()) <= held_out.MOST_FRAMES:
        return {}
    found = {name: departures_as_judged(days[name], CHANNEL_DEPARTURES_FILE) for name in frames}
    return {
        name: HeldOutFold(name, frames[name], occasions(departures, OCCASION_S))
        for name, departures in found.items()
        if departures is not None
    }
