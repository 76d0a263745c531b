"""``learned-normal cameras tracks``: how many walked on which day, and from where to where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from pipelines.cli.days import LOCAL_DAY
from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.next_steps import next_step


@click.command()
@click.argument("camera_id")
@click.option(
    "--day",
    type=LOCAL_DAY,
    default="",
    help="One day, YYYY-MM-DD, with its zones; default: all days.",
)
@HOME_OPTION
def tracks(camera_id: str, day: str, home: Path | None) -> None:
    """Say how many tracks, walks and paths the days of a camera have; of one day, who went where.

    Reads what is stored; nothing is tracked again.
    """
    from camera_analysis.tracks.trajectories import TRAJECTORIES_FILE
    from pipelines.resources import open_store

    settings = settings_of(home)
    store = open_store(settings)
    found = {
        version.partition.split("/")[1]: store.path(version)
        for version in store.currents("trajectories").values()
        if version.partition.split("/")[0] == camera_id
    }
    days = sorted(one for one in found if day in ("", one))
    if not days:
        wanted = f"on {day}" if day else "yet"
        raise click.ClickException(
            f"camera {camera_id} has no tracks {wanted}; next: "
            f"{next_step(settings, f'cameras backfill {camera_id}')}"
        )
    told = {
        one: json.loads((found[one] / TRAJECTORIES_FILE).read_text(encoding="utf-8"))
        for one in days
    }
    for line in [*_days(told), *(_zones(told[day], found[day]) if day else [])]:
        click.echo(line)


def _days(told: Mapping[str, Mapping[str, Any]]) -> list[str]:
    columns = f"{'day':10} {'status':8} {'tracks':>7} {'walks':>6} {'paths':>6} {'lost':>5}"
    return [
        columns,
        *(
            f"{day:10} {one['status']:8} {one['tracks']:7,} {one['walks']:6,} "
            f"{len(one['paths']):6,} {one['breaks']:5,}"
            for day, one in told.items()
        ),
    ]


def _zones(told: Mapping[str, Any], folder: Path) -> list[str]:
    """The matrix of one day, and where its files are."""
    names: Sequence[str] = told["origin_destination"]["zones"]
    width = max(len(name) for name in names)
    head = " ".join(f"{name:>{max(4, len(name))}}" for name in names)
    return [
        "",
        "walks from zone (row) to zone (column)",
        f"{'':{width}} {head}",
        *(
            f"{name:{width}} "
            + " ".join(f"{n:{max(4, len(to))},}" for n, to in zip(row, names, strict=True))
            for name, row in zip(names, told["origin_destination"]["walks"], strict=True)
        ),
        f"tables and pictures: {folder}",
    ]
