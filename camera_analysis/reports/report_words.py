"""The sentences and key figures of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from camera_analysis.reports.report_facts import DayFacts, Departures

if TYPE_CHECKING:
    from camera_analysis.camera import Camera
    from camera_analysis.occupancy.rois import Roi

#: Below this share of usable frames, a reader is told that much of the day was not judged.
MOSTLY_USABLE = 0.95
#: Hexadecimal characters of a version shown as a key figure; the footer has all of them.
SHORT_VERSION = 12
NOT_KNOWN = "\u2013"


@dataclass(frozen=True)
class KeyFigure:
    """One number of the day, with what it is measured against."""

    label: str
    value: str
    note: str
    alarm: bool = False  # drawn in the colour of an alarm


@dataclass(frozen=True)
class RegionRow:
    """A region of interest: its corners' count and its bounding box in pixels."""

    name: str
    corners: int
    low_xy: str
    high_xy: str


def verdict(day: DayFacts) -> str:
    """The day in one sentence."""
    departures, normal = day.departures, day.normal
    if not day.frames.sampled:
        return "No frame of this day could be read: nothing could be judged."
    if not day.frames.usable:
        return "No usable frame: nothing could be judged."
    if departures.status.code == "scene_changed":
        return "The camera shows another scene; nothing is judged until that one is learned."
    if departures.status.code == "warming_up":
        return (
            f"The normal behind this day holds {plural(normal.frames, 'frame')} "
            f"from {plural(len(normal.days), 'day')}, too few to call anything unusual."
        )
    if not departures.alarms:
        return _without_events(departures)
    worst = max(departures.alarms, key=lambda event: event.score_bits)
    count = len(departures.alarms)
    strongest = f"at {worst.peak} it" if count == 1 else f"the strongest, at {worst.peak},"
    return (
        f"{plural(count, 'event')} departed from normal; {strongest} reached "
        f"{bits(worst.score_bits)}; by class a departure begins at {bits(departures.alarm_bits)}."
    )


def _without_events(departures: Departures) -> str:
    if departures.expected:
        count = plural(len(departures.expected), "event")
        return f"Nothing departed from normal but {count} that a person said to expect."
    highest, alarm = departures.highest_bits, departures.alarm_bits
    if highest is None or alarm is None or highest < alarm:
        return f"Nothing departed from normal; a departure begins at {bits(alarm)}."
    return (
        f"No event: the surprise reached {bits(highest)} at {departures.highest_at}, above the "
        f"{bits(alarm)} at which a departure begins, but no region kept it for long enough."
    )


def caution(day: DayFacts) -> str:
    """What the verdict does not cover; empty where nearly all of the footage was usable."""
    frames, says = day.frames, []
    if frames.usable and frames.usable_share < MOSTLY_USABLE:
        left_out = plural(frames.sampled - frames.usable, "frame")
        says.append(f"{left_out} of {frames.sampled:,} could not be used and were not judged")
    if day.parts_missing:
        says.append(unused(day.parts_missing))
    return f"{'; '.join(says)}. See frame quality and faults." if says else ""


def left_out_before(camera: Camera, day: str) -> str:
    """Which days of the window behind a day `learn_from` leaves out; empty where it does none."""
    first = camera.learn_from
    if first is None or camera.mode == "clip":
        return ""
    judged = date.fromisoformat(day)
    window = [judged - timedelta(days=back) for back in range(camera.window_days, 0, -1)]
    earlier = [one.isoformat() for one in window if one < first]
    if not earlier:
        return ""
    rest = ", which is all of the window" if len(earlier) == len(window) else ""
    says = f"learn_from {first} in its camera.yaml leaves out {day_ranges(earlier)}{rest}."
    if judged >= first:
        return says
    return (
        f"{says} This day lies before it, too; if its scene is the present one:"
        f" learned-normal cameras relearn {camera.id} --from {day}"
    )


def unused(faults: int) -> str:
    """How many parts of the footage left a gap: "2 parts of the footage could not be used"."""
    return f"{plural(faults, 'part')} of the footage could not be used"


def percent(share: float) -> str:
    """A share of [0, 1] in per cent, rounded down so that only a whole reads 100 %."""
    return f"{math.floor(round(share * 1000, 6)) / 10:.1f}\u00a0%"


def bits(value: float | None) -> str:
    """A surprise with its unit: "12.4 bits"; a dash where there is none."""
    return NOT_KNOWN if value is None else f"{value:.1f}\u00a0bits"


def plural(count: int, noun: str, many: str = "") -> str:
    """A count with its noun: "1 event", "2,419 frames", "3 stretches"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {many or noun + 's'}"


def day_ranges(days: Sequence[str]) -> str:
    """Days "YYYY-MM-DD" in order, runs of them joined: "2026-01-01 to 2026-01-04, 2026-01-06"."""
    runs: list[list[str]] = []
    for day in sorted(days):
        follows = runs and date.fromisoformat(runs[-1][-1]) + timedelta(days=1)
        if follows == date.fromisoformat(day):
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def key_figures(day: DayFacts, interval_s: float) -> tuple[KeyFigure, ...]:
    """The six numbers below a report's title."""
    frames, departures, normal = day.frames, day.departures, day.normal
    judged = departures.highest_bits is not None
    left_out = f"{plural(frames.sampled - frames.usable, 'frame')} left out"
    missing = f", {len(normal.missing_days)} missing" if normal.missing_days else ""
    return (
        KeyFigure("Frames sampled", f"{frames.sampled:,}", f"one every {interval_s:g}\u00a0s"),
        KeyFigure(
            "Usable",
            percent(frames.usable_share),
            left_out if frames.sampled else "no frame could be read",
        ),
        KeyFigure(
            "Events",
            f"{len(departures.alarms):,}" if judged else NOT_KNOWN,
            _about_events(departures) if judged else "not judged",
            alarm=bool(departures.alarms),
        ),
        KeyFigure(
            "Highest surprise",
            bits(departures.highest_bits),
            f"of a frame, at {departures.highest_at}" if judged else "not judged",
        ),
        KeyFigure(
            "Behind the normal",
            plural(len(normal.days), "day"),
            f"{plural(normal.frames, 'frame')}{missing}",
        ),
        KeyFigure("Segmenter", day.segmenter[:SHORT_VERSION], ", ".join(day.classes)),
    )


def _about_events(departures: Departures) -> str:
    expected = f", {len(departures.expected)} expected" if departures.expected else ""
    return f"departures begin at {bits(departures.alarm_bits)}{expected}"


def count_events(departures: Departures) -> str:
    """All events, expected ones too: "2 events, 1 of them expected"."""
    count, expected = len(departures.events), len(departures.expected)
    which = f", {expected:,} of them expected" if expected < count else ", expected"
    return plural(count, "event") + (which if expected else "")


def region_row(roi: Roi) -> RegionRow:
    """A region as a row of the report's table."""
    xs, ys = zip(*roi.polygon_xy, strict=True)
    low, high = (f"{pick(xs):g}, {pick(ys):g}" for pick in (min, max))
    return RegionRow(roi.name, len(xs), low, high)


#: What the templates call to put numbers into words.
WORDS = {
    "bits": bits,
    "count_events": count_events,
    "day_ranges": day_ranges,
    "percent": percent,
    "plural": plural,
    "unused": unused,
}
