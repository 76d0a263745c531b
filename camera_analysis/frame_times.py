"""When each usable frame of a day was taken, in UTC and beside the camera."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camera_analysis.labels import FRAMES_FILE

MICROSECONDS = 1_000_000
#: Offsets from UTC are whole quarters of an hour. An hour of day cannot tell +14:00 from -10:00:
#: -10:00 (Hawaii) to +13:45 (New Zealand has up to +13:45) is one full turn of the clock.
QUARTER_HOURS = range(-40, 56)
#: Assumed between the samples of a day that has but one.
LONE_INTERVAL_S = 1.0


@dataclass(frozen=True, kw_only=True)
class FrameTimes:
    """Times of a day's usable frames.

    Args:
        rows: frame_id -> position in ``utc_us``.
        utc_us: (N,) int64 microseconds since 1970, in the order of frame_id.
        offset: local time minus UTC.
        interval: usual time between two frames.
    """

    rows: dict[int, int]
    utc_us: npt.NDArray[np.int64]
    offset: timedelta
    interval: timedelta

    def utc(self, frame_id: int) -> datetime:
        """Time of a frame in UTC.

        Raises:
            ValueError: the frame is not among the usable ones.
        """
        if frame_id not in self.rows:
            raise ValueError(
                f"frame {frame_id} has a label map but is no usable frame of {FRAMES_FILE}; "
                "make both in one pass"
            )
        since = timedelta(microseconds=int(self.utc_us[self.rows[frame_id]]))
        return datetime.fromtimestamp(0, UTC) + since

    def local(self, moment: datetime) -> datetime:
        """Wall-clock time beside the camera, without a zone."""
        return (moment + self.offset).replace(tzinfo=None)


def read_frame_times(index_dir: Path) -> FrameTimes:
    """Read ``frames.parquet``; unusable frames are left out."""
    columns = ["frame_id", "time_utc", "local_hour", "usable"]
    table = pq.read_table(index_dir / FRAMES_FILE, columns=columns)
    table = table.filter(table["usable"]).sort_by("frame_id")
    utc_us = np.asarray(pc.cast(table["time_utc"], "int64").to_numpy(), np.int64)
    hours = np.asarray(table["local_hour"].to_numpy(), np.int64)
    interval_s = float(np.median(np.diff(utc_us))) / MICROSECONDS if utc_us.size > 1 else 0.0
    return FrameTimes(
        rows={frame_id: row for row, frame_id in enumerate(table["frame_id"].to_pylist())},
        utc_us=utc_us,
        offset=_offset(utc_us, hours),
        interval=timedelta(seconds=interval_s if interval_s > 0 else LONE_INTERVAL_S),
    )


def _offset(utc_us: npt.NDArray[np.int64], local_hours: npt.NDArray[np.int64]) -> timedelta:
    """Offset that explains most local hours; whole hours first, then the nearest to UTC."""
    if not utc_us.size:
        return timedelta()
    minutes = utc_us // (60 * MICROSECONDS)
    candidates = sorted(QUARTER_HOURS, key=lambda quarters: (quarters % 4 != 0, abs(quarters)))
    explained = [
        int(((minutes + 15 * quarters) // 60 % 24 == local_hours).sum()) for quarters in candidates
    ]
    return timedelta(minutes=15 * candidates[int(np.argmax(explained))])
