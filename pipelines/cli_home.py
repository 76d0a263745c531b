"""The option ``--home``, shared by every command."""

from __future__ import annotations

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
        return load_settings(home)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
