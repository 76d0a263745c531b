"""When each usable frame of a day was taken, in UTC and beside the camera."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camera_analysis.labelling.labels import FRAMES_FILE

MICROSECONDS = 1_000_000
#: Assumed between the samples of a day that has but one.
LONE_INTERVAL_S = 1.0


@dataclass(frozen=True, kw_only=True)
class FrameTimes:
    """Times of a day's usable frames.

    Args:
        rows: frame_id -> position in ``utc_us``.
        utc_us: (N,) int64 microseconds since 1970, in the order of frame_id.
        zone: of the camera.
        interval: usual time between two frames.
    """

    rows: dict[int, int]
    utc_us: npt.NDArray[np.int64]
    zone: ZoneInfo
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
        return moment.astimezone(self.zone).replace(tzinfo=None)


def read_frame_times(index_dir: Path, zone: ZoneInfo) -> FrameTimes:
    """Read ``frames.parquet``; unusable frames are left out."""
    columns = ["frame_id", "time_utc", "usable"]
    table = pq.read_table(index_dir / FRAMES_FILE, columns=columns)
    table = table.filter(table["usable"]).sort_by("frame_id")
    utc_us = np.asarray(pc.cast(table["time_utc"], "int64").to_numpy(), np.int64)
    interval_s = float(np.median(np.diff(utc_us))) / MICROSECONDS if utc_us.size > 1 else 0.0
    return FrameTimes(
        rows={frame_id: row for row, frame_id in enumerate(table["frame_id"].to_pylist())},
        utc_us=utc_us,
        zone=zone,
        interval=timedelta(seconds=interval_s if interval_s > 0 else LONE_INTERVAL_S),
    )
