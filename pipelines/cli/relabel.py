"""``learned-normal cameras relabel``: which camera-days an older champion labelled, and anew."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.days import LOCAL_DAY
from pipelines.cli.home import HOME_OPTION, end_of_runs, settings_of

if TYPE_CHECKING:
    from pipelines.shell.relabel import Stale


@click.command()
@click.argument("camera_ids", nargs=-1)
@click.option("--from", "first", type=LOCAL_DAY, help="First day, YYYY-MM-DD.")
@click.option("--to", "last", type=LOCAL_DAY, help="Last day, YYYY-MM-DD.")
@click.option(
    "--at-most",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Camera-days to label now; call again for the next.",
)
@click.option("--list", "only_list", is_flag=True, help="Only say which they are.")
@HOME_OPTION
def relabel(
    camera_ids: tuple[str, ...],
    first: str | None,
    last: str | None,
    at_most: int,
    only_list: bool,
    home: Path | None,
) -> None:
    """Label again the camera-days that another champion labelled; of all cameras, or of some.

    The oldest days go first, so that each day finds the days before it labelled alike. Whatever has
    lost its footage stays as it is.
    """
    from pipelines.shell.relabel import find_stale
    from pipelines.shell.relabel import relabel as run_again

    settings = settings_of(home)
    try:
        stale = find_stale(settings, camera_ids, first=first, last=last)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if only_list or not stale.days:
        _list(stale)
        return
    outcome = run_again(settings, stale.days, at_most=at_most)
    told = f"{outcome.done} camera-days labelled again, {outcome.left} left"
    end_of_runs(told, outcome.failed, outcome.index_page)


def _list(stale: Stale) -> None:
    """One line per camera."""
    gone = {key.split("/")[0] for key in stale.gone}
    days_of = {
        camera: [key.split("/")[1] for key in keys]
        for camera, keys in groupby(sorted(stale.days), key=lambda key: key.split("/")[0])
    }
    for camera in sorted(gone | days_of.keys()):
        days = days_of.get(camera, [])
        span = f"{days[0]} to {days[-1]}" if days else ""
        lost = sum(key.startswith(f"{camera}/") for key in stale.gone)
        without = f"  {lost} more without footage" if lost else ""
        click.echo(f"{camera:20} {len(days):4} stale days  {span}{without}".rstrip())
    click.echo(
        f"{len(stale.days)} camera-days were labelled by another champion"
        + (f", and {len(stale.gone)} more whose footage is gone" if stale.gone else "")
    )
