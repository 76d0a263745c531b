"""The walks of a day as ways in time, and those of a window of days as what is usual."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.labelling.day_regions import RegionsMeta
from camera_analysis.labelling.regions import Box
from camera_analysis.tracks.average_paths import PATH_POINTS, at_equal_lengths
from camera_analysis.tracks.track_tables import FloatArray, Track

WALKS_FILE = "walks.parquet"
WALKS_META_FILE = "walks.json"

_UTC = pa.timestamp("us", tz="UTC")
_ALONG = pa.list_(pa.float32(), PATH_POINTS)

#: One row per walk, by its day and then in the order of time. Lengths are label-map pixels.
WALKS = pa.schema(
    [
        ("day", pa.string()),  # local
        ("track_id", pa.int64()),
        ("class_id", pa.int8()),  # most frequent of its regions; null where none was known
        ("start_utc", _UTC),
        ("end_utc", _UTC),
        ("entry_zone", pa.string()),  # null where it was seen first in none
        ("exit_zone", pa.string()),
        ("foot_x", _ALONG),  # at equal shares of the length of its way, ends included
        ("foot_y", _ALONG),
        ("body_px", _ALONG),  # height of its box there
        ("after_s", _ALONG),  # seconds since its start at which the feet were there
    ]
)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One walk as a way in time.

    Args:
        day: local, "YYYY-MM-DD".
        track_id: of its track.
        class_id: None where unknown.
        start: UTC.
        end: UTC.
        entry_zone: of its day; None for none.
        exit_zone: likewise.
        feet_xy: (16, 2) at equal shares of its length.
        body_px: (16,) height of the walker there.
        after_s: (16,) seconds since its start.
    """

    day: str
    track_id: int
    class_id: int | None
    start: datetime
    end: datetime
    entry_zone: str | None
    exit_zone: str | None
    feet_xy: FloatArray
    body_px: FloatArray
    after_s: FloatArray

    def box_at(self, time: datetime) -> Box:
        """Around the walker at a moment; before and after the walk, at its ends."""
        seconds = (time - self.start).total_seconds()
        x, y, body = (
            float(np.interp(seconds, self.after_s, side))
            for side in (*self.feet_xy.T, self.body_px)
        )
        return _body_box(x, y, body)

    @property
    def extent(self) -> Box:
        """Around the walker over all of the way."""
        boxes = [
            _body_box(x, y, body)
            for (x, y), body in zip(self.feet_xy.tolist(), self.body_px.tolist(), strict=True)
        ]
        return reduce(Box.union, boxes)


@dataclass(frozen=True, kw_only=True)
class WalksMeta:
    """What walks must share to be compared.

    Args:
        height: of the label maps that their pixels lie in.
        width: of them.
        segmenter: that told what is human; "none" for movers alone.
        step_s: seconds between the frames that were looked at.
    """

    height: int
    width: int
    segmenter: str
    step_s: float


def walk_rows(
    day: str,
    walks: Sequence[Track],
    entries: Sequence[str | None],
    exits: Sequence[str | None],
) -> list[dict[str, object]]:
    """Rows of ``walks.parquet``.

    Args:
        day: local, "YYYY-MM-DD".
        walks: tracks that lead somewhere, in order.
        entries: zone of each walk's start.
        exits: and of its end.
    """
    rows: list[dict[str, object]] = []
    for track, entry, leave in zip(walks, entries, exits, strict=True):
        after_s = (track.times_us - track.times_us[0]) / 1e6
        seen = np.column_stack([track.way_xy, track.bodies_px, after_s])
        along = at_equal_lengths(track.way_xy, seen)
        rows.append(
            {
                "day": day,
                "track_id": track.track_id,
                "class_id": track.class_id,
                "start_utc": int(track.times_us[0]),
                "end_utc": int(track.times_us[-1]),
                "entry_zone": entry,
                "exit_zone": leave,
                "foot_x": along[:, 0].tolist(),
                "foot_y": along[:, 1].tolist(),
                "body_px": along[:, 2].tolist(),
                "after_s": along[:, 3].tolist(),
            }
        )
    return rows


