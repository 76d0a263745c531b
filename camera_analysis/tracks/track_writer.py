"""Tracks become rows: every point with its speed, and one row per track."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from camera_analysis.labelling.day_regions import RegionsMeta
from camera_analysis.labelling.labels import RowGroups
from camera_analysis.tracks.average_paths import NO_PATH, Ways
from camera_analysis.tracks.path_zones import Breaks
from camera_analysis.tracks.track_tables import TRACKS, TRACKS_FILE, FloatArray, IntVector, Track
from camera_analysis.tracks.tracking_rule import TrackingRule

#: Between points of a track that are so many steps apart it was out of sight.
GAP_STEPS = 1.5


class TrackWriter(RowGroups):
    """Appends tracks to ``tracks.parquet``; memory is bounded by one row group.

    Args:
        folder: existing directory.
        meta: of the regions that were tracked.
        rule: with the homography, if there is one.
        rows_per_group: rows of one row group.
    """

    def __init__(
        self, folder: Path, meta: RegionsMeta, rule: TrackingRule, *, rows_per_group: int = 20_000
    ) -> None:
        super().__init__(folder / TRACKS_FILE, TRACKS)
        self._meta = meta
        self._rule = rule
        self._tables: list[pa.Table] = []
        self._rows = 0
        self._rows_per_group = rows_per_group

    def add(self, track: Track) -> None:
        """Append the points of one track."""
        self._tables.append(_points(track, self._meta, self._rule))
        self._rows += len(track.times_us)
        if self._rows >= self._rows_per_group:
            self._flush()

    def _flush(self) -> None:
        if self._tables:
            self._writer.write_table(pa.concat_tables(self._tables).combine_chunks())
            self._tables, self._rows = [], 0


def speeds(places_xy: FloatArray, times_us: IntVector) -> FloatArray:
    """(N,) lengths a second of the way over a second around each of (N, 2) points; NaN for one.

    The way is measured between the first and the last point within half a second; where there is
    none but the point itself, to its neighbour.
    """
    count = len(times_us)
    if count < 2:
        return np.full(count, np.nan)
    numbers = np.arange(count)
    first = np.searchsorted(times_us, times_us - 500_000, side="left")
    last = np.searchsorted(times_us, times_us + 500_000, side="right") - 1
    alone = first == last
    first = np.where(alone, np.maximum(numbers - 1, 0), first)
    last = np.where(alone & (first == numbers), numbers + 1, last)
    way = np.linalg.norm(places_xy[last] - places_xy[first], axis=1)
    return np.asarray(way / ((times_us[last] - times_us[first]) / 1e6), np.float64)


def ground_xy(track: Track, meta: RegionsMeta, rule: TrackingRule) -> FloatArray | None:
    """(N, 2) metres of a track's feet, NaN beyond the horizon; None without a homography.

    Boxes count from the edges of pixels, the homography from their centres.
    """
    scale = np.array(meta.native_wh, np.float64) / (max(meta.width, 1), max(meta.height, 1))
    return rule.ground(track.feet_xy * scale - 0.5, meta.native_wh)


def _points(track: Track, meta: RegionsMeta, rule: TrackingRule) -> pa.Table:
    ground = ground_xy(track, meta, rule)
    nothing = np.full(len(track.times_us), np.nan)
    metres = [*ground.T, speeds(ground, track.times_us)] if ground is not None else [nothing] * 3
    numbers = [*track.boxes_xyxy.T, *track.feet_xy.T, speeds(track.feet_xy, track.times_us)]
    columns = [
        pa.array(np.full(len(track.times_us), track.track_id)),
        pa.array(track.times_us).cast(TRACKS.field("time_utc").type),
        *(pa.array(side.astype(np.float32), from_pandas=True) for side in [*numbers, *metres]),
    ]
    return pa.Table.from_arrays(columns, schema=TRACKS)


def summary_rows(
    tracks: Sequence[Track],
    breaks: Breaks,
    walks: Sequence[int],
    ways: Ways,
    zones: tuple[Sequence[str | None], Sequence[str | None]],
    meta: RegionsMeta,
    rule: TrackingRule,
) -> list[dict[str, object]]:
    """Rows of ``track_summary.parquet``.

    Args:
        tracks: of the day, in order.
        breaks: which of them were lost.
        walks: numbers of those that led somewhere.
        ways: of the walks.
        zones: entry and exit zone of each walk.
        meta: of the regions.
        rule: with the homography, if there is one.
    """
    rows = [_row(track, meta, rule) for track in tracks]
    for number, row in enumerate(rows):
        row["broken_start"] = bool(breaks.starts_n[number])
        row["broken_end"] = bool(breaks.ends_n[number])
    for walk, number in enumerate(walks):
        path, unusual = int(ways.path_n[walk]), float(ways.unusual_p[walk])
        unlike = float(ways.distance_n[walk])
        rows[number] |= {
            "entry_zone": zones[0][walk],
            "exit_zone": zones[1][walk],
            "path": None if path == NO_PATH else path,
            "unlike_heights": None if np.isnan(unlike) else unlike,
            "unusual_p": None if np.isnan(unusual) else unusual,
        }
    return rows


def _row(track: Track, meta: RegionsMeta, rule: TrackingRule) -> dict[str, object]:
    feet, steps_s = track.feet_xy, np.diff(track.times_us) / 1e6
    length = float(np.linalg.norm(np.diff(feet, axis=0), axis=1).sum())
    ground = ground_xy(track, meta, rule)
    usual_s = max(meta.step_s, float(np.median(steps_s)) if len(steps_s) else 0.0)
    gaps = steps_s > GAP_STEPS * usual_s
    return {
        "track_id": track.track_id,
        "class_id": track.class_id,
        "start_utc": int(track.times_us[0]),
        "end_utc": int(track.times_us[-1]),
        "began_before": track.began_before,
        "points": len(track.times_us),
        "gaps": int(gaps.sum()),
        "longest_gap_s": float(steps_s[gaps].max(initial=0.0)),
        "length_px": length,
        "height_px": track.height_px,
        "mean_speed_px_s": _mean_speed(feet, track.times_us),
        "mean_speed_m_s": None if ground is None else _mean_speed(ground, track.times_us),
        "start_x": float(feet[0, 0]),
        "start_y": float(feet[0, 1]),
        "end_x": float(feet[-1, 0]),
        "end_y": float(feet[-1, 1]),
    }


def _mean_speed(places_xy: FloatArray, times_us: IntVector) -> float | None:
    """Mean of the speeds at its points, as far as known: jitter of a box is no way gone."""
    known = speeds(places_xy, times_us)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else None
