"""Channel counts of a window of days: added up, stored beside the learned normal, shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from camera_analysis.channels.channel_counts import ChannelCounts
from camera_analysis.normal.hourly_channels import HourlyChannels
from camera_analysis.normal.usual_channels import save_usual, usual_maps, write_usual
from camera_analysis.pictures import RgbImage


@dataclass(frozen=True, kw_only=True)
class ChannelWindow:
    """Channels of a window.

    Args:
        total: counts of all days that have any; None where none has.
        by_day: day -> its counts, whatever the hour.
        days: that were counted, ascending.
        other_days: days of the window without channels, or whose codes mean something else.
    """

    total: HourlyChannels | None
    by_day: Mapping[str, ChannelCounts]
    days: tuple[str, ...]
    other_days: tuple[str, ...]


def sum_channels(
    counts: Mapping[str, Path], days: Sequence[str], hours: Collection[int] | None = None
) -> ChannelWindow:
    """Add up the channel counts of days, one in memory at a time.

    What the codes of the latest day mean is what counts: days before it that were read in another
    way are left out, and so are days labelled before there were channels.

    Args:
        counts: day -> folder of its activity counts.
        days: of the window, ascending.
        hours: local hours that count; None takes all.
    """
    total: HourlyChannels | None = None
    by_day: dict[str, ChannelCounts] = {}
    for day in reversed(days):
        of_day = HourlyChannels.load(counts[day])
        if of_day is None or (total is not None and of_day.meta != total.meta):
            continue
        picked = of_day.of_hours(hours)
        total = picked if total is None else total + picked
        by_day[day] = picked.total()
    return ChannelWindow(
        total=total,
        by_day=by_day,
        days=tuple(sorted(by_day)),
        other_days=tuple(sorted(set(days) - set(by_day))),
    )


def write_channels(
    window: ChannelWindow, plate_rgb: RgbImage, note: str, out: Path
) -> tuple[Path, ...]:
    """Write the counts, what is usual at each place, and its pictures; nothing without counts.

    Args:
        window: from :func:`sum_channels`.
        plate_rgb: (H, W, 3) privacy-safe background.
        note: of how many frames, for the titles.
        out: existing folder.
    """
    if window.total is None or not window.total.frames:
        return ()
    window.total.save(out)
    usual = usual_maps(window.total.total(), window.total.meta)
    write_usual(usual, out)
    return save_usual(usual, plate_rgb, note, out)
