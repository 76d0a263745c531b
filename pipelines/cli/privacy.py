"""``learned-normal privacy``: hide people in a video, make a key, show them again by it."""

from __future__ import annotations

from pathlib import Path

import click
from tqdm import tqdm

from camera_analysis.privacy.privacy_filters import FILTERS
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.cli.privacy_audit import audit
from pipelines.cli.privacy_live import live
from pipelines.cli.privacy_picture import background, picture

_HIDING = [name for name, one in FILTERS.items() if one.hides_people]
_DEFAULTS = PrivateVideoSettings()


@click.group()
def privacy() -> None:
    """Hide people in video, and show them again to who has the key."""


privacy.add_command(audit)
privacy.add_command(live)
privacy.add_command(picture)
privacy.add_command(background)


@privacy.command()
def methods() -> None:
    """List the filters, and what is seen of each."""
    for name, one in FILTERS.items():
        strength = "  --strength" if one.strengths else ""
        hides = "" if one.hides_people else "  (hides the place, not people)"
        click.echo(f"{name:24}{one.says}{hides}{strength}")


@privacy.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--method", type=click.Choice(_HIDING), default=_DEFAULTS.method, show_default=True)
@click.option(
    "--strength",
    type=float,
    default=_DEFAULTS.strength,
    show_default=True,
    help="Scale of the filter as a share of the frame's height.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Default: <file>-private.mp4.")
@click.option(
    "--margin",
    "margin_share",
    type=float,
    default=_DEFAULTS.margin_share,
    show_default=True,
    help="Hidden around people, as a share of the height.",
)
@click.option(
    "--hold",
    "hold_s",
    type=float,
    default=_DEFAULTS.hold_s,
    show_default=True,
    help="Seconds for which a mask holds, before and after.",
)
@click.option(
    "--hide", type=click.Choice(("movers", "people")), default=_DEFAULTS.hide, show_default=True
)
@click.option("--keep-audio", is_flag=True, help="Copy the sound.")
@click.option("--keep-metadata", is_flag=True, help="Copy what the file's header says.")
@click.option("--reversible", is_flag=True, help="Encrypt people beside the video, under your key.")
@click.option("--key-file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace what was written before.")
@HOME_OPTION
def video(
    file: Path,
    method: str,
    strength: float,
    output: Path | None,
    margin_share: float,
    hold_s: float,
    hide: str,
    keep_audio: bool,
    keep_metadata: bool,
    reversible: bool,
    key_file: Path | None,
    force: bool,
    home: Path | None,
) -> None:
    """Write FILE again with people hidden: H.264, at its own times, without sound.

    The home's champion model says where people are. Without one, only what moves is hidden: who
    stands still throughout the file is seen.
    """
    from camera_analysis.audit.measured_audit import measured_verdict
    from camera_analysis.privacy.private_clip import write_private_clip
    from pipelines.shell.champion_segmenter import champion_segmenter

    target = output or file.with_name(f"{file.stem}-private.mp4")
    home_settings = settings_of(home)
    try:
        settings = PrivateVideoSettings(
            method=method,
            strength=strength,
            margin_share=margin_share,
            hold_s=hold_s,
            network_interval_s=min(hold_s, _DEFAULTS.network_interval_s),
            hide=hide,  # type: ignore[arg-type]
            keep_audio=keep_audio,
            keep_metadata=keep_metadata,
            reversible=reversible,
        )
        key = _key_of(key_file, home_settings.store_url) if reversible else None
        with champion_segmenter(home_settings) as segmenter, tqdm(unit="frames") as bar:

            def progress(done: int, expected: int) -> None:
                bar.total = expected
                bar.update(done - bar.n)

            made = write_private_clip(
                file, target, settings, segmenter, key=key, replace=force, progress=progress
            )
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if segmenter is None:
        click.echo(
            f"no champion model in {home_settings.home}: only what moves is hidden; who stands"
            " still throughout is seen",
            err=True,
        )
    verdict = measured_verdict(method, strength)
    if not verdict.passed:
        click.echo(f"{method} failed its audit: {'; '.join(verdict.reasons)}", err=True)
    hidden = ", ".join(f"{count} {reason}" for reason, count in sorted(made.hidden.items()))
    click.echo(
        f"{target}: {made.file.frames} frames, {method}; hidden as a whole: {hidden or 'none'}"
    )
    for fault in made.file.faults:
        click.echo(f"left out: {fault.reason}: {fault.detail}", err=True)


@privacy.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Make a key and write it to FILE, which you alone can read.

    Keep it outside of the store, and a copy elsewhere: without it nobody shows people again.
    """
    from pipelines.privacy_key import FILE_VARIABLE, make_key_file

    try:
        made = make_key_file(file)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}: key {made}; used where {FILE_VARIABLE} names it")


@privacy.command()
@click.argument("private_video", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--people",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Default: the .people file beside the video.",
)
@click.option("--key-file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--output", type=click.Path(path_type=Path), help="Default: <video>-restored.mkv.")
@click.option("--force", is_flag=True, help="Replace what was written before.")
@HOME_OPTION
def restore(
    private_video: Path,
    people: Path | None,
    key_file: Path | None,
    output: Path | None,
    force: bool,
    home: Path | None,
) -> None:
    """Show the people of PRIVATE_VIDEO again, pixel by pixel, as Matroska without loss.

    Another key, a changed byte, a frame that was swapped or removed: all are refused.
    """
    from camera_analysis.privacy.privacy_restore import restore_video
    from camera_analysis.privacy.scramble_file import SCRAMBLED_SUFFIX

    target = output or private_video.with_name(f"{private_video.stem}-restored.mkv")
    try:
        chosen = _key_of(key_file, settings_of(home).store_url)
        beside = people or private_video.with_suffix(SCRAMBLED_SUFFIX)
        shown = restore_video(private_video, beside, chosen, target, replace=force)
    except (ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{target}: people shown again in {shown} frames")


def _key_of(key_file: Path | None, store: str) -> bytes:
    """The key in a file, or that which the environment names."""
    from pipelines.privacy_key import FILE_VARIABLE, PrivacyKeyError, privacy_key

    found = privacy_key(store, {FILE_VARIABLE: str(key_file)} if key_file else None)
    if found is None:
        raise PrivacyKeyError(
            f"no key; give --key-file, or name one in {FILE_VARIABLE}; learned-normal privacy key"
            " FILE makes one"
        )
    return found
