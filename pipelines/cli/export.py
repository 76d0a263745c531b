"""``learned-normal models export``: a trained model as a file for other programs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from pipelines.cli.home import HOME_OPTION, settings_of


@click.command()
@click.argument("name")
@click.option("--format", "format_name", type=click.Choice(["onnx", "safetensors"]), default="onnx")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True)
@HOME_OPTION
def export(name: str, format_name: str, out: Path, as_json: bool, home: Path | None) -> None:
    """Write the model NAME, or the "champion", to the file OUT.

    ONNX: frames (N, H, W, 3) of bytes, RGB, to probabilities of a human (N, H, W), at any size; it
    is tried against PyTorch before it appears. Safetensors: the weights alone.
    """
    from pipelines.resources import open_store
    from segmentation.inference.export import ExportError, export_model

    store = open_store(settings_of(home))
    try:
        champion = name == "champion"
        version = store.require(*(("champion_model",) if champion else ("trained_model", name)))
        summary = dataclasses.asdict(export_model(store.path(version), format_name, out))
    except (LookupError, ExportError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(summary, default=str))
        return
    for field, value in summary.items():
        click.echo(f"{field:16} {value}")
