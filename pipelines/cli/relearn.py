"""``learned-normal cameras relearn``: learn a scene anew from the day on from which it changed."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli.days import LOCAL_DAY
from pipelines.cli.home import HOME_OPTION, settings_of


@click.command()
@click.argument("camera_id")
@click.option(
    "--from",
    "first_day",
    type=LOCAL_DAY,
    required=True,
    help="First day of the new scene, YYYY-MM-DD.",
)
@HOME_OPTION
def relearn(camera_id: str, first_day: str, home: Path | None) -> None:
    """Learn a camera's scene anew from a day on, and judge that day and the later ones again.

    Writes `learn_from` into its camera.yaml: no window holds an earlier day any more. Nothing is
    decoded or labelled again.
    """
    from pipelines.shell.relearn import lines_of
    from pipelines.shell.relearn import relearn as learn_anew

    settings = settings_of(home)
    try:
        outcome = learn_anew(settings, camera_id, first_day)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    for line in lines_of(settings, camera_id, outcome):
        click.echo(line)
    if outcome.failed:
        raise SystemExit(1)
