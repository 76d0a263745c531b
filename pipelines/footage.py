"""Which camera-days there is footage for, and whether their report shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from camera_analysis.camera import Camera, find_footage, load_camera, local_day, require_camera_id
from pipelines.storage.store import Store


@dataclass(frozen=True, kw_only=True)
class CameraDayFootage:
    """The footage files of one camera-day."""

    camera: str
    day: str  # YYYY-MM-DD in the camera's time zone
    fingerprint: str  # changes when a file comes, goes or grows
    newest_s: float  # when the newest of its files last changed, seconds since 1970

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


def load_cameras(root: Path) -> tuple[list[Camera], list[UnusableCamera]]:
    """Every usable camera below the root, and those that are not, with the reason."""
    cameras, unusable = [], []
    for folder in camera_folders(root):
        try:
            require_camera_id(folder.name)
            cameras.append(load_camera(folder))
        except ValueError as error:
            unusable.append(UnusableCamera(folder=folder.name, reason=str(error)))
    return cameras, unusable


def find_camera_days(root: Path) -> tuple[list[CameraDayFootage], list[UnusableCamera]]:
    """Camera-days of every camera below the root; one that cannot be read hides no other."""
    cameras, unusable = load_cameras(root)
    days: list[CameraDayFootage] = []
    for camera in cameras:
        try:
            days += camera_days(camera)
        except (ValueError, OSError) as error:
            unusable.append(UnusableCamera(folder=camera.id, reason=str(error)))
    return days, unusable


def camera_days(camera: Camera) -> list[CameraDayFootage]:
    """Camera-days with footage, oldest first."""
    files_of: dict[str, list[Path]] = {}
    for file in find_footage(camera).files:
        files_of.setdefault(local_day(camera, file.start_utc), []).append(file.path)
    days = []
    for day, paths in sorted(files_of.items()):
        stats = [(path.name, path.stat()) for path in sorted(paths)]
        lines = [f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats]
        days.append(
            CameraDayFootage(
                camera=camera.id,
                day=day,
                fingerprint=hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12],
                newest_s=max(max(stat.st_mtime, stat.st_ctime) for _, stat in stats),
            )
        )
    return days


def day_fingerprint(camera: Camera, day: str) -> str:
    """Fingerprint of the footage of one camera-day; empty where there is none."""
    found = [footage.fingerprint for footage in camera_days(camera) if footage.day == day]
    return found[0] if found else ""


def is_reported(store: Store, footage: CameraDayFootage) -> bool:
    """Whether the current report of the camera-day was made from the footage as it lies there."""
    report = store.current("camera_report", footage.key)
    index = store.current("frame_index", footage.key)
    if report is None or index is None or index not in store.provenance(report).inputs:
        return False
    return store.provenance(index).config.get("footage") == footage.fingerprint
