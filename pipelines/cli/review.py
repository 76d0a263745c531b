"""``learned-normal review``: open the queue, pull the decisions, hand in masks, see the status."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from pipelines.cli.fiftyone_page import REVIEWER_OPTION, hold_open
from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.next_steps import next_step


@click.group()
def review() -> None:
    """What a person should look at, and what was decided."""


@review.command("open")
@click.option("--port", default=5151, show_default=True)
@REVIEWER_OPTION
@HOME_OPTION
def open_queue(port: int, reviewer: str, home: Path | None) -> None:
    """Open the review queue in FiftyOne: tag samples `reject`, `keep` or `relabel`."""
    settings = settings_of(home)
    hold_open(
        settings,
        settings.review_dataset,
        port=port,
        reviewer=reviewer,
        task="Tag samples `reject`, `keep`, or `relabel` after painting on their mask in"
        f" {settings.home / 'review-masks'}",
    )
    todo = next_step(settings, "review pull")
    click.echo(f"\nClosed. `{todo}`, or the next rebuild, takes what was decided.")


@review.command()
@HOME_OPTION
def pull(home: Path | None) -> None:
    """Read the decisions back now; the next rebuild obeys them either way."""
    from pipelines.resources import open_store
    from pipelines.shell.review_status import review_status
    from pipelines.shell.runs import Planned, RunFailedError, Runner

    settings = settings_of(home)
    try:
        Runner(settings).run(Planned(job="review_job"))
    except RunFailedError as error:
        raise click.ClickException(str(error)) from error
    for line in review_status(open_store(settings)).lines():
        click.echo(line)


@review.command()
@HOME_OPTION
def status(home: Path | None) -> None:
    """What is queued, what was decided and by whom, and which masks cannot be used."""
    from pipelines.resources import open_store
    from pipelines.shell.review_status import review_status

    for line in review_status(open_store(settings_of(home))).lines():
        click.echo(line)


@review.command()
@click.argument("sample")
@click.argument(
    "mask", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--withdraw", is_flag=True, help="Take back what was decided about this image.")
@REVIEWER_OPTION
@HOME_OPTION
def relabel(
    sample: str, mask: Path | None, withdraw: bool, reviewer: str, home: Path | None
) -> None:
    """Hand in a corrected MASK for SAMPLE, a sample id or the sha256 of its image.

    A PNG of the image's size: 255 human, 128 ignored, 0 the rest. The next pull takes it.
    """
    from dataset_build.review.relabel_inbox import HandedIn, hand_in
    from dataset_build.sources.mask_pictures import MaskPictureError
    from pipelines.resources import open_store, resources_of
    from pipelines.shell.review_status import find_image

    settings = settings_of(home)
    if (mask is None) != withdraw:
        raise click.UsageError("give a mask, or --withdraw")
    store = open_store(settings)
    try:
        image = find_image(store.path(store.require("merged_dataset")), sample)
    except (ValueError, LookupError) as error:
        raise click.ClickException(str(error)) from error
    if image.reject:
        raise click.ClickException(
            f"{image.sample_id} cannot be read ({image.reject}); mend the source instead"
        )
    entry = HandedIn(
        image_sha256=image.image_sha256,
        sample_id=image.sample_id,
        decided_by=reviewer,
        decided_at=datetime.now(UTC),
        height=image.height,
        width=image.width,
        withdrawn=withdraw,
    )
    inbox = resources_of(settings)["review_setup"].inbox
    try:
        hand_in(inbox, entry, mask.read_bytes() if mask else b"")
    except MaskPictureError as error:
        raise click.ClickException(f"{mask}: {error}") from error
    did = "withdrawn" if withdraw else "corrected"
    click.echo(f"{image.sample_id}: {did} by {reviewer}; `review pull` or the next rebuild obeys")
