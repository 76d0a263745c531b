"""``learned-normal models promote|rollback|history``: a person's say in which model is champion."""

from __future__ import annotations

import dataclasses
import getpass
import json
from pathlib import Path

import click

from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.settings import Settings

_BY_OPTION = click.option("--by", help="Who decides; default: your login name.")


@click.command()
@click.argument("name")
@click.option("--force", metavar="REASON", help="Promote it also when the rule refuses; say why.")
@_BY_OPTION
@HOME_OPTION
def promote(name: str, force: str | None, by: str | None, home: Path | None) -> None:
    """Let an evaluated model challenge the champion now."""
    from pipelines.shell.champion_choice import promote as promote_now
    from pipelines.shell.runs import RunFailedError

    if force is not None and not force.strip():
        raise click.ClickException("--force wants a reason, for those who come after you")
    settings = settings_of(home)
    _require_evaluated(settings, name)
    try:
        done = promote_now(settings, name, by=by or getpass.getuser(), force=force)
    except RunFailedError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"champion: {done.architecture} ({done.action} by {done.by}): {done.why}")


def _require_evaluated(settings: Settings, name: str) -> None:
    """Say at once, before anything runs, that there is nothing to promote."""
    from pipelines.resources import open_store

    evaluated = open_store(settings).partitions("model_evaluation")
    if name not in evaluated:
        raise click.ClickException(
            f"{name} was never evaluated in {settings.home}; evaluated:"
            f" {', '.join(evaluated) or 'none'}. Train it: learned-normal train --architecture NAME"
        )


@click.command()
@click.option("--why", default="no reason given", show_default=True, help="Recorded.")
@_BY_OPTION
@HOME_OPTION
def rollback(why: str, by: str | None, home: Path | None) -> None:
    """Go back to the champion before this one; its weights come back unchanged."""
    from pipelines.shell.champion_choice import NoEarlierChampionError, roll_back

    settings = settings_of(home)
    try:
        done = roll_back(settings, by=by or getpass.getuser(), why=why)
    except NoEarlierChampionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"champion: {done.back_to.architecture}, version {done.back_to.version}")
    click.echo(f"left:     {done.left.architecture}, version {done.left.version}: {why}")


@click.command()
@click.option("--json", "as_json", is_flag=True)
@HOME_OPTION
def history(as_json: bool, home: Path | None) -> None:
    """Who became champion when, by whom and why; the newest first."""
    from assets.champion_history import read_history
    from pipelines.resources import open_store
    from pipelines.shell.champion_choice import log_lines

    found = read_history(open_store(settings_of(home)))
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(one) for one in reversed(found.choices)]))
        return
    for line in log_lines(found) or ["no champion was chosen yet"]:
        click.echo(line)
