"""One clip is enough: the same graph over an ephemeral store on a single file."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg

from assets.partitions import camera_day_key
from camera_analysis.camera import Camera, write_camera
from camera_analysis.video_file import VideoError, packet_span_s
from pipelines.jobs import CAMERA_ASSETS
from pipelines.resources import open_store
from pipelines.runs import Planned, Runner
from pipelines.settings import Settings

SHORTEST_S = 30.0
MOST_REFERENCES = 30  # one nominal day each, all within the calendar
#: Clips carry no date that can be relied on; times in the report count from this one.
NOMINAL_START = datetime(2020, 2, 1)


class ClipTooShortError(ValueError):
    """A clip has too little footage to learn what is normal in it."""


def analyze_clip(
    video: Path,
    references: Sequence[Path],
    output: Path,
    settings: Settings,
    *,
    interval_s: float | None = None,
) -> Path:
    """Judge one clip by its own other parts, or by reference clips of the same camera.

    Args:
        video: The clip to judge, at least 30 s.
        references: Earlier footage of the same view; with none, blocks of the clip judge each
            other and no frame is judged against itself.
        output: Folder for the report, the pictures and the tables; made if absent.
        settings: Of the user's home, whose champion model is used if there is one.
        interval_s: Seconds between samples; None takes a 400th of the clip, 0.2 to 1 s.

    Returns:
        Path of the report.

    Raises:
        ClipTooShortError: The clip lasts less than 30 s.
    """
    duration_s = require_long_enough(video)
    if len(references) > MOST_REFERENCES:
        raise ValueError(f"{len(references)} references; at most {MOST_REFERENCES} are used")
    work = Path(tempfile.mkdtemp(prefix="learned-normal-"))
    scratch = replace(
        settings, home=work, store_root="", footage_root=None, executor="in_process", sources={}
    )
    camera = clip_camera(video, references, work, interval_s or default_interval_s(duration_s))
    _bring_champion(settings, scratch)
    try:
        with dg.DagsterInstance.ephemeral() as instance:
            runner = Runner(scratch, instance)
            runner.add_camera(camera.id)
            days = [_day(back) for back in range(len(references), -1, -1)]
            runner.run_all(
                [
                    Planned(job="camera_job", partition=camera_day_key(camera.id, day))
                    for day in days
                ]
            )
        return _copy_results(scratch, camera.id, days[-1], output)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def require_long_enough(video: Path) -> float:
    """Duration of the clip in seconds.

    Raises:
        FileNotFoundError: There is no such file.
        ClipTooShortError: It lasts less than 30 s.
        ValueError: It is no video.
    """
    if not video.is_file():
        raise FileNotFoundError(f"{video}: no such file; give a video file of at least 30 s")
    duration_s = measured_duration_s(video)
    if duration_s < SHORTEST_S:
        raise ClipTooShortError(
            f"{video.name}: lasts {duration_s:.1f} s; at least {SHORTEST_S:.0f} s are needed to"
            " learn what is normal. Record longer, or give --reference clips of the same view"
            " together with a longer clip."
        )
    return duration_s


def measured_duration_s(video: Path) -> float:
    """Seconds of footage that are there, whatever the header promises.

    Raises:
        ValueError: It is not a video that can be read; names the file.
    """
    try:
        return packet_span_s(video)
    except VideoError as error:
        raise ValueError(f"{video.name}: not a video that can be read: {error}") from error


def default_interval_s(duration_s: float) -> float:
    """About 400 samples a clip, between 5 a second and one a second."""
    return min(1.0, max(0.2, round(duration_s / 400, 2)))


def clip_camera(video: Path, references: Sequence[Path], home: Path, interval_s: float) -> Camera:
    """A camera whose last day is the clip and whose days before it are the references."""
    camera_id = re.sub(r"[^a-z0-9]+", "-", video.stem.lower()).strip("-")[:60] or "clip"
    folder = home / "footage" / camera_id
    folder.mkdir(parents=True)
    starts = {}
    for back, path in enumerate([video, *reversed(references)]):
        name = f"{back:03d}-{path.name}"
        (folder / name).symlink_to(path.resolve())
        starts[name] = NOMINAL_START - timedelta(days=back)
    camera = Camera(
        id=camera_id,
        folder=folder,
        interval_s=interval_s,
        starts=starts,
        mode="history" if references else "clip",
        window_days=max(1, len(references)),
        nominal_date=True,
    )
    write_camera(camera, folder)
    return camera


def _day(back: int) -> str:
    return (NOMINAL_START - timedelta(days=back)).date().isoformat()


def _bring_champion(settings: Settings, scratch: Settings) -> None:
    """Publish the user's champion in the ephemeral store, so that the graph finds it there."""
    home_store = open_store(settings)
    champion = home_store.current("champion_model")
    if champion is None:
        return
    store = open_store(scratch)
    with store.draft("champion_model") as folder:
        shutil.copytree(home_store.path(champion), folder, dirs_exist_ok=True)
        (folder / "provenance.json").unlink(missing_ok=True)
        provenance = home_store.provenance(champion)
        version = store.seal(
            folder, "champion_model", code_version=provenance.code_version, inputs=(), config={}
        )
    store.publish(version)


def _copy_results(scratch: Settings, camera_id: str, day: str, output: Path) -> Path:
    """Copy every asset of the judged day out of the ephemeral store."""
    store = open_store(scratch)
    for asset in CAMERA_ASSETS:
        version = store.require(asset, f"{camera_id}/{day}")
        shutil.rmtree(output / asset, ignore_errors=True)  # of an earlier run
        shutil.copytree(store.path(version), output / asset)
    report = output / "report.html"
    shutil.copyfile(output / "camera_report" / "report.html", report)
    return report
