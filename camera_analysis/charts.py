"""Bars and curves of a camera-day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from camera_analysis.canvas import EVENT_RGB, FONT_POINTS, class_colours, figure, save, unit
from camera_analysis.label_classes import STATIC

FloatSeries = npt.NDArray[np.floating]


#: Round distances between two ticks of a time axis, in seconds: 1 s to 1 day.
STEPS_S = (
    1,
    2,
    5,
    10,
    20,
    30,
    *(60 * m for m in (1, 2, 5, 10, 20, 30)),
    *(3600 * h for h in (1, 2, 4, 6, 12, 24)),
)
#: Labels with seconds are wider: fewer of them stand side by side on a phone.
MOST_STEPS, MOST_STEPS_WITH_SECONDS = 6, 4
#: A threshold that nothing reaches is drawn below the frame: height of the plot, in thresholds.
ROOM_ABOVE = 1.2


@dataclass(frozen=True)
class Ticks:
    """Instants in UTC and what is written at them."""

    times: list[datetime]
    labels: list[str]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Scores of a day; instants, so that no curve runs back when the clocks change.

    Args:
        times: of the judged frames in UTC, ascending.
        zone: whose time the axis names.
        surprise_bits: one score per frame.
        delta_share: one share in [0, 1] per frame.
        alarm_bits: threshold.
        spans: start and end of each event.
        gap: two frames further apart are not joined by a line.
    """

    times: Sequence[datetime]
    zone: ZoneInfo
    surprise_bits: FloatSeries
    delta_share: FloatSeries
    alarm_bits: float
    spans: Sequence[tuple[datetime, datetime]]
    gap: timedelta


def save_activity(
    shares: Mapping[int, npt.NDArray[np.float64]],
    frames_by_hour: Mapping[int, int],
    classes: tuple[str, ...],
    path: Path,
    *,
    not_told: Collection[int] = (),
) -> None:
    """Bar chart: share of the pixels of each local hour that belonged to each moving class.

    Args:
        shares: hour -> (K,) shares.
        frames_by_hour: hour -> frames.
        classes: their names.
        path: of the picture.
        not_told: classes that nothing looked for, and that are left out.
    """
    chart = figure(3.6)
    axes = chart.subplots()
    hours = np.array(sorted(shares), int)
    bottom = np.zeros(len(hours))
    for class_id, colour in enumerate(class_colours(classes)):
        if class_id == STATIC or class_id in not_told:
            continue
        percent = np.array([100 * shares[hour][class_id] for hour in hours])
        axes.bar(hours, percent, 0.8, bottom, color=unit(colour), label=classes[class_id])
        bottom = bottom + percent
    axes.set_xlim(-0.5, 23.5)
    axes.set_xticks(range(0, 24, 3))
    axes.set_xlabel("local hour")
    axes.set_ylabel("% of pixels")
    if 2 <= len(classes) <= 8:
        axes.legend(frameon=False, fontsize=FONT_POINTS)
    frames = sum(frames_by_hour.values())
    hours_counted = "1 hour" if len(frames_by_hour) == 1 else f"{len(frames_by_hour)} hours"
    axes.set_title(f"What moved, by hour\n{frames:,} frames in {hours_counted}")
    save(chart, path)


def save_timeline(timeline: Timeline, path: Path) -> None:
    """Surprise over local time with threshold and events shaded; delta share below.

    The words stand above the plot, where they hide nothing. What is expected may be said later, so
    they count all events.
    """
    chart = figure(5.0)
    above, below = chart.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    for start, end in timeline.spans:
        for axes in (above, below):
            axes.axvspan(start, end, color=unit(EVENT_RGB), alpha=0.25, lw=1)
    times, bits, share = _broken_at_gaps(timeline)
    above.plot(times, bits, color="black", lw=0.8)
    above.axhline(timeline.alarm_bits, color=unit(EVENT_RGB), ls="--", lw=1.2)
    highest = float(np.nanmax(bits)) if len(bits) else 0.0
    above.set_ylim(0.0, max(ROOM_ABOVE * timeline.alarm_bits, 1.05 * highest))
    above.set_ylabel("class surprise, bits")
    count = len(timeline.spans)
    events = "1 event" if count == 1 else f"{count} events"
    above.set_title(
        f"{len(timeline.times):,} frames; "
        f"dashed: class departs above {timeline.alarm_bits:.1f} bits\n"
        f"shaded: {events} of any channel, expected or not"
    )
    below.plot(times, 100 * share, color="black", lw=0.8)
    below.set_ylim(bottom=0.0)
    below.set_ylabel("delta,\n% of pixels")
    ticks = time_ticks(timeline.times[0], timeline.times[-1], timeline.zone)
    below.set_xticks(ticks.times, ticks.labels)
    below.set_xlabel("local time")
    save(chart, path)


def time_ticks(first: datetime, last: datetime, zone: ZoneInfo) -> Ticks:
    """At most seven round local times within a day's span, five where they name seconds."""
    span_s = (last - first).total_seconds()
    step_s = next((step for step in STEPS_S if span_s / step <= _most_steps(step)), STEPS_S[-1])
    midnight = first.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = midnight.astimezone(UTC)
    count = int((first - midnight).total_seconds() // step_s)
    times = []
    while (time := midnight + timedelta(seconds=count * step_s)) <= last:
        times += [time] if time >= first else []
        count += 1
    pattern = "%H:%M:%S" if step_s < 60 else "%H:%M"
    times = times or [first]
    return Ticks(times, [f"{time.astimezone(zone):{pattern}}" for time in times])


def _most_steps(step_s: int) -> int:
    return MOST_STEPS_WITH_SECONDS if step_s < 60 else MOST_STEPS


def _broken_at_gaps(timeline: Timeline) -> tuple[list[datetime], FloatSeries, FloatSeries]:
    """The curves with a NaN inside every gap, so that no line crosses it."""
    times = list(timeline.times)
    gaps = [i + 1 for i in range(len(times) - 1) if times[i + 1] - times[i] > timeline.gap]
    bits = np.insert(np.asarray(timeline.surprise_bits, float), gaps, np.nan)
    share = np.insert(np.asarray(timeline.delta_share, float), gaps, np.nan)
    for place in reversed(gaps):
        times.insert(place, times[place - 1] + timeline.gap / 2)
    return times, bits, share
