"""The command ``learned-normal``: a thin skin over the assets."""

from __future__ import annotations

import os
import signal
import socket
import sys
import webbrowser
from dataclasses import replace
from pathlib import Path

import click

from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.next_steps import remember_environment
from pipelines.settings import PREFIX, Settings, SettingsError
from segmentation.config import ARCHITECTURES


@click.group()
@click.version_option(package_name="learned-normal")
@click.pass_context
def main(context: click.Context) -> None:
    """Learn what is normal for a fixed camera, and report what departs from it."""
    remember_environment(context)
    os.environ.setdefault("FIFTYONE_DO_NOT_TRACK", "true")


@main.command()
@click.option(
    "--home", type=click.Path(path_type=Path), default=Path("demo-home"), show_default=True
)
@click.option("--seed", default=0, show_default=True, help="Of everything random.")
@click.option("--images", default=120, show_default=True, help="Images drawn per source.")
@click.option("--days", default=3, show_default=True, help="Days of footage per camera.")
def demo(home: Path, seed: int, images: int, days: int) -> None:
    """Run every stage on synthetic sources and cameras with truth."""
    from pipelines.demo.demo import run_demo
    from pipelines.demo.demo_truth import compare_with_truth, truth_lines
    from pipelines.shell.outcome import print_outcome
    from pipelines.shell.runs import RunFailedError

    try:
        settings = run_demo(home.resolve(), seed=seed, images_per_source=images, days=days)
    except RunFailedError as error:
        raise click.ClickException(str(error)) from error
    print_outcome(settings)
    for line in truth_lines(compare_with_truth(settings)):
        click.echo(line)


@main.command()
@click.argument("samples", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--home", type=click.Path(path_type=Path), default=Path("real-home"), show_default=True
)
@click.option(
    "--minutes",
    "--train-minutes",
    "train_minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=23.0,
    show_default=True,
    help="Longest training time; all stages of the recipe share it.",
)
@click.option(
    "--footage/--no-footage",
    default=True,
    help="Whether the cameras are looked at, too; without, training and its figures only.",
)
def real(samples: Path, home: Path, train_minutes: float, footage: bool) -> None:
    """Run every stage on a folder of real images and footage, and measure."""
    from pipelines.demo.real_samples import run_real
    from pipelines.shell.outcome import print_outcome
    from pipelines.shell.runs import RunFailedError

    try:
        settings = run_real(
            samples.resolve(), home.resolve(), train_minutes=train_minutes, footage=footage
        )
    except RunFailedError as error:
        raise click.ClickException(str(error)) from error
    print_outcome(settings)


