"""``learned-normal cameras``: add, list, remove, backfill; ``frames``, ``record``, ``relabel``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from camera_analysis.local_time import is_local_day
from pipelines.cli.days import LOCAL_DAY
from pipelines.cli.frames import frames
from pipelines.cli.home import HOME_OPTION, end_of_runs, settings_of
from pipelines.cli.lens import calibrate_lens
from pipelines.cli.normal import normal
from pipelines.cli.record import record
from pipelines.cli.regions import calibrate_occupancy, draw_rois, occupancy
from pipelines.cli.relabel import relabel
from pipelines.cli.relearn import relearn
from pipelines.cli.tracks import tracks
from pipelines.next_steps import next_step
from pipelines.settings import Settings

if TYPE_CHECKING:
    from camera_analysis.camera import Camera
    from camera_analysis.footage.footage_files import Footage


@click.group()
def cameras() -> None:
    """Fixed cameras and their footage."""


cameras.add_command(calibrate_lens)
cameras.add_command(calibrate_occupancy)
cameras.add_command(draw_rois)
cameras.add_command(frames)
cameras.add_command(normal)
cameras.add_command(occupancy)
cameras.add_command(record)
cameras.add_command(relabel)
cameras.add_command(relearn)
cameras.add_command(tracks)


@cameras.command()
@click.argument("camera_id")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--time-zone", help="IANA name, e.g. Europe/Berlin; default: UTC.")
@click.option("--interval", "interval_s", type=float, help="Seconds between sampled frames.")
@click.option("--fps", type=float, help="Sampled frames per second, instead of --interval.")
@click.option(
    "--image-fps", type=float, help="FOLDER holds folders of numbered images, so many a second."
)
@click.option("--pattern", help="How file names say when they start: named groups year month ...")
@click.option("--base", help="Day that (?P<day_index>..) in the pattern counts from.")
@HOME_OPTION
def add(camera_id: str, folder: Path, home: Path | None, **options: Any) -> None:  # noqa: ANN401
    """Add a camera whose footage lies in FOLDER; the footage stays where it is.

    A camera.yaml in FOLDER is taken over; options win over it.
    """
    from camera_analysis.footage.footage_files import days_of
    from pipelines.instance import open_instance

    settings = settings_of(home)
    try:
        camera, footage = _write_camera(settings, camera_id, folder.resolve(), options)
    except (ValueError, OSError, yaml.YAMLError) as error:
        raise click.ClickException(str(error)) from error
    with open_instance(settings) as instance:
        instance.add_dynamic_partitions("camera", [camera_id])
    days = days_of(camera, footage)
    found = f"{len(days)} days, {days[0]} to {days[-1]}" if days else "no footage yet"
    click.echo(f"camera {camera_id}: {found}")
    if footage.faults:
        first = footage.faults[0]
        said = f"{len(footage.faults)} files cannot be used; the first is {first.file}"
        click.echo(f"camera {camera_id}: {said}: {first.detail}")
    click.echo(f"next: {next_step(settings, f'cameras backfill {camera_id}')}")


def _write_camera(
    settings: Settings, camera_id: str, folder: Path, options: dict[str, Any]
) -> tuple[Camera, Footage]:
    """Write the new camera's ``camera.yaml``; nothing stays behind if it cannot be used."""
    from camera_analysis.camera import CAMERA_FILE, require_camera_id
    from camera_analysis.camera_file import load_camera
    from camera_analysis.footage.footage_files import find_footage

    place = settings.footage / require_camera_id(camera_id)
    target = place / CAMERA_FILE
    if target.exists():
        raise ValueError(f"camera {camera_id} exists; edit {target}, or remove it first")
    source = folder / CAMERA_FILE
    given = (yaml.safe_load(source.read_text(encoding="utf-8")) or {}) if source.exists() else {}
    if not isinstance(given, dict):
        raise ValueError(f"{source}: expected `key: value` lines, got {type(given).__name__}")
    given |= {"id": camera_id, "footage": str(Path(folder, given.get("footage", ".")).resolve())}
    given = _with_options(given, options)
    place.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
    try:
        camera = load_camera(place)
        return camera, find_footage(camera)
    except ValueError:
        target.unlink()
        if not any(place.iterdir()):
            place.rmdir()
        raise


