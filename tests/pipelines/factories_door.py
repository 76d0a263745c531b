"""A camera ``door`` with a film a day, and what the command line says to its home."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from camera_analysis.camera import Camera
from camera_analysis.camera_file import write_camera
from pipelines.cli.command import main


def add_door(footage: Path, days: Sequence[str], film: Callable[[Path, int], None]) -> None:
    """Films of some days from eight o'clock; ``film`` draws one, given its path and number."""
    folder = footage / "door"
    folder.mkdir(parents=True)
    write_camera(Camera(id="door", folder=folder, interval_s=0.5), folder)
    for number, day in enumerate(days):
        film(folder / f"{day}T08-00-00.mp4", number)


def call(home: Any, *arguments: str) -> str:
    """What a command that succeeds prints."""
    result = CliRunner().invoke(main, [*arguments, "--home", str(home.settings.home)])
    assert result.exit_code == 0, result.output
    return result.output
