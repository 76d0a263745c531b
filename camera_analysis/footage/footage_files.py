"""The footage of a camera as files: videos and runs of images, in order of time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from camera_analysis.camera import CAMERA_FILE, Camera, CameraConfigError
from camera_analysis.footage.file_time import FileTimeError, to_utc
from camera_analysis.footage.image_runs import ImageRun, StartedRun, find_image_runs
from camera_analysis.labelling.labels import FootageFault

#: Files that are looked at; everything else in the folder is left alone.
VIDEO_SUFFIXES: tuple[str, ...] = (".mp4", ".mkv", ".avi", ".ts", ".mov", ".webm")


@dataclass(frozen=True, kw_only=True)
class FootageFile:
    """One footage file, or a run of images, and the instant of its first frame.

    Attributes:
        path: the video, or the first image.
        start_utc: of its first frame.
        images: the run; None for a video.
    """

    path: Path
    start_utc: datetime
    images: ImageRun | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file behind it."""
        if self.images is None:
            return (self.path,)
        return tuple(self.images.folder / name for name in self.images.names)


@dataclass(frozen=True, kw_only=True)
class Footage:
    """Files in order of time, and those whose time is unknown."""

    files: tuple[FootageFile, ...]
    faults: tuple[FootageFault, ...]


def find_footage(camera: Camera) -> Footage:
    """Footage of a camera, sorted by start, then path. Reads names, not contents.

    Raises:
        CameraConfigError: the footage folder does not exist.
    """
    if not camera.folder.is_dir():
        raise CameraConfigError(
            f"camera {camera.id}: footage folder {camera.folder} does not exist; set 'footage' in "
            f"{CAMERA_FILE} to the folder that holds its video files"
        )
    files: list[FootageFile] = []
    faults: list[FootageFault] = []
    for item in (*_videos(camera), *_images(camera)):
        if isinstance(item, FootageFault):
            faults.append(item)
        else:
            files.append(item)
    files.sort(key=lambda file: (file.start_utc, file.path.as_posix()))
    return Footage(files=tuple(files), faults=tuple(faults))


def _videos(camera: Camera) -> Iterator[FootageFile | FootageFault]:
    found = sorted(_video_names(camera.folder), key=lambda item: item[0].split("/"))
    for name, trouble in found:
        if trouble:
            yield FootageFault(file=name, reason=trouble, detail="skipped")
            continue
        try:
            yield FootageFile(path=camera.folder / name, start_utc=_start_utc(camera, name))
        except FileTimeError as error:
            remedy = f"{error}; set file_time, or name its start under 'starts'"
            yield FootageFault(file=name, reason="time_unknown", detail=remedy)


def _video_names(folder: Path, below: str = "") -> Iterator[tuple[str, str]]:
    """Relative names that look like videos, each with why it cannot be one; "" where it can.

    A folder's listing says so without a call per file: on a network drive each call is a wait.
    """
    try:
        entries = list(os.scandir(folder / below))
    except PermissionError:
        if not below:
            raise
        yield below.rstrip("/"), "folder_not_readable"
        return
    for entry in entries:
        name = f"{below}{entry.name}"
        suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122  no Path per file
        if suffix in VIDEO_SUFFIXES and not entry.name.startswith("."):
            yield name, "" if entry.is_file() else "not_a_file"
        if entry.is_dir(follow_symlinks=False):
            yield from _video_names(folder, f"{name}/")


def _images(camera: Camera) -> Iterator[FootageFile | FootageFault]:
    if camera.images is None:
        return
    runs = find_image_runs(
        camera.folder, camera.images, lambda name: _start_utc(camera, name), camera.zone
    )
    for item in runs:
        if isinstance(item, StartedRun):
            first = item.run.folder / item.run.names[0]
            yield FootageFile(path=first, start_utc=item.start_utc, images=item.run)
        else:
            yield item


def _start_utc(camera: Camera, name: str) -> datetime:
    stated = camera.starts.get(name) or camera.starts.get(name.rsplit("/", 1)[-1])
    return to_utc(stated or camera.file_time.local_start(name), camera.zone)


def local_day(camera: Camera, instant: datetime) -> str:
    """Day "YYYY-MM-DD" of an instant in the camera's time zone."""
    return instant.astimezone(camera.zone).date().isoformat()


def footage_days(camera: Camera) -> list[str]:
    """Local days with footage, ascending; a file counts for the local day of its start."""
    return days_of(camera, find_footage(camera))


def days_of(camera: Camera, footage: Footage) -> list[str]:
    """The same of footage that was found."""
    return sorted({local_day(camera, file.start_utc) for file in footage.files})


def files_of_day(camera: Camera, footage: Footage, day: str) -> list[FootageFile]:
    """Those of a local day, ascending.

    Raises:
        ValueError: there are none; says which days there are.
    """
    files = [file for file in footage.files if local_day(camera, file.start_utc) == day]
    if not files:
        days = days_of(camera, footage)
        span = f"its {len(days)} days run from {days[0]} to {days[-1]}" if days else "it has none"
        raise ValueError(f"camera {camera.id} has no footage on {day}; {span}")
    return files


def file_before(footage: Footage, first: FootageFile) -> FootageFile | None:
    """The last file of the days before one that is the first of its day; None without one."""
    number = footage.files.index(first)
    return footage.files[number - 1] if number else None
