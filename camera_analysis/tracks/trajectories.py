"""The trajectories of a camera-day: tracks, the ways they go, where they begin and end.

Everything is read from the day's regions; no frame and no label map is opened.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.label_classes import HUMAN
from camera_analysis.labelling.day_regions import (
    REGIONS_FILE,
    RegionsMeta,
    iterate_regions,
    read_regions_meta,
)
from camera_analysis.labelling.labels import NO_SEGMENTER
from camera_analysis.pictures import read_plate
from camera_analysis.tracks.average_paths import find_ways, is_walk, resampled
from camera_analysis.tracks.path_zones import (
    Breaks,
    Zone,
    find_breaks,
    find_zones,
    origin_destination,
)
from camera_analysis.tracks.person_size import PersonSize, learn_person_size
from camera_analysis.tracks.track_tables import (
    SUMMARY_FILE,
    TRACK_SUMMARY,
    FloatArray,
    SeenBoxes,
    Track,
    read_state,
    write_state,
)
from camera_analysis.tracks.track_writer import TrackWriter, summary_rows
from camera_analysis.tracks.tracking import DayTracker, goes_on, seen_frames
from camera_analysis.tracks.tracking_rule import LONGEST_STEP_S, TrackingRule
from camera_analysis.tracks.trajectory_pictures import save_paths, save_tracks, save_zones
from camera_analysis.tracks.walks import meta_of, walk_rows, write_walks

TRAJECTORIES_FILE = "trajectories.json"

#: Regions that a person's size is learned from, at most.
MOST_SIZED = 20_000
TRACKED, OFF, FAILED = "tracked", "off", "failed"


@dataclass(frozen=True, kw_only=True)
class TrajectoriesSummary:
    """What the tracks of a day are.

    Args:
        status: "tracked", "off" where the camera is looked at too rarely for tracks, or "failed".
        tracks: seen on the day.
        people: of them, those that are human.
        walks: that led somewhere.
        paths: average paths.
        zones: entry and exit zones.
        gaps: times that a track was out of sight and found again.
        breaks: times that a track was lost, and found again as another.
        went_on: tracks that go on from the day before.
        frames_per_s: looked at.
        pictures: names, the most telling first.
        reason: why tracking failed; "" where it did not.
    """

    status: str
    tracks: int
    people: int
    walks: int
    paths: int
    zones: int
    gaps: int
    breaks: int
    went_on: int
    frames_per_s: float
    pictures: tuple[str, ...]
    reason: str = ""


def make_trajectories(
    regions: Path,
    out: Path,
    *,
    day: str,
    title: str,
    rule: TrackingRule,
    plate: Path | None,
    before: Path | None = None,
) -> TrajectoriesSummary:
    """Track the regions of a day; write tables, ``trajectories.json`` and pictures.

    Points are written as tracks end, but all tracks of the day are kept as well, to be compared: 48
    bytes a point and about half a kilobyte a track. 5,000 tracks of 20 s at five frames a second
    were 27 MB; memory grows with the points of the day.

    Where tracking fails the tables are empty and the reason is told: whoever waits for the day's
    other alarms is not to lose them. The next day begins without tracks that go on.

    Args:
        regions: folder of regions.parquet and regions.json.
        out: an existing folder.
        day: "YYYY-MM-DD".
        title: of the pictures.
        rule: the camera's.
        plate: its anonymized background plate.
        before: folder that this function wrote for the day before; its tracks go on.

    Raises:
        OSError: a file cannot be read or written; trying again may help.
    """
    meta = read_regions_meta(regions)
    describe = partial(_describe, out=out, day=day, meta=meta, rule=rule, title=title, plate=plate)
    nothing = partial(_write_tracks, (), out, meta, rule, state=list)
    if meta.step_s > LONGEST_STEP_S + 1e-9 or rule.fps == 0:
        return describe(nothing(), size=None, status=OFF)
    try:
        size = person_size(regions, meta)
        follower = _Follower(regions, meta, size, day, before)
        tracks = _write_tracks(follower.tracks(), out, meta, rule, state=lambda: follower.state)
        return describe(tracks, size=size, status=TRACKED)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # whatever it is, it is not worth the day's other alarms
        logging.getLogger(__name__).exception("%s: tracking failed", title)
        for file in out.iterdir():
            file.unlink()
        reason = f"{type(error).__name__}: {error}"
        return describe(nothing(), size=None, status=FAILED, reason=reason)


def _write_tracks(
    tracks: Iterable[Track],
    out: Path,
    meta: RegionsMeta,
    rule: TrackingRule,
    *,
    state: Callable[[], Sequence[SeenBoxes]],
) -> list[Track]:
    """Write the points of tracks as they end, and at last from where the next day goes on."""
    written = []
    with TrackWriter(out, meta, rule) as writer:
        for track in tracks:
            writer.add(track)
            written.append(track)
    write_state(state(), out)
    return sorted(written, key=lambda track: (int(track.times_us[0]), track.track_id))


def person_size(regions: Path, meta: RegionsMeta) -> PersonSize | None:
    """How large people are in the regions of a day; with a network, of those known to be human."""
    with pq.ParquetFile(regions / REGIONS_FILE) as file:
        stride = max(1, file.metadata.num_rows // MOST_SIZED)
        columns = ["x0", "y0", "x1", "y1", "area_px", "class_id"]
        parts = [np.empty((0, len(columns)))]
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=columns)
            parts.append(np.column_stack([_numbers(table[name]) for name in columns])[::stride])
    rows = np.concatenate(parts)
    if meta.segmenter != NO_SEGMENTER:
        rows = rows[rows[:, 5] == HUMAN]
    return learn_person_size(rows[:, :4], rows[:, 4], (meta.height, meta.width))


def _numbers(column: pa.ChunkedArray) -> FloatArray:
    return np.asarray(column.cast(pa.float64()).fill_null(-1.0), np.float64)


class _Follower:
    """Follows the regions of a day from where the day before ended."""

    def __init__(
        self,
        regions: Path,
        meta: RegionsMeta,
        size: PersonSize | None,
        day: str,
        before: Path | None,
    ) -> None:
        only_people = meta.segmenter != NO_SEGMENTER
        self._frames = seen_frames(iterate_regions(regions), size, only_people=only_people)
        self._first = next(self._frames, None)
        state = read_state(before) if before else []
        carried = state if self._first and goes_on(state, self._first.time_us) else []
        self._tracker = DayTracker(day, meta.step_s, carried)

    def tracks(self) -> Iterator[Track]:
        """Tracks as they end."""
        if self._first is not None:
            yield from self._tracker.add(self._first)
        for frame in self._frames:
            yield from self._tracker.add(frame)
        yield from self._tracker.finish()

    @property
    def state(self) -> list[SeenBoxes]:
        return self._tracker.state


def _describe(
    tracks: Sequence[Track],
    out: Path,
    *,
    day: str,
    meta: RegionsMeta,
    rule: TrackingRule,
    size: PersonSize | None,
    status: str,
    title: str,
    plate: Path | None,
    reason: str = "",
) -> TrajectoriesSummary:
    """Ways, zones, tables and pictures of the tracks of a day."""
    breaks = find_breaks(tracks)
    walks = [number for number, track in enumerate(tracks) if is_walk(track)]
    ways = find_ways(
        [resampled(tracks[number].way_xy) for number in walks],
        [tracks[number].height_px for number in walks],
    )
    zones, entries, exits = _zones(tracks, walks, breaks)
    rows = summary_rows(tracks, breaks, walks, ways, (entries, exits), meta, rule)
    pq.write_table(
        pa.Table.from_pylist(rows, schema=TRACK_SUMMARY), out / SUMMARY_FILE, compression="zstd"
    )
    led = walk_rows(day, [tracks[number] for number in walks], entries, exits)
    if status == TRACKED:
        write_walks(led, meta_of(meta), out)
    names, matrix = origin_destination(entries, exits, zones)
    told = {
        "status": status,
        "tracks": len(tracks),
        "walks": len(walks),
        "breaks": int(breaks.ends_n.sum()),
        "step_s": meta.step_s,
        "segmenter": meta.segmenter,
        "person_size": asdict(size) if size else None,
        "paths": [
            {"walks": path.walks, "points_xy": np.round(path.points_xy, 1).tolist()}
            for path in ways.paths
        ],
        "zones": [asdict(zone) for zone in zones],
        "origin_destination": {"zones": names, "walks": matrix.tolist()},
        **({"reason": reason} if reason else {}),
    }
    text = json.dumps(told, indent=1, sort_keys=True) + "\n"
    (out / TRAJECTORIES_FILE).write_text(text, encoding="utf-8")
    pictures = []
    if status == TRACKED:
        plate_rgb = read_plate(plate, max(meta.height, 1), max(meta.width, 1))
        save_paths(ways, plate_rgb, title, out / "paths.png")
        save_zones(zones, names, matrix, plate_rgb, title, out / "zones.png")
        save_tracks([tracks[n] for n in walks], ways, plate_rgb, title, out / "tracks.png")
        pictures = ["paths.png", "zones.png", "tracks.png"]
    return TrajectoriesSummary(
        status=status,
        tracks=len(tracks),
        people=sum(track.class_id == HUMAN for track in tracks),
        walks=len(walks),
        paths=len(ways.paths),
        zones=len(zones),
        gaps=sum(int(str(row["gaps"])) for row in rows),
        breaks=int(breaks.ends_n.sum()),
        went_on=sum(track.began_before for track in tracks),
        frames_per_s=round(1 / meta.step_s, 3),
        pictures=tuple(pictures),
        reason=reason,
    )


def _zones(
    tracks: Sequence[Track], walks: Sequence[int], breaks: Breaks
) -> tuple[tuple[Zone, ...], list[str | None], list[str | None]]:
    """Zones of the walks' ends; where a track was lost or goes on, it did not enter or leave."""
    starts = np.array([tracks[n].feet_xy[0] for n in walks]).reshape(-1, 2)
    ends = np.array([tracks[n].feet_xy[-1] for n in walks]).reshape(-1, 2)
    heights = np.array([tracks[n].height_px for n in walks])
    inner = [bool(breaks.starts_n[n]) or tracks[n].began_before for n in walks]
    starts[np.array(inner, bool)] = np.nan
    ends[breaks.ends_n[np.array(walks, int)]] = np.nan
    return find_zones(starts, ends, heights)
