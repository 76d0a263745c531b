"""``learned-normal events``: list what departed from normal, and say what it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from pipelines.cli.days import LOCAL_DAY
from pipelines.cli.fiftyone_page import REVIEWER_OPTION, hold_open
from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.next_steps import next_step
from pipelines.settings import Settings


@click.group()
def events() -> None:
    """Events of cameras: what departed from normal, and what a person says of it."""


@events.command("list")
@click.argument("camera", required=False)
@click.argument("day", type=LOCAL_DAY, required=False)
@HOME_OPTION
def list_them(camera: str | None, day: str | None, home: Path | None) -> None:
    """List events with their numbers, scores, reasons and marks, and days that were not judged."""
    from pipelines.shell.event_review import lines_of_events

    settings = settings_of(home)
    try:
        lines = lines_of_events(settings, camera, day)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    for line in lines:
        click.echo(line)


@events.command()
@click.argument("camera")
@click.argument("day", type=LOCAL_DAY)
@click.argument("event", type=int)
@click.argument("said", type=click.Choice(["expected", "alarm", "none"]))
@REVIEWER_OPTION
@HOME_OPTION
def mark(camera: str, day: str, event: int, said: str, reviewer: str, home: Path | None) -> None:
    """Say of EVENT of CAMERA on DAY that it is `expected` or an `alarm`; `none` takes it back.

    The next day that is judged obeys: the like of an expected event is no alarm, and frames of an
    alarm are not learned from.
    """
    from pipelines.shell.event_review import mark_event

    settings = settings_of(home)
    try:
        marked = mark_event(
            settings,
            camera,
            day,
            event,
            mark="" if said == "none" else said,
            marked_by=reviewer,
            marked_at=datetime.now(UTC),
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    _pull(settings)
    click.echo(f"{camera} {day} event {event}: {said}, by {reviewer}. {marked.reason}")
    todo = next_step(settings, f"events apply {camera} --from {day}")
    click.echo(f"days to come obey; for those that are judged already: {todo}")


@events.command("open")
@click.option("--port", default=5152, show_default=True)
@REVIEWER_OPTION
@HOME_OPTION
def open_events(port: int, reviewer: str, home: Path | None) -> None:
    """Open the events nobody marked in FiftyOne: tag them `expected` or `alarm`.

    Only events with a picture are shown; `events list` and `events mark` reach the others.
    """
    from pipelines.resources import resources_of
    from pipelines.shell.event_review import line_of_left
    from pipelines.shell.runs import Planned, RunFailedError, Runner

    settings = settings_of(home)
    try:
        Runner(settings).run(Planned(job="event_queue_job"))
    except RunFailedError as error:
        raise click.ClickException(str(error)) from error
    hold_open(
        settings,
        resources_of(settings)["review_setup"].events_dataset,
        port=port,
        reviewer=reviewer,
        task="Tag events `expected` or `alarm`",
        note=line_of_left(settings),
    )
    todo = next_step(settings, "events pull")
    click.echo(f"\nClosed. `{todo}`, or the next night, takes what was said.")


@events.command()
@HOME_OPTION
def pull(home: Path | None) -> None:
    """Read back now what was said; the nightly cameras obey it either way."""
    from pipelines.shell.event_review import lines_of_marks

    settings = settings_of(home)
    _pull(settings)
    lines = lines_of_marks(settings)
    for line in lines:
        click.echo(line)
    click.echo(f"{len(lines)} events are marked")


@events.command()
@click.argument("camera")
@click.option(
    "--from",
    "first_day",
    type=LOCAL_DAY,
    required=True,
    help="First day to judge again, YYYY-MM-DD.",
)
@HOME_OPTION
def apply(camera: str, first_day: str, home: Path | None) -> None:
    """Judge the days of CAMERA again by what was said; nothing is decoded or labelled again."""
    from pipelines.shell.relearn import judge_again, lines_of

    settings = settings_of(home)
    try:
        outcome = judge_again(settings, camera, first_day)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    for line in lines_of(settings, camera, outcome):
        click.echo(line)
    if outcome.failed:
        raise SystemExit(1)


def _pull(settings: Settings) -> None:
    from pipelines.shell.runs import Planned, RunFailedError, Runner

    try:
        Runner(settings).run(Planned(job="event_marks_job"))
    except RunFailedError as error:
        raise click.ClickException(str(error)) from error
