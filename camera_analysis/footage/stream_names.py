"""Names of recorded segments: such that the camera's ``file_time`` reads their start from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from camera_analysis.footage.file_time import FileTime, FileTimeError, to_utc

#: Below the camera's folder: one folder a day, so that no folder holds months.
DEFAULT_NAME = "%Y-%m-%d/%Y-%m-%dT%H-%M-%S"

#: A pattern that reads whole seconds loses the rest of the start time.
_WHOLE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class SegmentNames:
    """Where segments go.

    Attributes:
        folder: the camera's footage.
        zone: of the camera.
        file_time: how its file names say when they start.
        name: path below the folder without suffix, in the codes of ``strftime``; milliseconds and,
            in an hour that occurs twice, the offset are added where ``file_time`` reads them.
    """

    folder: Path
    zone: ZoneInfo
    file_time: FileTime
    name: str = DEFAULT_NAME

    def __post_init__(self) -> None:
        noon = datetime(2026, 1, 5, 12, 34, 56, tzinfo=UTC)
        if Path(self.name).is_absolute() or ".." in Path(self.name).parts:
            raise ValueError(f"segment name {self.name!r} leads out of the camera's folder")
        if self._error_of(self._stated(noon), noon) > _WHOLE_SECOND:
            raise ValueError(
                f"the camera's file_time does not read the start of {self._stated(noon)!r}; state"
                " a name that it reads, in the codes of strftime, for example %Y%m%d-%H%M%S"
            )

    def path_of(self, start_utc: datetime, suffix: str) -> Path:
        """Path of the segment that starts then; of the possible names the most exact one.

        Its folder is made.
        """
        plain = self._stated(start_utc)
        exact = f"{plain}.{start_utc.microsecond // 1000:03d}"
        offset = f"{start_utc.astimezone(self.zone):%z}"[:5]
        candidates = (plain, exact, f"{plain}{offset}", f"{exact}{offset}")
        best = min(candidates, key=lambda name: self._error_of(name + suffix, start_utc))
        path = self.folder / (best + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _stated(self, start_utc: datetime) -> str:
        return start_utc.astimezone(self.zone).strftime(self.name)

    def _error_of(self, name: str, start_utc: datetime) -> timedelta:
        """How far off the start is that is read from a name, in whole milliseconds."""
        try:
            read = to_utc(self.file_time.local_start(name), self.zone)
        except FileTimeError:
            return timedelta.max
        off = abs(read - start_utc)
        return off - timedelta(microseconds=off.microseconds % 1000)
