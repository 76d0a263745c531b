"""FiftyOne's page, open until Ctrl-C, and who sits in front of it."""

from __future__ import annotations

import contextlib
import getpass

import click

from pipelines.settings import Settings


def login_name() -> str:
    """Who is at the terminal, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "reviewer"


REVIEWER_OPTION = click.option(
    "--reviewer", default=login_name, help="Who decides; default: your login name."
)


def hold_open(
    settings: Settings, dataset: str, *, port: int, reviewer: str, task: str, note: str = ""
) -> None:
    """Show a dataset in FiftyOne until Ctrl-C.

    Args:
        settings: of the home whose database holds it.
        dataset: its name in FiftyOne.
        port: of the page on this machine.
        reviewer: in whose name tags are read back.
        task: what there is to do, a sentence without its stop.
        note: what it does not show; "" for nothing.

    Raises:
        click.ClickException: the database, or the dataset in it, is not there.
    """
    from dataset_build.review.review_fiftyone import (
        ReviewUnavailableError,
        configure_fiftyone,
        open_app,
    )

    configure_fiftyone(settings.home / "fiftyone", uri=settings.review_uri or None)
    try:
        session = open_app(dataset, port=port, reviewer=reviewer)
    except ReviewUnavailableError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"FiftyOne for {reviewer}: http://127.0.0.1:{port}  {task}; Ctrl-C ends.")
    if note:
        click.echo(note)
    with contextlib.suppress(KeyboardInterrupt):
        session.wait(-1)
