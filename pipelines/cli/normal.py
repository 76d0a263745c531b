"""``learned-normal cameras normal``: what is normal of any days, at some hours or weekdays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from pipelines.cli.days import LOCAL_DAY
from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.settings import Settings

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@click.command()
@click.argument("camera_id")
@click.option("--output", required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--from",
    "first_day",
    type=LOCAL_DAY,
    default="",
    help="First day, YYYY-MM-DD; default: the first.",
)
@click.option(
    "--to", "last_day", type=LOCAL_DAY, default="", help="Last day, inclusive; default: the last."
)
@click.option("--hours", default="", help="Local hours, e.g. 8 or 7-9,17; default: all.")
@click.option("--weekdays", default="", help="E.g. mon or mon-fri,sun; default: all.")
@HOME_OPTION
def normal(
    camera_id: str,
    output: Path,
    first_day: str,
    last_day: str,
    hours: str,
    weekdays: str,
    home: Path | None,
) -> None:
    """Show what is normal of a camera on any of its counted days: pictures and tables in a folder.

    Counts are added up; no footage is read again.
    """
    settings = settings_of(home)
    try:
        picked_hours = _numbers(hours, [str(hour) for hour in range(24)], "--hours")
        picked_weekdays = _numbers(weekdays.lower(), WEEKDAYS, "--weekdays")
        days = _counted_days(settings, camera_id, first_day, last_day, picked_weekdays)
        lines = _write(settings, camera_id, days, picked_hours, output)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    for line in lines:
        click.echo(line)


def _counted_days(
    settings: Settings,
    camera_id: str,
    first_day: str,
    last_day: str,
    weekdays: Sequence[int] | None,
) -> list[str]:
    from pipelines.resources import open_store

    keys = [key.split("/") for key in open_store(settings).partitions("activity_counts")]
    counted = sorted(key[1] for key in keys if key[0] == camera_id)
    if not counted:
        raise ValueError(f"camera {camera_id} has no counted day; backfill it first")
    days = [
        day
        for day in counted
        if first_day <= day <= (last_day or "9999")
        and (weekdays is None or date.fromisoformat(day).weekday() in weekdays)
    ]
    if not days:
        raise ValueError(
            f"none of the {len(counted)} counted days of {camera_id}, {counted[0]} to "
            f"{counted[-1]}, is asked for"
        )
    return days


def _write(
    settings: Settings,
    camera_id: str,
    days: Sequence[str],
    hours: Sequence[int] | None,
    output: Path,
) -> list[str]:
    from camera_analysis.labelling.labels import NO_SEGMENTER
    from camera_analysis.normal.counts import counted_by
    from camera_analysis.normal.learned_normal import build_normal, days_in_words
    from camera_analysis.normal.normal_pictures import HUMAN_FREQUENCY_FILE, NO_PEOPLE
    from pipelines.resources import open_store

    store = open_store(settings)
    counts = {
        day: store.path(store.require("activity_counts", f"{camera_id}/{day}")) for day in days
    }
    labels = store.current("label_maps", f"{camera_id}/{days[-1]}")
    output.mkdir(parents=True, exist_ok=True)
    summary = build_normal(
        counts,
        days,
        output,
        plate=store.path(labels) / "plate.png" if labels else None,
        segmenter=counted_by(counts[days[-1]]),
        hours=hours,
    )
    left_out = [
        f"left out, {why}: {', '.join(named)}"
        for why, named in {
            "labelled by another segmenter": summary.other_segmenter_days,
            "another view": summary.moved_days,
        }.items()
        if named
    ]
    counted = f"{summary.frames:,} frames of {days_in_words(summary.days)}"
    if counted_by(counts[days[-1]]) == NO_SEGMENTER:
        counted += f"; {NO_PEOPLE}: {HUMAN_FREQUENCY_FILE} shows whatever moves"
    return [f"{camera_id}: {counted}", *left_out, f"written to {output}"]


def _numbers(text: str, names: Sequence[str], option: str) -> list[int] | None:
    """Places in ``names`` of a list of names and ranges of them; None for nothing.

    Raises:
        ValueError: a name that there is not, or a range that runs backwards.
    """
    if not text:
        return None
    places: set[int] = set()
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or any(end not in names for end in ends):
            raise ValueError(f"{option} {text}: expected names or ranges of {', '.join(names)}")
        first, last = names.index(ends[0]), names.index(ends[-1])
        if last < first:
            raise ValueError(f"{option} {text}: {part} runs backwards; write two ranges")
        places.update(range(first, last + 1))
    return sorted(places)
