"""``learned-normal cameras``: ``draw-rois``, ``calibrate-occupancy``, ``occupancy``."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from pipelines.cli.days import LOCAL_DAY
from pipelines.cli.home import HOME_OPTION, end_of_runs, settings_of
from pipelines.next_steps import next_step


@click.command("calibrate-occupancy")
@click.argument("camera_id")
@click.option(
    "--labels",
    "labels_csv",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with the columns time, roi, persons: what a person saw on sampled frames.",
)
@click.option(
    "--score",
    type=click.Choice(("overlap", "roi_share", "person_share")),
    help="What to compare with the threshold; default: what does best on held-out labels.",
)
@click.option("--dry-run", is_flag=True, help="Only say; leave camera.yaml as it is.")
@HOME_OPTION
def calibrate_occupancy(
    camera_id: str, labels_csv: Path, score: str | None, dry_run: bool, home: Path | None
) -> None:
    """Choose the threshold of occupancy from a few labelled frames, and say how good it is.

    Twenty frames with somebody inside and twenty without, of several hours, are a start. Times are
    the camera's local time unless they state an offset. Writes `occupancy` into camera.yaml.
    """
    from camera_analysis.camera_edit import set_camera_keys
    from camera_analysis.footage.footage_files import local_day
    from camera_analysis.occupancy import occupancy_calibration
    from camera_analysis.occupancy.occupancy_rule import rule_document
    from pipelines.footage import camera_folder_of, load_own_camera
    from pipelines.pages.regions_of_interest import scores_of_days

    settings = settings_of(home)
    try:
        place = camera_folder_of(settings, camera_id)
        camera = load_own_camera(place)
        labels = occupancy_calibration.read_labels(labels_csv, camera.zone)
        days = sorted({local_day(camera, label.time_utc) for label in labels})
        found = occupancy_calibration.calibrate_occupancy(
            labels,
            scores_of_days(settings, camera, days),
            camera.occupancy,
            camera.interval_s,
            score=score,  # type: ignore[arg-type]
        )
        for line in occupancy_calibration.table_lines(found):
            click.echo(line)
        if dry_run:
            return
        set_camera_keys(place, {"occupancy": rule_document(found.rule)})
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"written to {place / 'camera.yaml'}")
    todo = next_step(settings, f"cameras occupancy {camera_id}")
    click.echo(f"next, for days that are reported: {todo}")


@click.command("occupancy")
@click.argument("camera_id")
@click.option(
    "--from",
    "first_day",
    type=LOCAL_DAY,
    default="",
    help="First day, YYYY-MM-DD; default: the first.",
)
@HOME_OPTION
def occupancy(camera_id: str, first_day: str, home: Path | None) -> None:
    """Measure the regions of labelled days again, as camera.yaml draws them now.

    Nothing is decoded or labelled again; the days' reports are written anew.
    """
    from pipelines.footage import camera_folder_of, load_own_camera
    from pipelines.shell.relearn import judge_again

    settings = settings_of(home)
    try:
        load_own_camera(camera_folder_of(settings, camera_id))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    outcome = judge_again(settings, camera_id, first_day)
    told = f"camera {camera_id}: {len(outcome.days)} days measured again"
    end_of_runs(told, outcome.failed, outcome.index_page)


@click.command("draw-rois")
@click.argument("camera_id")
@click.option("--port", default=0, help="Of the page on this machine; default: any that is free.")
@click.option("--rectified", is_flag=True, help="Draw in the rectified view of a calibrated lens.")
@click.option("--open/--no-open", "open_page", default=True, help="Open the page.")
@HOME_OPTION
def draw_rois(
    camera_id: str, port: int, rectified: bool, open_page: bool, home: Path | None
) -> None:
    """Draw, name and change regions of interest in the browser; saved into camera.yaml.

    The page shows the background plate, never a frame, and answers on this machine alone, to
    whoever has the address with its token. Ctrl-C ends it.
    """
    from pipelines.footage import camera_folder_of, load_own_camera
    from pipelines.pages.regions_of_interest import background_of
    from pipelines.pages.roi_page import RoiPage

    settings = settings_of(home)
    try:
        place = camera_folder_of(settings, camera_id)
        camera = load_own_camera(place)
        with TemporaryDirectory() as scratch:
            background = background_of(settings, camera, Path(scratch))
        page = RoiPage(place, background, "rectified" if rectified else "raw", port=port)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"draw regions of {camera_id}: {page.url}")
    page.show(open_page=open_page)
    todo = next_step(settings, f"cameras occupancy {camera_id}")
    click.echo(f"next, for days that are labelled: {todo}")
