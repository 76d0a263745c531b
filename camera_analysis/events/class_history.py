"""What departs by class in the days behind a normal: each against the others, followed in time.

A lone day is judged in blocks, each by all the others. What judges a part knows as many frames as
the whole normal does, its counts scaled up, so that what was never seen surprises as much.

A window too long for that is calibrated by what departed when its days were judged themselves, each
by its own history; days without such a verdict are looked at in stretches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq

from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.departure_tables import DEPARTURES_FILE, read_departures
from camera_analysis.events.departures import Departure, HeldOutFold
from camera_analysis.events.event_tracker import EventTracker
from camera_analysis.events.held_out_scale import CLASS_SCALE_FILE, HeldOutScale
from camera_analysis.footage.frame_times import FrameTimes, read_frame_times
from camera_analysis.labelling.labels import LABELS_FILE, iterate_labels, read_labels_meta
from camera_analysis.labelling.regions import surprising_regions
from camera_analysis.normal import held_out
from camera_analysis.normal.count_tables import CountArray
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.surprise import SurpriseModel, alarm_threshold


@dataclass(frozen=True)
class DayBehind:
    """A day of the window.

    Args:
        index: folder of its frame index.
        labels: of its label maps.
        counts: of its counts, without frames that were called alarms.
        alarms: first and last instant of events that were called alarms.
        judged: folder of its anomalies, of the same label maps and settings; None without any.
    """

    index: Path
    labels: Path
    counts: Path
    alarms: Sequence[tuple[datetime, datetime]] = ()
    judged: Path | None = None


@dataclass(frozen=True)
class _Part:
    """What is held out together: frames of a day and their counts, read when they are needed.

    Counts of a segmenter of many classes are too large to keep those of a week.
    """

    name: str
    labels: Path
    times: FrameTimes
    frame_ids: Sequence[int]
    counts_khw: Callable[[], CountArray]
    frames: int


def write_class_scale(days: Mapping[str, DayBehind], config: AnomalyConfig, out: Path) -> None:
    """Write ``class_scale.parquet`` of the days of a normal; empty where nothing can be left out.

    Args:
        days: of one size, classes and segmenter.
        config: how a day is judged.
        out: existing folder, of the learned normal of these days.
    """
    parts = [part for name in sorted(days) if (part := _whole(name, days[name])).frames]
    known = {}
    if sum(len(part.frame_ids) for part in parts) > held_out.MOST_FRAMES:
        folds = [_as_judged(part, days[part.name]) for part in parts]
        known = {fold.name: fold for fold in folds if fold is not None}
    if len(known) < len(parts):
        if len(parts) == 1:
            parts = _blocks_of(parts[0], days[parts[0].name])
        known |= {fold.name: fold for fold in _held_out(parts, known, config)}
    HeldOutScale(tuple(known[name] for name in sorted(known))).save(out / CLASS_SCALE_FILE)


def departures_as_judged(day: DayBehind, file: str) -> tuple[Departure, ...] | None:
    """What departed when the day was judged.

    Args:
        day: of the window.
        file: of the departures of one source.

    Returns:
        None for a day that was not judged, or not by a history.
    """
    found = read_departures(day.judged / file) if day.judged else None
    if found is None:
        return None
    alarms = [(first.timestamp(), last.timestamp()) for first, last in day.alarms]
    return tuple(
        one
        for one in found
        if not any(first <= one.end_s and one.start_s <= last for first, last in alarms)
    )


def _as_judged(part: _Part, day: DayBehind) -> HeldOutFold | None:
    departures = departures_as_judged(day, DEPARTURES_FILE)
    if departures is None:
        return None
    return HeldOutFold(part.name, len(part.frame_ids), departures)


def _held_out(
    parts: Sequence[_Part], known: Mapping[str, HeldOutFold], config: AnomalyConfig
) -> Iterator[HeldOutFold]:
    """What departs in the parts that are not known yet, each judged by all the others."""
    most = held_out.MOST_FRAMES // (len(parts) - len(known))
    frames = sum(part.frames for part in parts)
    total: CountArray | None = None
    for part in parts:
        total = part.counts_khw() if total is None else total + part.counts_khw()
    for number, part in enumerate(parts):
        others = frames - part.frames
        if total is None or not others or part.name in known:
            continue
        scaled = np.rint((total - part.counts_khw()) * (frames / others)).astype(np.uint32)
        if scaled.any():
            model = SurpriseModel(scaled, frames, config)
            frame_ids = _stretches(part.frame_ids, most, (number + 0.5) / len(parts))
            yield _judged(part, frame_ids, model, config)


def _judged(
    part: _Part, frame_ids: Sequence[int], model: SurpriseModel, config: AnomalyConfig
) -> HeldOutFold:
    level = alarm_threshold(model.frames, model.classes, config)
    names = tuple(f"class {number}" for number in range(model.classes))
    tracker = EventTracker(names, part.times.interval, config)
    known, wanted = set(part.frame_ids), set(frame_ids)
    judged = 0

    def chosen(frame_id: int) -> bool:
        return frame_id in wanted or (frame_id in known and tracker.follows_something)

    for label_map in iterate_labels(part.labels, chosen):
        labels_hw = label_map.labels_hw
        regions = surprising_regions(
            labels_hw, model.score(labels_hw), model, level, config.min_area_share
        )
        tracker.add(label_map.frame_id, part.times.utc(label_map.frame_id), regions, model.frames)
        judged += 1
    tracker.finish()
    return HeldOutFold(part.name, judged, tuple(tracker.departures))


def _stretches(frame_ids: Sequence[int], most: int, offset: float) -> Sequence[int]:
    """All frames, or stretches of them, one in each of equal pieces.

    A stretch goes on while anything in it does (:func:`_judged`).

    Args:
        frame_ids: of a part.
        most: frames that are wanted, about.
        offset: where in its piece a stretch lies, in [0, 1]. It differs from part to part, so that
            the days of a window do not all show the same hours.
    """
    length = held_out.STRETCH
    if len(frame_ids) <= max(most, length):
        return frame_ids
    edges = np.linspace(0, len(frame_ids), max(1, most // length) + 1)
    starts = [int(start + offset * (stop - start - length)) for start, stop in pairwise(edges)]
    return [frame_id for start in starts for frame_id in frame_ids[start : start + length]]


def _whole(name: str, day: DayBehind) -> _Part:
    times = read_frame_times(day.index, ZoneInfo("UTC"))
    counts = ClassCounts.load(day.counts)
    return _Part(
        name, day.labels, times, _ids(day, times), partial(_total, day.counts), counts.frames
    )


def _total(counts_dir: Path) -> CountArray:
    return ClassCounts.load(counts_dir).total()


def _blocks_of(lone: _Part, day: DayBehind) -> list[_Part]:
    """Parts of a lone day, counted anew in one pass."""
    meta, ids = read_labels_meta(day.labels), lone.frame_ids
    edges = np.linspace(0, len(ids), held_out.LONE_DAY_BLOCKS + 1).astype(int).tolist()
    pieces = [ids[start:stop] for start, stop in pairwise(edges)]
    counts = [ClassCounts(meta.height, meta.width, meta.classes) for _ in pieces]
    block_of = {frame_id: number for number, piece in enumerate(pieces) for frame_id in piece}
    for label_map in iterate_labels(day.labels, block_of.__contains__):
        counts[block_of[label_map.frame_id]].add(label_map.labels_hw, 0)
    return [
        _Part(f"{lone.name}/{number}", day.labels, lone.times, piece, counted.total, counted.frames)
        for number, (piece, counted) in enumerate(zip(pieces, counts, strict=True))
        if piece
    ]


def _ids(day: DayBehind, times: FrameTimes) -> list[int]:
    """Frames with a label map that nobody called part of an alarm."""
    ids = pq.read_table(day.labels / LABELS_FILE, columns=["frame_id"])["frame_id"].to_pylist()
    return [
        frame_id
        for frame_id in ids
        if not any(first <= times.utc(frame_id) <= last for first, last in day.alarms)
    ]
