"""``learned-normal models`` and ``learned-normal store``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from pipelines.cli.champion import history, promote, rollback
from pipelines.cli.export import export
from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.settings import Settings
from segmentation.evaluation.evaluated import MAX_SIDE_PX


@click.group()
def models() -> None:
    """Trained models."""


for command in (promote, rollback, history, export):
    models.add_command(command)


@models.command("list")
@click.option(
    "--classes",
    type=click.IntRange(min=1),
    help="Count with so many classes; default: as each was published (1 is what is trained here).",
)
@click.option("--json", "as_json", is_flag=True)
def list_architectures(classes: int | None, as_json: bool) -> None:
    """Every architecture at its published width, with its number of parameters."""
    from segmentation.config import ARCHITECTURES, ModelConfig
    from segmentation.models.registry import PUBLISHED_CLASSES, size_of

    rows = [
        dataclasses.asdict(
            size_of(ModelConfig(architecture=name, classes=classes or PUBLISHED_CLASSES[name]))
        )
        for name in ARCHITECTURES
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for line in _table(rows):
        click.echo(line)


def _table(rows: list[dict[str, object]]) -> list[str]:
    """Lines with a name on the left and numbers, thousands apart, below their titles."""
    cells = [
        list(rows[0]),
        *([f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()] for row in rows),
    ]
    name, *numbers = zip(*cells, strict=True)
    columns = [[cell.ljust(max(map(len, name))) for cell in name]]
    columns += [[cell.rjust(max(map(len, column))) for cell in column] for column in numbers]
    return ["  ".join(line) for line in zip(*columns, strict=True)]


@models.command()
@click.option("--images", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--masks", type=click.Path(path_type=Path, exists=True), required=True)
@click.option(
    "--model",
    "name",
    help="An architecture that was trained in this home, or the folder of a model (weights"
    ".safetensors and model.json); default: the champion.",
)
@click.option(
    "--unknown",
    "unknown_value",
    type=int,
    default=170,
    show_default=True,
    help="A third mask value that counts nowhere (SBI and CDnet use 170).",
)
@click.option(
    "--postprocess",
    "written",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A step after the network, such as median_px=5, or none; default: those of the settings.",
)
@click.option(
    "--side",
    "sides_px",
    multiple=True,
    type=click.IntRange(min=32, max=MAX_SIDE_PX),
    help="Look at images with this longer side, never enlarged; given more than once: the mean of"
    " the answers; default: that of the images of training. They are judged at"
    f" {MAX_SIDE_PX} at most.",
)
@click.option("--mirrored", is_flag=True, help="And once more, left and right exchanged.")
@click.option(
    "--sequence",
    is_flag=True,
    help="The images are frames of one fixed camera in the order of their names: count labels that"
    " flip, let a network that remembers see each after the last.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep tables and pictures there; two such folders can be compared image by image.",
)
@click.option("--json", "as_json", is_flag=True)
@HOME_OPTION
def evaluate(
    images: Path,
    masks: Path,
    name: str | None,
    unknown_value: int,
    written: tuple[str, ...],
    sides_px: tuple[int, ...],
    mirrored: bool,
    sequence: bool,
    out: Path | None,
    as_json: bool,
    home: Path | None,
) -> None:
    """Score a model on a folder of images with masks of the same stem, with 95 % intervals."""
    from pipelines.executors import GpuSlots
    from segmentation.evaluation.evaluate import evaluate_folder
    from segmentation.inference.postprocess_config import parse_steps
    from segmentation.inference.views import Views

    settings = settings_of(home)
    if mirrored and not sides_px:
        raise click.UsageError("--mirrored needs --side: how large are both looks?")
    device = GpuSlots(settings.home / "locks", slots=1, device=settings.device).device
    folder = _model_folder(settings, name)
    if out:
        out.mkdir(parents=True, exist_ok=True)
    try:
        found = evaluate_folder(
            folder,
            images,
            masks,
            device=device,
            unknown_value=unknown_value,
            steps=parse_steps(written, settings.inference_config().postprocess),
            views=Views(sides_px=sides_px, mirrored=mirrored) if sides_px else None,
            sequence=sequence,
            out=out,
        )
    except (ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    summary = dataclasses.asdict(found)
    if as_json:
        click.echo(json.dumps(summary, default=str))
        return
    for name, value in summary.items():
        if name != "intervals":
            click.echo(f"{name:24} {_with_interval(value, summary['intervals'].get(name))}")


def _with_interval(value: object, interval: tuple[float, float] | None) -> str:
    """``0.521 (0.480 to 0.563)``."""
    shown = f"{value:.3f}" if isinstance(value, float) else str(value)
    return f"{shown} ({interval[0]:.3f} to {interval[1]:.3f})" if interval else shown


def _model_folder(settings: Settings, name: str | None) -> Path:
    """Where the model lies: None and ``champion`` name the champion; a folder is itself."""
    from pipelines.resources import open_store
    from segmentation.config import ARCHITECTURES
    from segmentation.model_folder import DESCRIPTION_FILE

    if name is not None and (Path(name) / DESCRIPTION_FILE).is_file():
        return Path(name)
    if name not in (None, "champion", *ARCHITECTURES):
        known = ", ".join(ARCHITECTURES)
        raise click.ClickException(
            f"no architecture {name!r}, and no folder of a model; there are {known}"
        )
    store = open_store(settings)
    try:
        if name in (None, "champion"):
            return store.path(store.require("champion_model"))
        return store.path(store.require("trained_model", name))
    except LookupError as error:
        option = "" if name in (None, "champion") else f" --architecture {name}"
        raise click.ClickException(f"{error}: learned-normal train{option}") from error


@click.group()
def store() -> None:
    """The versioned store."""


@store.command()
@click.option(
    "--keep", type=click.IntRange(min=1), help="Versions per partition; default: the setting."
)
@HOME_OPTION
def prune(keep: int | None, home: Path | None) -> None:
    """Remove old versions; what a current version refers to always stays.

    Private videos that were refused before their pictures were taken out go whole; why they were
    refused stays.
    """
    from pipelines.automation.housekeeping import tidy
    from pipelines.resources import open_store

    settings = settings_of(home)
    removed = tidy(open_store(settings), settings.keep_versions if keep is None else keep)
    for version in removed:
        click.echo(f"{version.asset}/{version.partition}@{version.digest}")
    click.echo(f"{len(removed)} versions removed")
