"""``learned-normal review``: open the queue in FiftyOne, pull the decisions."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli_home import HOME_OPTION, settings_of


@click.group()
def review() -> None:
    """What a person should look at, and what was decided."""


@review.command("open")
@click.option("--port", default=5151, show_default=True)
@HOME_OPTION
def open_queue(port: int, home: Path | None) -> None:
    """Open the review queue in FiftyOne: tag samples `reject` or `keep`."""
    from dataset_build.review_fiftyone import ReviewUnavailableError, configure_fiftyone, open_app

    settings = settings_of(home)
    configure_fiftyone(settings.home / "fiftyone", uri=settings.review_uri or None)
    try:
        session = open_app(settings.review_dataset, port=port)
    except ReviewUnavailableError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"FiftyOne: http://127.0.0.1:{port}  Tag samples `reject` or `keep`; Ctrl-C ends.")
    session.wait(-1)


@review.command()
@HOME_OPTION
def pull(home: Path | None) -> None:
    """Read the decisions back now; the next rebuild obeys them either way."""
    from pipelines.resources import open_store
    from pipelines.runs import Planned, RunFailedError, Runner

    settings = settings_of(home)
    try:
        Runner(settings).run(Planned(job="review_job"))
    except RunFailedError as error:
        raise click.ClickException(str(error)) from error
    import pyarrow.parquet as pq

    store = open_store(settings)
    table = pq.read_table(store.path(store.require("review_decisions")) / "decisions.parquet")
    counts = {row["values"]: row["counts"] for row in table["decision"].value_counts().to_pylist()}
    click.echo(f"{table.num_rows} decisions: {counts}")