def meta_of(regions: RegionsMeta) -> WalksMeta:
    """What the walks of a day's regions are measured in."""
    return WalksMeta(
        height=regions.height,
        width=regions.width,
        segmenter=regions.segmenter,
        step_s=regions.step_s,
    )


def write_walks(rows: Sequence[Mapping[str, object]], meta: WalksMeta, folder: Path) -> None:
    """Write ``walks.parquet`` and ``walks.json``."""
    _write(pa.Table.from_pylist([dict(row) for row in rows], schema=WALKS), meta, folder)


def _write(table: pa.Table, meta: WalksMeta, folder: Path) -> None:
    pq.write_table(table, folder / WALKS_FILE, compression="zstd")
    text = json.dumps(meta.__dict__, indent=1, sort_keys=True) + "\n"
    (folder / WALKS_META_FILE).write_text(text, encoding="utf-8")


def read_walks_meta(folder: Path) -> WalksMeta | None:
    """What the walks of a folder are measured in; None where nothing was tracked."""
    path = folder / WALKS_META_FILE
    if not path.is_file():
        return None
    return WalksMeta(**json.loads(path.read_text(encoding="utf-8")))


def read_walks(folder: Path) -> list[Walk]:
    """The walks of a day, or of a window; none where nothing was tracked."""
    path = folder / WALKS_FILE
    return [_walk(row) for row in pq.read_table(path).to_pylist()] if path.is_file() else []


def write_window(
    folders: Mapping[str, Path],
    alarms: Mapping[str, Sequence[tuple[datetime, datetime]]],
    segmenter: str,
    out: Path,
) -> int:
    """Write the walks of the days of a window into one ``walks.parquet``.

    Days that were not tracked, or by another segmenter, at another size or rate than the last one,
    are left out. With no day left nothing is written.

    Args:
        folders: day -> folder of its trajectories.
        alarms: day -> spans of its events that were called alarms; who walked then is left out.
        segmenter: that labelled the days.
        out: existing folder, of the learned normal of these days.

    Returns:
        How many walks.
    """
    metas = {
        day: meta
        for day in sorted(folders)
        if (meta := read_walks_meta(folders[day])) is not None and meta.segmenter == segmenter
    }
    if not metas:
        return 0
    last = metas[max(metas)]
    tables = [
        _without(pq.read_table(folders[day] / WALKS_FILE), alarms.get(day, ()))
        for day, meta in metas.items()
        if meta == last
    ]
    table = pa.concat_tables(tables)
    _write(table, last, out)
    return int(table.num_rows)


def _without(table: pa.Table, spans: Sequence[tuple[datetime, datetime]]) -> pa.Table:
    """Walks that have no moment in common with any span."""
    kept = [
        not any(start <= last and end >= first for first, last in spans)
        for start, end in zip(
            table["start_utc"].to_pylist(), table["end_utc"].to_pylist(), strict=True
        )
    ]
    return table.filter(pa.array(kept, pa.bool_()))


def _walk(row: Mapping[str, Any]) -> Walk:
    return Walk(
        day=row["day"],
        track_id=row["track_id"],
        class_id=row["class_id"],
        start=row["start_utc"],
        end=row["end_utc"],
        entry_zone=row["entry_zone"],
        exit_zone=row["exit_zone"],
        feet_xy=np.column_stack([row["foot_x"], row["foot_y"]]).astype(np.float64),
        body_px=np.array(row["body_px"], np.float64),
        after_s=np.array(row["after_s"], np.float64),
    )


def _body_box(x: float, y: float, body: float) -> Box:
    """A body half as wide as high over a foot."""
    side = body / 4
    return Box(
        int(np.floor(x - side)), int(np.floor(y - body)), int(np.ceil(x + side)), int(np.ceil(y))
    )