def _with_options(given: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """A ``camera.yaml`` with what the command line says instead.

    Raises:
        ValueError: a base that is no day, or that no pattern counts from.
    """
    stated = {key: value for key, value in options.items() if value is not None}
    if "fps" in stated or "interval_s" in stated:
        given = {key: value for key, value in given.items() if key not in ("fps", "interval_s")}
    given |= {key: stated[key] for key in ("time_zone", "interval_s", "fps") if key in stated}
    if "image_fps" in stated:
        given["images"] = {"fps": stated["image_fps"]}
    if "pattern" in stated:
        given["file_time"] = {"pattern": stated["pattern"]}
    if "base" in stated:
        given["file_time"] = _with_base(given.get("file_time"), stated["base"])
    return given


def _with_base(file_time: object, base: str) -> dict[str, Any]:
    """A ``file_time`` that counts days from a base."""
    if not is_local_day(base):
        raise ValueError(f"--base {base!r} is no day of the calendar; write YYYY-MM-DD")
    known = file_time if isinstance(file_time, dict) else {}
    if "(?P<day_index>" not in str(known.get("pattern", "")):
        raise ValueError(
            "--base is the day that (?P<day_index>..) counts from, and no pattern has that group;"
            r" give --pattern '(?P<day_index>\d+)-(?P<hour>\d\d)', say, or leave --base out"
        )
    return {**known, "base": date.fromisoformat(base)}


@cameras.command("list")
@HOME_OPTION
def list_cameras(home: Path | None) -> None:
    """List cameras with their days of footage and of reports.

    How many reports there are is told, not whether they are up to date, for which each would have
    to be read: `cameras relabel --list` names days that an earlier champion labelled, and
    `cameras backfill` fills those whose report does not show their footage.
    """
    from collections import Counter

    from pipelines.footage import camera_calendar, load_cameras, untimed_files
    from pipelines.resources import open_store

    settings = settings_of(home)
    known, unusable = load_cameras(settings.footage)
    keys = open_store(settings).partitions("camera_report")
    reports = Counter(key.split("/")[0] for key in keys)
    for camera in known:
        days, trouble = camera_calendar(camera, first_day=settings.first_day)
        unusable += trouble
        if any(one.folder == camera.id for one in trouble):
            continue  # its own line says why it cannot be used
        span = f"{days[0]} to {days[-1]}" if days else untimed_files(camera) or "no footage"
        click.echo(f"{camera.id:20} {len(days):4} days  {reports[camera.id]:4} reports  {span}")
    for folder in unusable:
        made = reports[folder.folder]
        said = f"not usable ({made} reports)" if made else "not usable"
        click.echo(f"{folder.folder:20} {said}: {folder.reason}")
    if keys:
        listing = next_step(settings, "cameras relabel --list")
        filling = next_step(settings, "cameras backfill <id>")
        click.echo(
            f"are they up to date? `{listing}` names days of an earlier champion; `{filling}`"
            " fills days whose footage changed"
        )
    if not known and not unusable:
        todo = next_step(settings, "cameras add <id> <folder>")
        click.echo(f"no cameras in {settings.footage}; {todo}")


@cameras.command()
@click.argument("camera_id")
@HOME_OPTION
def remove(camera_id: str, home: Path | None) -> None:
    """Forget a camera; its folder may be gone. Footage and versions in the store stay."""
    from pipelines.shell.remove_camera import remove_camera
    from pipelines.source_settings import own_frames_root

    settings = settings_of(home)
    try:
        removed = remove_camera(settings, camera_id)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"camera {camera_id} removed")
    if removed.reports:
        click.echo(f"its {removed.reports} reports stay in the store; the index leaves them out")
    for what, why in removed.problems:
        click.echo(f"{what}: {why}", err=True)
    pictures = own_frames_root(settings.home, camera_id)
    if pictures.is_dir():
        deleting = next_step(settings, f"cameras frames {camera_id} --remove")
        click.echo(f"its stored frames stay in {pictures}; `{deleting}` deletes them")


@cameras.command()
@click.argument("camera_id")
@click.option("--from", "first", type=LOCAL_DAY, help="First day, YYYY-MM-DD.")
@click.option("--to", "last", type=LOCAL_DAY, help="Last day, YYYY-MM-DD.")
@click.option("--again", is_flag=True, help="Also days whose report is up to date.")
@HOME_OPTION
def backfill(
    camera_id: str, first: str | None, last: str | None, again: bool, home: Path | None
) -> None:
    """Fill every day of a camera, oldest first: label maps, normal, anomalies, report."""
    from pipelines.shell.backfill import backfill_camera

    settings = settings_of(home)
    try:
        outcome = backfill_camera(settings, camera_id, first=first, last=last, again=again)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    told = f"camera {camera_id}: {outcome.filled} days filled, {outcome.skipped} were up to date"
    end_of_runs(told, outcome.failed, outcome.index_page)
