"""One clip is enough: the same graph over an ephemeral store on a single file."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg

from assets.partitions import camera_day_key
from camera_analysis.camera import Camera
from camera_analysis.camera_file import write_camera
from camera_analysis.footage.file_time import FIRST_DAY
from camera_analysis.footage.image_runs import (
    IMAGE_SUFFIXES,
    ImageClock,
    StartedRun,
    find_image_runs,
)
from camera_analysis.footage.video_file import VideoError, packet_span_s
from camera_analysis.footage.video_plan import MOST_FPS
from pipelines.automation.jobs import CAMERA_ASSETS
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.shell.runs import Planned, Runner

SHORTEST_S = 30.0
MOST_REFERENCES = 30  # one nominal day each, all within the calendar
#: Clips carry no date that can be relied on; times in the report count from this one.
NOMINAL_START = datetime(2020, 2, 1)
_IMAGES_START = NOMINAL_START.replace(tzinfo=UTC)


class ClipTooShortError(ValueError):
    """A clip has too little footage to learn what is normal in it."""


def analyze_clip(
    video: Path,
    references: Sequence[Path],
    output: Path,
    settings: Settings,
    *,
    interval_s: float | None = None,
    image_fps: float | None = None,
) -> Path:
    """Judge one clip by its own other parts, or by reference clips of the same camera.

    Args:
        video: The clip to judge, at least 30 s; or a folder of numbered images.
        references: Earlier footage of the same view; with none, blocks of the clip judge each
            other and no frame is judged against itself.
        output: Folder for the report, the pictures and the tables; made if absent.
        settings: Of the user's home, whose champion model is used if there is one.
        interval_s: Seconds between samples; None takes a 400th of the clip, 0.2 to 1 s.
        image_fps: Numbers a second where the clips are folders of images.

    Returns:
        Path of the report.

    Raises:
        ClipTooShortError: The clip lasts less than 30 s.
        ValueError: A number or a file cannot be used.
    """
    images = _image_clock(image_fps)
    duration_s = require_long_enough(video, images)
    if len(references) > MOST_REFERENCES:
        raise ValueError(f"{len(references)} references; at most {MOST_REFERENCES} are used")
    work = Path(tempfile.mkdtemp(prefix="learned-normal-"))
    scratch = replace(
        settings,
        home=work,
        store_root="",
        footage_root=None,
        executor="in_process",
        sources={},
        first_day=FIRST_DAY,
    )
    if interval_s is None:
        interval_s = default_interval_s(duration_s)
    try:
        camera = clip_camera(video, references, work, interval_s, images)
        _bring_champion(settings, scratch)
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


def _image_clock(image_fps: float | None) -> ImageClock | None:
    if image_fps is None:
        return None
    if not 0 < image_fps <= MOST_FPS:
        raise ValueError(f"--image-fps is {image_fps:g}; allowed: 0 < fps <= {MOST_FPS}")
    return ImageClock(interval_s=1 / image_fps)


def require_long_enough(video: Path, images: ImageClock | None = None) -> float:
    """Duration of the clip in seconds.

    Raises:
        FileNotFoundError: There is no such file.
        ClipTooShortError: It lasts less than 30 s.
        ValueError: It is no video.
    """
    if video.is_dir():
        duration_s = numbered_duration_s(video, images)
    elif video.is_file():
        duration_s = measured_duration_s(video)
    else:
        raise FileNotFoundError(f"{video}: no such file; give a video file of at least 30 s")
    if duration_s < SHORTEST_S:
        raise ClipTooShortError(
            f"{video.name}: lasts {duration_s:.1f} s; at least {SHORTEST_S:.0f} s are needed to"
            " learn what is normal. Give a longer clip; --reference clips of the same view do not"
            " make up for its length."
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


def numbered_duration_s(folder: Path, images: ImageClock | None) -> float:
    """Seconds from the first to the last numbered image of a folder.

    Raises:
        ValueError: It holds none, or nobody says how many there are a second.
    """
    if images is None:
        raise ValueError(f"{folder.name}: a folder of images; say how many a second: --image-fps")
    found = find_image_runs(folder, images, lambda _: _IMAGES_START, ZoneInfo("UTC"))
    runs = [item for item in found if isinstance(item, StartedRun)]
    if not runs:
        raise ValueError(f"{folder.name}: no numbered images in it")
    last = max(runs, key=lambda item: item.start_utc)
    end = last.start_utc + timedelta(seconds=float(last.run.ticks[-1] * last.run.tick_s))
    return (end - min(item.start_utc for item in runs)).total_seconds()


def default_interval_s(duration_s: float) -> float:
    """About 400 samples a clip, between 5 a second and one a second."""
    return min(1.0, max(0.2, round(duration_s / 400, 2)))


def clip_camera(
    video: Path,
    references: Sequence[Path],
    home: Path,
    interval_s: float,
    images: ImageClock | None = None,
) -> Camera:
    """A camera whose last day is the clip and whose days before it are the references."""
    camera_id = re.sub(r"[^a-z0-9]+", "-", video.stem.lower()).strip("-")[:60] or "clip"
    folder = home / "footage" / camera_id
    folder.mkdir(parents=True)
    starts = {}
    for back, path in enumerate([video, *reversed(references)]):
        name = f"{back:03d}-{path.name}"
        _link(path.resolve(), folder / name)
        starts[name] = NOMINAL_START - timedelta(days=back)
    camera = Camera(
        id=camera_id,
        folder=folder,
        interval_s=interval_s,
        starts=starts,
        images=images,
        mode="history" if references else "clip",
        window_days=max(1, len(references)),
        nominal_date=True,
    )
    write_camera(camera, folder)
    return camera


def _link(path: Path, link: Path) -> None:
    """Link a file, or the images of a folder one by one: links to folders are not searched."""
    if path.is_file():
        link.symlink_to(path)
        return
    link.mkdir()
    for image in path.iterdir():
        if image.suffix.lower() in IMAGE_SUFFIXES:
            (link / image.name).symlink_to(image)


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
