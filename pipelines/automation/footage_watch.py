"""Which camera-days there is footage for, asked every minute: only what may have changed is read.

A thousand cameras with ninety days have a hundred thousand files and more. Listing a folder again
is left out while its own time stamp says that no file came or went, and a file that has rested for
hours is not asked for its size again. Because some network drives do not keep such promises, every
camera is looked at wholly about once an hour all the same.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from camera_analysis.camera import CAMERA_FILE, Camera
from camera_analysis.footage.file_time import FIRST_DAY
from pipelines.footage import (
    CameraDayFootage,
    UnusableCamera,
    camera_folders,
    footage_of_day,
    footage_paths,
    in_calendar,
    load_own_camera,
)

#: A file that was not written to for so long has been closed; longer than any recorder pauses.
RESTED_S = 6 * 3600.0
#: At the latest after so long, a camera is looked at wholly again.
WHOLE_LOOK_S = 3600.0
#: A folder that changed so recently may change again without a new time stamp (FAT: 2 s).
STAMP_STEP_S = 3.0
#: A stamp that equals no other.
NEVER = -1


@dataclass(frozen=True, kw_only=True)
class CameraFootage:
    """What there is of one camera.

    Args:
        days: with footage, the oldest first.
        unusable: the camera, or days of it that have no partition.
    """

    days: tuple[CameraDayFootage, ...] = ()
    unusable: tuple[UnusableCamera, ...] = ()


@dataclass
class _Look:
    """What was seen when a camera was looked at wholly."""

    camera: Camera
    stamps: dict[Path, int]  # its folders and camera.yaml -> when they changed, nanoseconds
    paths: dict[str, list[Path]]  # day -> files, of days whose files had not rested
    days: dict[str, CameraDayFootage]
    whole_again_s: float


@dataclass
class FootageWatch:
    """Remembers what it saw, for as long as the process lives.

    Args:
        root: the folder of all cameras.
        first_day: earlier days have no partition.
    """

    root: Path
    first_day: str = FIRST_DAY
    _looks: dict[str, _Look] = field(default_factory=dict)

    def cameras(self, now_s: float) -> Iterator[CameraFootage]:
        """Every camera below the root, by name; one that cannot be read hides no other.

        Args:
            now_s: seconds since 1970.
        """
        folders = list(camera_folders(self.root))
        for name in self._looks.keys() - {folder.name for folder in folders}:
            del self._looks[name]
        for folder in folders:
            try:
                days = self._days(folder, now_s)
            except (ValueError, OSError) as error:
                self._looks.pop(folder.name, None)
                trouble = UnusableCamera(folder=folder.name, reason=str(error))
                yield CameraFootage(unusable=(trouble,))
                continue
            now = datetime.fromtimestamp(now_s, UTC)
            inside, outside = in_calendar(days, now, first_day=self.first_day)
            yield CameraFootage(days=tuple(inside), unusable=tuple(outside))

    def _days(self, folder: Path, now_s: float) -> list[CameraDayFootage]:
        look = self._looks.get(folder.name)
        if look is not None and now_s < look.whole_again_s and _stand(look.stamps):
            try:
                return _looked_again(look, now_s)
            except FileNotFoundError:
                pass  # a file went this instant: the folder is listed anew
        look = _looked_wholly(folder, now_s)
        self._looks[folder.name] = look
        return list(look.days.values())


def _looked_wholly(folder: Path, now_s: float) -> _Look:
    camera = load_own_camera(folder)
    stamps = _stamps(folder, camera, now_s)  # taken first: what changes meanwhile is seen next time
    paths = footage_paths(camera)
    days = {day: footage_of_day(camera, day, files) for day, files in paths.items()}
    young = {day: paths[day] for day, known in days.items() if known.newest_s > now_s - RESTED_S}
    spread = 0.5 + 0.5 * zlib.crc32(folder.name.encode()) / 2**32  # not all cameras at once
    return _Look(camera, stamps, young, days, now_s + spread * WHOLE_LOOK_S)


def _looked_again(look: _Look, now_s: float) -> list[CameraDayFootage]:
    """Days as they were, but for those whose files may still be written to."""
    for day, paths in look.paths.items():
        if look.days[day].newest_s > now_s - RESTED_S:
            look.days[day] = footage_of_day(look.camera, day, paths)
    return list(look.days.values())


def _stamps(folder: Path, camera: Camera, now_s: float) -> dict[Path, int]:
    """When the camera's own folder, its ``camera.yaml`` and each folder of footage changed.

    Where that was within one step of the stamps, it says nothing: the next change may look alike.
    """
    places = {folder, *(Path(place) for place, _, _ in os.walk(camera.folder))}
    settings = folder / CAMERA_FILE
    if settings.exists():
        places.add(settings)
    changed_ns = {place: place.stat().st_mtime_ns for place in places}
    newest_ns = (now_s - STAMP_STEP_S) * 1e9
    return {place: at if at < newest_ns else NEVER for place, at in changed_ns.items()}


def _stand(stamps: dict[Path, int]) -> bool:
    """Whether nothing came or went since."""
    try:
        return all(place.stat().st_mtime_ns == at for place, at in stamps.items())
    except FileNotFoundError:
        return False
