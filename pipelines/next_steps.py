"""Commands to type next, told so that they act on the home in use when copied as they stand."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

import click

from pipelines.settings import Settings, default_home

#: In click's context: the environment as the command was typed.
TYPED_IN = f"{__name__}.environment"


def remember_environment(context: click.Context) -> None:
    """Keep the environment that a command was typed in: an instance names its home in it."""
    context.meta[TYPED_IN] = dict(os.environ)


def next_step(
    settings: Settings, command: str, environment: Mapping[str, str] | None = None
) -> str:
    """A command of ``learned-normal``, with ``--home`` where it would take another home without.

    Args:
        settings: of the home in use.
        command: what follows ``learned-normal``, such as "cameras list".
        environment: of whoever types it; None takes that of the command that runs, as it was
            typed, or else the process's own.
    """
    context = click.get_current_context(silent=True)
    if environment is None and context is not None:
        environment = context.meta.get(TYPED_IN)
    said = f"learned-normal {command}"
    if settings.home == default_home(environment):
        return said
    return f"{said} --home {shlex.quote(str(settings.home))}"
