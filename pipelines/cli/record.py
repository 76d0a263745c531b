"""``learned-normal cameras record``: a network camera's stream becomes footage files."""

from __future__ import annotations

import math
import time
from pathlib import Path

import click

from camera_analysis.footage.stream_clock import Clock
from camera_analysis.footage.stream_record import Outage, RecordConfig, record_stream
from camera_analysis.footage.stream_segments import Segment
from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.interrupts import interrupted_by_sigterm


@click.command()
@click.argument("camera_id")
@click.option("--seconds", "total_s", type=float, help="Record this long; default: until stopped.")
@click.option(
    "--segment-seconds", "segment_s", default=300.0, show_default=True, help="Length of a file."
)
@click.option(
    "--attempts", type=click.IntRange(min=1), help="Failures in a row after which to give up."
)
@click.option("--timeout", "timeout_s", default=10.0, show_default=True, help="Seconds of silence.")
@click.option("--name", help="Name of a file, in strftime codes, where the camera's differ.")
@HOME_OPTION
@interrupted_by_sigterm()
def record(
    camera_id: str,
    total_s: float | None,
    segment_s: float,
    attempts: int | None,
    timeout_s: float,
    name: str | None,
    home: Path | None,
) -> None:
    """Record the `stream` of a camera.yaml into segment files of its footage, without encoding.

    Reconnects where the connection breaks, after a growing wait. Stop with Ctrl-C or SIGTERM:
    the running segment is completed first. Sound is not recorded.
    """
    from camera_analysis.footage.stream_address import redacted, stream_address
    from camera_analysis.footage.stream_names import DEFAULT_NAME, SegmentNames
    from camera_analysis.footage.stream_recover import recover_parts
    from pipelines.footage import camera_folder_of, load_own_camera

    if not 0 < timeout_s < math.inf:
        raise click.ClickException(f"--timeout is {timeout_s:g}; expected more than 0 seconds")
    settings = settings_of(home)
    try:
        place = camera_folder_of(settings, camera_id)
        camera = load_own_camera(place)
        address = stream_address(place)
        config = RecordConfig(
            total_s=total_s, segment_s=segment_s, attempts=attempts, timeout_s=timeout_s
        )
        names = SegmentNames(
            folder=camera.folder,
            zone=camera.zone,
            file_time=camera.file_time,
            name=name or DEFAULT_NAME,
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"camera {camera_id}: recording {redacted(address)} into {camera.folder}")
    for left in recover_parts(camera.folder):
        click.echo(f"{left.name}: completed what an interrupted recording had left")
    segments = 0
    try:
        for item in record_stream(address, names, Clock(sleep=time.sleep), config):
            segments += isinstance(item, Segment)
            _tell(item, camera.folder)
    except OSError as error:  # the disk is full, say; a broken connection is an outage
        raise click.ClickException(f"{camera.folder}: {error.strerror}") from None
    except KeyboardInterrupt:
        click.echo("stopped; the running segment is complete", err=True)
        return
    if not segments:
        raise click.ClickException("nothing was recorded")


def _tell(item: Segment | Outage, folder: Path) -> None:
    if isinstance(item, Segment):
        file = item.path.relative_to(folder).as_posix()
        click.echo(f"{file}: {item.seconds:.1f} s, {item.frames} frames")
    else:
        again = f"; again in {item.next_try_s:.0f} s" if item.next_try_s else ""
        click.echo(f"{item.time_utc:%Y-%m-%dT%H:%M:%SZ}: {item.detail}{again}", err=True)
