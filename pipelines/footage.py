"""Which camera-days there is footage for, and whether their report shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path, PurePosixPath

from assets.partitions import last_day
from camera_analysis.camera import Camera, CameraConfigError, require_camera_id
from camera_analysis.camera_file import load_camera
from camera_analysis.footage.file_time import DEFAULT_PATTERN, FIRST_DAY
from camera_analysis.footage.footage_files import find_footage, local_day
from pipelines.next_steps import next_step
from pipelines.settings import Settings
from pipelines.storage.store import Store


@dataclass(frozen=True, kw_only=True)
class CameraDayFootage:
    """The footage files of one camera-day."""

    camera: str
    day: str  # YYYY-MM-DD in the camera's time zone
    files: tuple[str, ...]  # a short digest each: of its name, size and time
    newest_s: float  # when the newest of its files last changed, seconds since 1970
    ends_utc: datetime  # midnight after the day, where the camera hangs

    @property
    def fingerprint(self) -> str:
        """Changes when a file comes, goes or grows."""
        return _short_digest("\n".join(self.files))

    @property
    def key(self) -> str:
        """Partition of the camera-day in the store."""
        return f"{self.camera}/{self.day}"


@dataclass(frozen=True, kw_only=True)
class UnusableCamera:
    """A camera folder that cannot be used, and why."""

    folder: str
    reason: str


def camera_folders(root: Path) -> Iterator[Path]:
    """Folders below the footage root that look like cameras, by name."""
    if root.is_dir():
        yield from sorted(
            path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")
        )


def own_camera_folder(root: Path, camera_id: str, hint: str) -> Path:
    """Folder of one camera.

    Args:
        root: the folder of all cameras.
        camera_id: the camera, and its folder.
        hint: the command that helps whoever named a camera that is not there.

    Raises:
        CameraConfigError: there is none of this id, or it is no id.
    """
    folder = root / require_camera_id(camera_id)
    if not folder.is_dir():
        raise CameraConfigError(f"no camera {camera_id} in {root}; {hint}")
    return folder


def camera_folder_of(settings: Settings, camera_id: str) -> Path:
    """Folder of one camera of a home.

    Raises:
        CameraConfigError: there is none of this id, or it is no id; the command that lists those
            of this home is named.
    """
    hint = next_step(settings, "cameras list")
    return own_camera_folder(settings.footage, camera_id, hint)


def load_own_camera(folder: Path) -> Camera:
    """The camera of a folder below the footage root, which must bear the folder's name.

    Raises:
        ValueError: It cannot be used; two folders with one id would overwrite each other's days.
    """
    require_camera_id(folder.name)
    camera = load_camera(folder)
    if camera.id != folder.name:
        raise ValueError(
            f"camera.yaml says id {camera.id}, its folder is {folder.name}; make them equal"
        )
    return camera


def load_cameras(root: Path) -> tuple[list[Camera], list[UnusableCamera]]:
    """Every usable camera below the root, and those that are not, with the reason."""
    cameras, unusable = [], []
    for folder in camera_folders(root):
        try:
            cameras.append(load_own_camera(folder))
        except ValueError as error:
            unusable.append(UnusableCamera(folder=folder.name, reason=str(error)))
    return cameras, unusable


def find_camera_days(
    root: Path, now: datetime | None = None, *, first_day: str = FIRST_DAY
) -> tuple[list[CameraDayFootage], list[UnusableCamera]]:
    """Camera-days of every camera below the root; one that cannot be read hides no other.

    A day outside the calendar, as a clock that was reset writes it, is set aside with its reason.
    """
    cameras, unusable = load_cameras(root)
    days: list[CameraDayFootage] = []
    for camera in cameras:
        try:
            found, outside = in_calendar(camera_days(camera), now, first_day=first_day)
        except (ValueError, OSError) as error:
            unusable.append(UnusableCamera(folder=camera.id, reason=str(error)))
            continue
        days += found
        unusable += outside
    return days, unusable


def in_calendar(
    days: Sequence[CameraDayFootage], now: datetime | None = None, *, first_day: str = FIRST_DAY
) -> tuple[list[CameraDayFootage], list[UnusableCamera]]:
    """Days that have a partition now, and those that have none, with the reason."""
    last = last_day(now or datetime.now(UTC))
    inside = [footage for footage in days if first_day <= footage.day <= last]
    if len(inside) == len(days):
        return inside, []
    outside = [footage.key for footage in days if not first_day <= footage.day <= last]
    return inside, [_outside(key, first_day) for key in outside]


def camera_calendar(
    camera: Camera, now: datetime | None = None, *, first_day: str = FIRST_DAY
) -> tuple[list[str], list[UnusableCamera]]:
    """Days with footage that have a partition now, and what cannot be used; from names alone."""
    last = last_day(now or datetime.now(UTC))
    try:
        found = list(footage_paths(camera))
    except (ValueError, OSError) as error:
        return [], [UnusableCamera(folder=camera.id, reason=str(error))]
    days = [day for day in found if first_day <= day <= last]
    outside = [day for day in found if not first_day <= day <= last]
    return days, [_outside(f"{camera.id}/{day}", first_day) for day in outside]


def _outside(key: str, first_day: str) -> UnusableCamera:
    return UnusableCamera(
        folder=key,
        reason=f"the day lies before {first_day} or in the future; was the camera's clock"
        " reset? Rename the file, or give its start under `starts` in camera.yaml",
    )


def untimed_files(camera: Camera) -> str:
    """How many files of a camera are of no known time, and the remedy; empty where none is.

    So, too, where its footage cannot be looked at, which is told elsewhere.
    """
    try:
        faults = find_footage(camera).faults
    except (ValueError, OSError):
        return ""
    names = [fault.file for fault in faults if fault.reason == "time_unknown"]
    if not names:
        return ""
    suffix = PurePosixPath(names[0]).suffix
    noun = "file" if suffix else "folder"
    if len(names) == 1:
        said, such = f"1 {noun} whose name says no time ({names[0]})", "name it"
    else:
        said = f"{len(names):,} {noun}s whose names say no time ({names[0]} ...)"
        such = "name them"
    if camera.file_time.pattern != DEFAULT_PATTERN:
        return f"{said}: {such} as `file_time:` in camera.yaml asks, or give `starts:` there"
    example = f"2026-01-05T08-00-00{suffix}"
    return f"{said}: {such} like {example}, or give `starts:` or `file_time:` in camera.yaml"


def camera_days(camera: Camera) -> list[CameraDayFootage]:
    """Camera-days with footage, oldest first. Each file is asked once for size and times.

    Raises:
        CameraConfigError: The footage folder does not exist.
    """
    return [footage_of_day(camera, day, paths) for day, paths in footage_paths(camera).items()]


def footage_paths(camera: Camera) -> dict[str, list[Path]]:
    """Day -> its footage files, from their names alone; the oldest day first.

    Raises:
        CameraConfigError: The footage folder does not exist.
    """
    paths_of: dict[str, list[Path]] = {}
    for file in find_footage(camera).files:
        paths_of.setdefault(local_day(camera, file.start_utc), []).extend(file.paths)
    return dict(sorted(paths_of.items()))


def footage_of_day(camera: Camera, day: str, paths: Sequence[Path]) -> CameraDayFootage:
    """What the files of a camera-day are now.

    Args:
        camera: Whose files they are.
        day: In its time zone.
        paths: One or more files.

    Raises:
        FileNotFoundError: A file is gone.
    """
    stats = [(path.name, path.stat()) for path in sorted(paths)]
    lines = [f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats]
    return CameraDayFootage(
        camera=camera.id,
        day=day,
        files=tuple(_short_digest(line) for line in lines),
        newest_s=max(max(stat.st_mtime, stat.st_ctime) for _, stat in stats),
        ends_utc=_midnight_after(camera, day),
    )


def _midnight_after(camera: Camera, day: str) -> datetime:
    following = date.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(following, time(), camera.zone).astimezone(UTC)


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def files_of_day(camera: Camera, day: str) -> tuple[str, ...]:
    """A digest of each footage file of one camera-day; none where there is none."""
    paths = footage_paths(camera).get(day)
    return footage_of_day(camera, day, paths).files if paths else ()


def reported_at(store: Store, footage: CameraDayFootage) -> str:
    """When the current report of the camera-day was written, ISO 8601; "" where there is none."""
    report = store.current("camera_report", footage.key)
    return store.provenance(report).created_at if report is not None else ""


def is_reported(store: Store, footage: CameraDayFootage) -> bool:
    """Whether the current report of the camera-day knows all footage that lies there.

    A file that is gone does not count: a recorder deletes its oldest ones, and made again, the day
    would lose what was seen in them.
    """
    report = store.current("camera_report", footage.key)
    index = store.current("frame_index", footage.key)
    if report is None or index is None or index not in store.provenance(report).inputs:
        return False
    return set(footage.files) <= set(store.provenance(index).config.get("footage", ()))
