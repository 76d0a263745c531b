"""``learned-normal models`` and ``learned-normal store``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from pipelines.cli_home import HOME_OPTION, settings_of
from pipelines.settings import Settings


@click.group()
def models() -> None:
    """Trained models."""


@models.command()
@click.option("--images", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--masks", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--model", "architecture", help="Default: the champion.")
@click.option(
    "--unknown",
    "unknown_value",
    type=int,
    default=170,
    show_default=True,
    help="A third mask value that counts nowhere (SBI and CDnet use 170).",
)
@click.option("--json", "as_json", is_flag=True)
@HOME_OPTION
def evaluate(
    images: Path,
    masks: Path,
    architecture: str | None,
    unknown_value: int,
    as_json: bool,
    home: Path | None,
) -> None:
    """Score a model on a folder of images with masks of the same stem."""
    from pipelines.executors import GpuSlots
    from segmentation.evaluate import evaluate_folder

    settings = settings_of(home)
    device = GpuSlots(settings.home / "locks", slots=1, device=settings.device).device
    folder = _model_folder(settings, architecture)
    summary = dataclasses.asdict(
        evaluate_folder(folder, images, masks, device=device, unknown_value=unknown_value)
    )
    if as_json:
        click.echo(json.dumps(summary, default=str))
        return
    for name, value in summary.items():
        click.echo(f"{name:24} {value}")


def _model_folder(settings: Settings, architecture: str | None) -> Path:
    from pipelines.resources import open_store

    store = open_store(settings)
    try:
        if architecture is None:
            return store.path(store.require("champion_model"))
        return store.path(store.require("trained_model", architecture))
    except LookupError as error:
        raise click.ClickException(str(error)) from error


@click.group()
def store() -> None:
    """The versioned store."""


@store.command()
@click.option(
    "--keep", type=click.IntRange(min=1), help="Versions per partition; default: the setting."
)
@HOME_OPTION
def prune(keep: int | None, home: Path | None) -> None:
    """Remove old versions; what a current version refers to always stays."""
    from pipelines.resources import open_store

    settings = settings_of(home)
    removed = open_store(settings).prune(settings.keep_versions if keep is None else keep)
    for version in removed:
        click.echo(f"{version.asset}/{version.partition}@{version.digest}")
    click.echo(f"{len(removed)} versions removed")
