"""The tables of tracks: every point, a row per track, and from where the next day goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

FloatArray = npt.NDArray[np.float64]
IntVector = npt.NDArray[np.int64]

TRACKS_FILE = "tracks.parquet"
SUMMARY_FILE = "track_summary.parquet"
STATE_FILE = "tracker_state.parquet"

#: Points on either side that say where a walker went.
WAY_REACH = 2

_UTC = pa.timestamp("us", tz="UTC")
_BOX = [(side, pa.float32()) for side in ("x0", "y0", "x1", "y1")]

#: One row per track and frame in which it was seen, track by track. Lengths are label-map pixels.
TRACKS = pa.schema(
    [
        (
            "track_id",
            pa.int64(),
        ),  # the day it began on, as yyyymmdd, and a number: unique by camera
        ("time_utc", _UTC),
        *_BOX,  # the far corner is exclusive
        ("foot_x", pa.float32()),  # middle of the box's lower side
        ("foot_y", pa.float32()),
        ("speed_px_s", pa.float32()),  # of the foot, over a second around; null for a lone point
        ("ground_x_m", pa.float32()),  # null without a homography, and beyond the horizon
        ("ground_y_m", pa.float32()),
        ("speed_m_s", pa.float32()),
    ]
)

#: One row per track that was seen on the day, in the order of its first point there.
TRACK_SUMMARY = pa.schema(
    [
        ("track_id", pa.int64()),
        ("class_id", pa.int8()),  # most frequent of its regions; null where none was known
        ("start_utc", _UTC),  # on this day
        ("end_utc", _UTC),
        ("began_before", pa.bool_()),  # it goes on from the day before
        ("points", pa.int32()),
        ("gaps", pa.int32()),  # times that it was out of sight and found again
        ("longest_gap_s", pa.float32()),
        ("length_px", pa.float32()),  # of the way of its foot
        ("height_px", pa.float32()),  # median of its boxes
        ("mean_speed_px_s", pa.float32()),
        ("mean_speed_m_s", pa.float32()),  # null without a homography, and beyond the horizon
        ("start_x", pa.float32()),
        ("start_y", pa.float32()),
        ("end_x", pa.float32()),
        ("end_y", pa.float32()),
        ("broken_start", pa.bool_()),  # another track ended beside it shortly before
        ("broken_end", pa.bool_()),  # another track began beside it shortly after
        ("entry_zone", pa.string()),  # null where it was seen first in none, or is no walk
        ("exit_zone", pa.string()),
        ("path", pa.int16()),  # number of its average path; null for none
        ("unlike_heights", pa.float32()),  # body heights to the third-nearest other walk; null
        ("unusual_p", pa.float32()),  # share of the day's walks that are as unlike the others; null
    ]
)

#: What was seen in the last seconds of a day, from which the tracker of the next day goes on.
STATE = pa.schema([("time_utc", _UTC), *_BOX, ("track_id", pa.int64())])  # null: no track yet


@dataclass(frozen=True, kw_only=True)
class Track:
    """One mover over time, as far as it was seen on a day.

    Args:
        track_id: see ``TRACKS``.
        times_us: (N,) microseconds since 1970, ascending.
        boxes_xyxy: (N, 4) label-map pixels.
        classes: (N,) class ids, -1 where unknown.
        began_before: on the day before.
    """

    track_id: int
    times_us: IntVector
    boxes_xyxy: FloatArray
    classes: IntVector
    began_before: bool = False

    @property
    def feet_xy(self) -> FloatArray:
        """(N, 2) middle of each box's lower side."""
        x0, _, x1, y1 = self.boxes_xyxy.T
        return np.column_stack([(x0 + x1) / 2, y1])

    @property
    def way_xy(self) -> FloatArray:
        """(N, 2) its feet by a running median of five points: feet that hid for a moment stay."""
        return _running_median(self.feet_xy)

    @property
    def bodies_px(self) -> FloatArray:
        """(N,) heights of its boxes by the same running median."""
        return _running_median((self.boxes_xyxy[:, 3] - self.boxes_xyxy[:, 1])[:, None])[:, 0]

    @property
    def seconds(self) -> float:
        """From its first to its last point."""
        return float(self.times_us[-1] - self.times_us[0]) / 1e6

    @property
    def height_px(self) -> float:
        """Median of its boxes."""
        return float(np.median(self.boxes_xyxy[:, 3] - self.boxes_xyxy[:, 1]))

    @property
    def class_id(self) -> int | None:
        """The most frequent known class."""
        known = self.classes[self.classes >= 0]
        return int(np.bincount(known).argmax()) if known.size else None


def evenly_spread(count: int, most: int) -> IntVector:
    """(K,) ascending places among ``count``, all of them or ``most``, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _running_median(values_nk: FloatArray) -> FloatArray:
    padded = np.pad(values_nk, ((WAY_REACH, WAY_REACH), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * WAY_REACH + 1, axis=0)
    return np.asarray(np.median(windows, axis=2), np.float64)


@dataclass(frozen=True)
class SeenBoxes:
    """The boxes of one frame with their tracks; -1 for none."""

    time_us: int
    boxes_xyxy: FloatArray
    tracks_n: IntVector


def write_state(frames: Sequence[SeenBoxes], folder: Path) -> None:
    """Write ``tracker_state.parquet``."""
    boxes = np.concatenate([np.empty((0, 4)), *(frame.boxes_xyxy for frame in frames)])
    times = [frame.time_us for frame in frames for _ in frame.tracks_n]
    ids = [int(one) if one >= 0 else None for frame in frames for one in frame.tracks_n]
    columns = [pa.array(times, pa.int64()).cast(_UTC)]
    columns += [pa.array(side.astype(np.float32)) for side in boxes.T]
    table = pa.Table.from_arrays([*columns, pa.array(ids, pa.int64())], schema=STATE)
    pq.write_table(table, folder / STATE_FILE, compression="zstd")


def read_state(folder: Path) -> list[SeenBoxes]:
    """Frames of ``tracker_state.parquet`` in the order of time."""
    table = pq.read_table(folder / STATE_FILE)
    if not table.num_rows:
        return []
    times = np.asarray(table["time_utc"].cast(pa.int64()), np.int64)
    boxes = np.column_stack([np.asarray(table[side], np.float64) for side, _ in _BOX])
    ids = np.array([-1 if one is None else one for one in table["track_id"].to_pylist()], np.int64)
    cuts = np.flatnonzero(np.diff(times)) + 1
    return [
        SeenBoxes(int(part_t[0]), part_b, part_i)
        for part_t, part_b, part_i in zip(
            np.split(times, cuts), np.split(boxes, cuts), np.split(ids, cuts), strict=True
        )
    ]
