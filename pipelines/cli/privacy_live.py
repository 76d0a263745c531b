"""``learned-normal privacy live``: a camera in the browser, people hidden."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click

from camera_analysis.privacy.privacy_filters import FILTERS
from pipelines.cli.home import HOME_OPTION, settings_of

_HIDING = [name for name, one in FILTERS.items() if one.hides_people]


@click.command()
@click.argument("source")
@click.option("--method", type=click.Choice(_HIDING), help="Default: the camera's, or silhouette.")
@click.option("--strength", type=float, help="Of methods that have one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8010, show_default=True, help="0 takes a free one.")
@click.option("--token", help="Needed by every request; made up where --host is no loopback.")
@click.option(
    "--learn-seconds", default=30.0, show_default=True, help="All is hidden while a stream is new."
)
@click.option("--max-side", default=1280, show_default=True, help="Of the picture, in pixels.")
@click.option("--again", is_flag=True, help="Begin a file anew at its end.")
@HOME_OPTION
def live(
    source: str,
    method: str | None,
    strength: float | None,
    host: str,
    port: int,
    token: str | None,
    learn_seconds: float,
    max_side: int,
    again: bool,
    home: Path | None,
) -> None:
    """Show SOURCE (a file, an rtsp or http address, or a camera) with people hidden.

    The page tells frames per second and latency. Frames that come while another one is worked on
    are dropped; one whose mask is not to be trusted is hidden as a whole.
    """
    from camera_analysis.audit.measured_audit import measured_verdict
    from camera_analysis.privacy.live_frames import LiveView
    from camera_analysis.privacy.live_hiding import LiveConfig
    from camera_analysis.privacy.live_sources import LiveClock
    from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
    from pipelines.pages.live_preview import LiveServer, serve
    from pipelines.pages.live_source import live_source
    from pipelines.pages.page_access import is_loopback, new_token
    from pipelines.shell.champion_segmenter import champion_segmenter

    settings = settings_of(home)
    clock = LiveClock(now=time.monotonic, sleep=time.sleep)
    try:
        seen = live_source(source, settings.footage, clock, max_side_px=max_side, again=again)
        of_camera = seen.camera.private_video if seen.camera else None
        stated = {"method": method, "strength": strength}
        hiding = replace(
            of_camera or PrivateVideoSettings(),
            **{key: value for key, value in stated.items() if value is not None},  # type: ignore[arg-type]
        )
        verdict = measured_verdict(hiding.method, hiding.strength)
        if not verdict.passed:
            click.echo(f"{hiding.method} failed its audit: {'; '.join(verdict.reasons)}", err=True)
        config = LiveConfig(settings=hiding, learn_s=learn_seconds)
        with champion_segmenter(settings) as segmenter:
            if segmenter is None:
                click.echo(
                    f"no champion model in {settings.home}: only what moves is hidden", err=True
                )
            view = LiveView(seen.frames(), segmenter, config, clock.now, seen.empty)
            server = LiveServer(
                view, host, port, token or (None if is_loopback(host) else new_token())
            )
            view.start()
            click.echo(f"{seen.name}, {hiding.method}: {server.page_address}")
            try:
                serve(server)
            finally:
                view.stop()
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
