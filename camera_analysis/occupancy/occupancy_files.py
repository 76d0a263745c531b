"""What is kept of a camera-day's occupancy: stays, frames, hours, and what the numbers mean."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.occupancy.occupancy_rule import OccupancyRule, rule_document
from camera_analysis.occupancy.stays import Stay

FloatVector = npt.NDArray[np.float64]

OCCUPANCY_FILE = "occupancy.json"
STAYS_FILE = "stays.parquet"
ROI_FRAMES_FILE = "roi_frames.parquet"
HOURS_FILE = "hours.parquet"

_UTC = pa.timestamp("us", tz="UTC")
#: One row per stay, by region and time. Each frame stands for the interval that follows it.
STAYS = pa.schema(
    [
        ("roi", pa.string()),
        ("start_utc", _UTC),
        ("end_utc", _UTC),
        ("dwell_s", pa.float64()),
        ("frames", pa.int32()),
        ("peak", pa.float32()),  # largest score
        ("most_persons", pa.int16()),  # at once, an estimate
    ]
)
#: One row per frame and region with anybody in it, or in a stay.
ROI_FRAMES = pa.schema(
    [
        ("frame_id", pa.int32()),
        ("time_utc", _UTC),
        ("roi", pa.string()),
        ("expected_px", pa.float32()),  # label-map pixels, as large as those of the view's centre
        ("roi_share", pa.float32()),
        ("person_share", pa.float32()),
        ("overlap", pa.float32()),
        ("bottom_centre", pa.bool_()),  # what a bottom-centre rule says of the frame
        ("persons", pa.int16()),
        ("occupied", pa.bool_()),
    ]
)
#: One row per region and local hour with frames.
HOURS = pa.schema(
    [
        ("roi", pa.string()),
        ("local_hour", pa.int8()),
        ("frames", pa.int32()),
        ("frames_occupied", pa.int32()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class RoiDay:
    """One region over the N usable frames of a day; see :mod:`.roi_overlap` for what is measured.

    Attributes:
        roi_px: its weight in label-map pixels.
        score: (N,) what the rule compares with its thresholds.
        persons: (N,) estimate of how many were inside at once.
        stays: in order of time.
        occupied: (N,) whether a frame belongs to a stay.
    """

    name: str
    roi_px: float
    score: FloatVector
    expected_px: FloatVector
    roi_share: FloatVector
    person_share: FloatVector
    overlap: FloatVector
    bottom_centre: npt.NDArray[np.bool_]
    persons: npt.NDArray[np.int64]
    stays: tuple[Stay, ...]
    occupied: npt.NDArray[np.bool_]


def _no_times() -> FloatVector:
    return np.zeros(0)


def _no_numbers() -> npt.NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True)
class DayOccupancy:
    """A day's regions; without frames where the status says that nothing was measured.

    Attributes:
        counted: name of the class that counts as persons.
        segmenter: version of what told persons from others.
        step_s: between two sampled frames.
        times_s: (N,) seconds since 1970.
    """

    status: str
    rule: OccupancyRule
    counted: str = ""
    segmenter: str = ""
    step_s: float = 0.0
    frame_ids: npt.NDArray[np.int64] = field(default_factory=_no_numbers)
    times_s: FloatVector = field(default_factory=_no_times)
    local_hours: npt.NDArray[np.int64] = field(default_factory=_no_numbers)
    rois: tuple[RoiDay, ...] = ()

    @property
    def frames(self) -> int:
        """Usable frames."""
        return len(self.frame_ids)


def write_occupancy(day: DayOccupancy, out: Path) -> None:
    """Write occupancy.json, stays.parquet, roi_frames.parquet and hours.parquet."""
    told = {
        "status": day.status,
        "rule": rule_document(day.rule),
        "counted": day.counted,
        "segmenter": day.segmenter,
        "frames": day.frames,
        "step_s": day.step_s,
        "rois": [_told(day, roi) for roi in day.rois],
    }
    (out / OCCUPANCY_FILE).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    _write([row for roi in day.rois for row in _stay_rows(day, roi)], STAYS, out / STAYS_FILE)
    _write([row for roi in day.rois for row in hour_rows(day, roi)], HOURS, out / HOURS_FILE)
    frames = [_frame_table(day, roi) for roi in day.rois]
    table = pa.concat_tables(frames) if frames else ROI_FRAMES.empty_table()
    table = table.sort_by([("frame_id", "ascending"), ("roi", "ascending")])
    pq.write_table(table, out / ROI_FRAMES_FILE, compression="zstd")


def read_occupancy(folder: Path) -> dict[str, Any]:
    """What occupancy.json says."""
    told: dict[str, Any] = json.loads((folder / OCCUPANCY_FILE).read_text(encoding="utf-8"))
    return told


def _told(day: DayOccupancy, roi: RoiDay) -> dict[str, Any]:
    return {
        "name": roi.name,
        "roi_px": round(roi.roi_px, 1),
        "frames_occupied": int(roi.occupied.sum()),
        "frames_over_enter": int((roi.score >= day.rule.enter).sum()),
        "frames_bottom_centre": int(roi.bottom_centre.sum()),
        "stays": len(roi.stays),
        "dwell_s": round(sum(stay.dwell_s for stay in roi.stays), 3),
        "longest_s": round(max((stay.dwell_s for stay in roi.stays), default=0.0), 3),
        "most_persons": int(roi.persons[roi.occupied].max(initial=0)),
    }


def _instants(times_s: FloatVector) -> npt.NDArray[np.datetime64]:
    return np.round(times_s * 1e6).astype(np.int64).astype("datetime64[us]")


def _stay_rows(day: DayOccupancy, roi: RoiDay) -> list[dict[str, Any]]:
    starts = _instants(day.times_s)
    return [
        {
            "roi": roi.name,
            "start_utc": starts[stay.first].item(),
            "end_utc": _instants(day.times_s[[stay.last]] + day.step_s)[0].item(),
            "dwell_s": stay.dwell_s,
            "frames": stay.last - stay.first + 1,
            "peak": float(roi.score[stay.first : stay.last + 1].max()),
            "most_persons": int(roi.persons[stay.first : stay.last + 1].max()),
        }
        for stay in roi.stays
    ]


def hour_rows(day: DayOccupancy, roi: RoiDay) -> list[dict[str, Any]]:
    """Frames and occupied frames of a region by local hour."""
    frames = np.bincount(day.local_hours, minlength=24)
    occupied = np.bincount(day.local_hours, roi.occupied, 24).astype(int)
    return [
        {
            "roi": roi.name,
            "local_hour": hour,
            "frames": int(frames[hour]),
            "frames_occupied": int(occupied[hour]),
        }
        for hour in np.flatnonzero(frames).tolist()
    ]


def _frame_table(day: DayOccupancy, roi: RoiDay) -> pa.Table:
    kept = (roi.expected_px > 0) | roi.occupied
    columns: Mapping[str, Any] = {
        "frame_id": day.frame_ids[kept],
        "time_utc": _instants(day.times_s[kept]),
        "roi": [roi.name] * int(kept.sum()),
        "expected_px": roi.expected_px[kept],
        "roi_share": roi.roi_share[kept],
        "person_share": roi.person_share[kept],
        "overlap": roi.overlap[kept],
        "bottom_centre": roi.bottom_centre[kept],
        "persons": roi.persons[kept],
        "occupied": roi.occupied[kept],
    }
    arrays = [pa.array(columns[item.name]).cast(item.type) for item in ROI_FRAMES]
    return pa.table(arrays, schema=ROI_FRAMES)


def _write(rows: Sequence[Mapping[str, Any]], schema: pa.Schema, path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path, compression="zstd")
