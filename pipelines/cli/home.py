"""What commands share: the option ``--home``, and how those that ran camera-days end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from pipelines.settings import Settings, SettingsError, load_settings

HOME_OPTION = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Home folder; default: $LEARNED_NORMAL_HOME, else ~/learned-normal.",
)


def settings_of(home: Path | None) -> Settings:
    """Settings of a home, or a clear end of the command."""
    try:
        settings = load_settings(home)
        settings.require_usable()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    return settings


def end_of_runs(told: str, failed: Sequence[tuple[str, str]], index_page: Path | None) -> None:
    """Say what became of some camera-days; the command fails if any did.

    Args:
        told: the sentence that counts them.
        failed: what each was, and why it failed.
        index_page: of all cameras, where there is one.
    """
    for what, reason in failed:
        click.echo(f"{what}: {reason}", err=True)
    click.echo(f"{told}, {len(failed)} failed")
    if index_page:
        click.echo(f"index of cameras: {index_page}")
    if failed:
        raise SystemExit(1)
