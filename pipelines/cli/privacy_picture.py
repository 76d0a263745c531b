"""``learned-normal privacy``: ``picture`` hides people in one picture, ``background`` the place."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from camera_analysis.privacy.privacy_filters import FILTERS
from camera_analysis.privacy.privacy_frame import DEFAULT_STRENGTH
from pipelines.cli.home import HOME_OPTION, settings_of

if TYPE_CHECKING:
    from camera_analysis.labelling.motion import BoolImage, ImageRgb

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_STRENGTH = click.option(
    "--strength",
    type=float,
    default=DEFAULT_STRENGTH,
    show_default=True,
    help="Scale of the filter as a share of the frame's height.",
)
_BACKDROP = click.option(
    "--backdrop", type=_FILE, help="Picture to put behind people; without one, plain grey."
)
_FORCE = click.option("--force", is_flag=True, help="Replace what was written before.")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--method", type=click.Choice(list(FILTERS)), default="mask", show_default=True)
@_STRENGTH
@click.option(
    "--mask", type=_FILE, help="Picture of the same size, white on people; else the champion."
)
@_BACKDROP
@click.option("--output", type=click.Path(path_type=Path), help="Default: <file>-private.png.")
@_FORCE
@HOME_OPTION
def picture(
    file: Path,
    method: str,
    strength: float,
    mask: Path | None,
    backdrop: Path | None,
    output: Path | None,
    force: bool,
    home: Path | None,
) -> None:
    """Apply a filter to the people of one picture, or to the place around them; writes PNG.

    Nothing of the file goes on but its pixels. Without --mask the home's champion model says where
    people are; a picture of which it is not certain is hidden as a whole.
    """
    import cv2

    from camera_analysis.privacy.private_picture import PictureRules, private_picture
    from camera_analysis.privacy.whole_files import written_whole
    from pipelines.shell.champion_segmenter import champion_segmenter

    target = output or file.with_name(f"{file.stem}-private.png")
    try:
        _require_other(target, file, ".png")
        behind = _read(backdrop) if backdrop else None
        rules = PictureRules(method=method, strength=strength, backdrop_rgb=behind)
        painted = _mask(mask) if mask else None
        settings = settings_of(home)
        with (
            written_whole([target], replace=force) as aside,
            nullcontext() if painted is not None else champion_segmenter(settings) as segmenter,
        ):
            people = painted if painted is not None else segmenter
            if people is None:
                raise ValueError(f"no champion model in {settings.home}; give --mask")
            made = private_picture(_read(file), people, rules)
            shown_bgr = cv2.cvtColor(made.shown_rgb, cv2.COLOR_RGB2BGR)
            if not cv2.imwrite(str(aside / target.name), shown_bgr):
                raise ValueError(f"{target}: cannot be written")
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{target}: {f'hidden as a whole: {made.reason}' if made.reason else method}")
    _tell_verdict(method, strength)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Replace the place, instead of blurring it.")
@_BACKDROP
@_STRENGTH
@click.option("--output", type=click.Path(path_type=Path), help="Default: <file>-background.mp4.")
@_FORCE
@HOME_OPTION
def background(
    file: Path,
    replace: bool,
    backdrop: Path | None,
    strength: float,
    output: Path | None,
    force: bool,
    home: Path | None,
) -> None:
    """Show the people of a video before a blurred place, or before another picture.

    The place is hidden, people are not. The home's champion model says who is a person; without
    one, all that moves stays in view.
    """
    from camera_analysis.privacy.private_clip import write_private_clip
    from camera_analysis.privacy.private_video_settings import BackgroundSettings
    from pipelines.shell.champion_segmenter import champion_segmenter

    target = output or file.with_name(f"{file.stem}-background.mp4")
    method = "background_replacement" if replace or backdrop else "background_blur"
    try:
        behind = _read(backdrop) if backdrop else None
        with champion_segmenter(settings_of(home)) as segmenter, tqdm(unit="frames") as bar:

            def progress(done: int, expected: int) -> None:
                bar.total = expected
                bar.update(done - bar.n)

            made = write_private_clip(
                file,
                target,
                BackgroundSettings(
                    method=method, strength=strength, hide="people" if segmenter else "movers"
                ),
                segmenter,
                backdrop_rgb=behind,
                replace=force,
                progress=progress,
            )
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if segmenter is None:
        click.echo("no champion model: all that moves stays in view, and nobody else", err=True)
    hidden = ", ".join(f"{count} {reason}" for reason, count in sorted(made.hidden.items()))
    click.echo(
        f"{target}: {made.file.frames} frames, {method}; hidden as a whole: {hidden or 'none'}"
    )


def _read(path: Path) -> ImageRgb:
    import cv2
    import numpy as np

    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path}: no picture that can be read")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _mask(path: Path) -> BoolImage:
    """(H, W) True where a picture is brighter than middle grey."""
    return _read(path).max(axis=2) > 127


def _require_other(target: Path, source: Path, suffix: str) -> None:
    if target.suffix != suffix or target.resolve() == source.resolve():
        raise ValueError(f"{target}: name another file that ends in {suffix}")


def _tell_verdict(method: str, strength: float) -> None:
    """Say where a method gives people away; one that hides the place is not judged."""
    from camera_analysis.audit.measured_audit import measured_verdict

    if FILTERS[method].hides_people:
        verdict = measured_verdict(method, strength)
        if not verdict.passed:
            click.echo(f"{method} failed its audit: {'; '.join(verdict.reasons)}", err=True)
    else:
        click.echo(f"{method} hides the place; people stay in view", err=True)