@main.command()
@click.argument("video", type=click.Path(path_type=Path))
@click.option(
    "--reference",
    "references",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Earlier footage of the same view; may be repeated.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Default: <video>-normal.")
@click.option("--interval", "interval_s", type=float, help="Seconds between sampled frames.")
@click.option("--image-fps", type=float, help="VIDEO is a folder of images, so many a second.")
@click.option("--open/--no-open", "open_page", default=True, help="Open the report.")
@HOME_OPTION
def analyze(
    video: Path,
    references: tuple[Path, ...],
    output: Path | None,
    interval_s: float | None,
    image_fps: float | None,
    open_page: bool,
    home: Path | None,
) -> None:
    """Judge one clip of at least 30 s and open its report."""
    from pipelines.resources import open_store
    from pipelines.shell.one_clip import analyze_clip
    from pipelines.shell.runs import RunFailedError

    settings = settings_of(home)
    folder = output or Path(f"{video.stem}-normal")
    try:
        report = analyze_clip(
            video,
            references,
            folder.resolve(),
            settings,
            interval_s=interval_s,
            image_fps=image_fps,
        )
    except (ValueError, FileNotFoundError, RunFailedError) as error:
        raise click.ClickException(str(error)) from error
    if open_store(settings).current("champion_model") is None:
        click.echo(f"no champion model in {settings.home}: judged by movers alone")
    click.echo(f"report: {report}")
    if open_page:
        _show(report)


def _show(page: Path) -> None:
    """Open a page where there is a browser; its path has been printed either way."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    browser.open(page.resolve().as_uri())


@main.command()
@click.option("--full", is_flag=True, help="Read every file again, also unchanged ones.")
@HOME_OPTION
def rebuild(full: bool, home: Path | None) -> None:
    """Scan every configured source and build the dataset, obeying the review."""
    settings = settings_of(home)
    if not settings.sources:
        raise click.ClickException(
            f"no sources are configured; name them in {settings.home / 'settings.yaml'}, e.g.\n"
            "sources:\n  voc: /data/VOCdevkit"
        )
    if settings.executor == "in_process":
        from dataset_build.expectations.expectations_process import PROCESS

        PROCESS.start()  # it loads while Dagster does

    from assets.dataset import FULL_SCAN
    from pipelines.demo.demo import dataset_plan

    plan = dataset_plan(settings)
    if full:
        plan = [replace(planned, tags={FULL_SCAN: "yes"}) for planned in plan]
    _run_plan(settings, plan)

    from pipelines.shell.outcome import print_dataset

    print_dataset(settings)


@main.command()
@click.option("--architecture", type=click.Choice(ARCHITECTURES), default="unet", show_default=True)
@click.option("--weights", help="To start from: a file, or 'cache' for torchvision's.")
@click.option("--width", type=click.IntRange(min=1), help="Channels; 64 is each paper's size.")
@click.option("--steps", type=click.IntRange(min=1), help="Optimizer steps.")
@click.option(
    "--head-steps", type=click.IntRange(min=0), help="First steps, which leave the backbone alone."
)
@HOME_OPTION
def train(
    architecture: str,
    weights: str | None,
    width: int | None,
    steps: int | None,
    head_steps: int | None,
    home: Path | None,
) -> None:
    """Train and evaluate one architecture, promote the best, and let it look at the masks.

    Options hold for this run; without them, and otherwise, the home's settings do.
    """
    from pipelines.demo.demo import champion_plan
    from pipelines.shell.runs import Planned
    from pipelines.shell.train_options import with_train_options

    try:
        settings = with_train_options(
            settings_of(home),
            architecture,
            weights=weights,
            width=width,
            steps=steps,
            head_steps=head_steps,
        )
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    trained = Planned(job="model_job", partition=architecture)
    _run_plan(settings, [trained, *champion_plan()])


def _run_plan(settings: Settings, plan: list) -> None:  # type: ignore[type-arg]
    from pipelines.shell.runs import RunFailedError, Runner, spare_collections

    runner = Runner(settings)
    spare_collections()
    try:
        runner.run_all(plan)
    except RunFailedError as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.argument("camera", required=False)
@click.option("--open/--no-open", "open_page", default=False)
@HOME_OPTION
def report(camera: str | None, open_page: bool, home: Path | None) -> None:
    """Say where the newest report of a camera is, or the index of cameras."""
    from pipelines.shell.outcome import index_page, newest_report, why_no_report

    settings = settings_of(home)
    page = newest_report(settings, camera) if camera else index_page(settings)
    if page is None:
        raise click.ClickException(why_no_report(settings, camera))
    click.echo(page)
    if open_page:
        _show(page)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@HOME_OPTION
def dev(port: int, home: Path | None) -> None:
    """Start Dagster's UI and daemon over this home."""
    from pipelines.home_lock import HomeInUseError, hold_home
    from pipelines.instance import write_instance_config

    settings = settings_of(home)
    instance_home = write_instance_config(settings)
    try:
        hold_home(settings.home, instance_home)
    except HomeInUseError as error:
        raise click.ClickException(str(error)) from error
    if not _is_free(port):
        raise click.ClickException(
            f"port {port} is in use: what answers at http://127.0.0.1:{port} may be the page of "
            "another home; end that, or give another --port"
        )
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(instance_home),
        PREFIX + "HOME": str(settings.home),
        # `dg dev` wants a project folder; an installed package has none.
        "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded",
    }
    click.echo(f"Dagster over {settings.home}: http://127.0.0.1:{port}")
    binary = Path(sys.executable).parent / "dagster"
    command = [str(binary), "dev", "-m", "pipelines.definitions", "-p", str(port)]
    sys.stdout.flush()
    # Dagster ends its services by the signal of Ctrl-C, also when it is asked to end itself: where
    # that is ignored, as a script's background commands do, nothing would ever end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # In place of this process, so that Ctrl-C reaches Dagster alone, which ends its services.
    os.execve(binary, command, environment)


def _is_free(port: int) -> bool:
    """Whether a page can be served on this machine at a port."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@main.command()
@HOME_OPTION
def doctor(home: Path | None) -> None:
    """Look at everything a run needs, and say what is missing."""
    from pipelines.shell.doctor import examine

    findings = examine(settings_of(home))
    for finding in findings:
        mark = "ok  " if finding.passed else "FAIL" if finding.needed else "note"
        click.echo(f"{mark}  {finding.subject}: {finding.seen}")
    if any(finding.needed and not finding.passed for finding in findings):
        raise SystemExit(1)


def _register() -> None:
    """Sub-groups live in modules of their own."""
    from pipelines.cli.benchmark import benchmark
    from pipelines.cli.cameras import cameras
    from pipelines.cli.events import events
    from pipelines.cli.models import models, store
    from pipelines.cli.privacy import privacy
    from pipelines.cli.review import review
    from pipelines.cli.sources import sources

    for group in (benchmark, cameras, events, models, privacy, review, sources, store):
        main.add_command(group)


_register()
