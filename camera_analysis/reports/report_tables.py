"""Facts of a report, read from the day's tables and put into the reader's time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camera_analysis.local_time import LocalClock, duration
from camera_analysis.reports.report_facts import (
    STATUSES,
    DayFacts,
    DayFrames,
    Departures,
    EventFact,
    FaultFact,
    NormalFacts,
    Unusable,
)

#: Neighbouring frames further apart than this many intervals have a pause of footage between them.
PAUSE_INTERVALS = 10
#: Stretches listed per reason; the rest is counted.
LISTED_STRETCHES = 6

REASONS: Mapping[str, str] = {
    "dark": "too dark",
    "bright": "too bright",
    "blurred": "blurred",
    "frozen": "frozen picture",
    "covered": "lens covered",
    "moved": "camera moved",
    "corrupt": "damaged picture",
}


def read_day(
    clock: LocalClock,
    interval_s: float,
    *,
    frame_index: Path,
    label_maps: Path,
    learned_normal: Path,
    anomalies: Path,
) -> DayFacts:
    """Read the tables of one camera-day; the folders are described in `ReportInputs`."""
    labels = _read_json(label_maps / "labels.json", ("segmenter", "classes"))
    normal = _read_json(learned_normal / "normal.json", ("status", "days", "frames"))
    return DayFacts(
        frames=_read_frames(clock, frame_index / "frames.parquet", interval_s),
        faults=_read_faults(clock, frame_index / "faults.parquet"),
        normal=NormalFacts(
            status=str(normal["status"]),
            days=tuple(normal["days"]),
            missing_days=tuple(normal.get("missing_days", ())),
            other_segmenter_days=tuple(normal.get("other_segmenter_days", ())),
            moved_days=tuple(normal.get("moved_days", ())),
            other_scene_days=tuple(normal.get("other_scene_days", ())),
            frames=int(normal["frames"]),
        ),
        departures=_read_departures(clock, anomalies),
        segmenter=str(labels["segmenter"]),
        classes=tuple(labels["classes"]),
    )


def _read_frames(clock: LocalClock, path: Path, interval_s: float) -> DayFrames:
    table = _read_table(path, ("time_utc", "usable", "reason")).sort_by("time_utc")
    pause = timedelta(seconds=PAUSE_INTERVALS * interval_s)
    times, reasons = table["time_utc"].to_pylist(), table["reason"].to_pylist()
    stretches: dict[str, list[list[datetime]]] = {}
    previous_reason, previous_time = "", None
    for moment, reason in zip(times, reasons, strict=True):
        if reason:
            of_reason = stretches.setdefault(reason, [])
            if reason != previous_reason or moment - previous_time > pause:
                of_reason.append([])
            of_reason[-1].append(moment)
        previous_reason, previous_time = reason, moment
    rows = [_unusable(clock, reason, runs, len(times)) for reason, runs in stretches.items()]
    rows.sort(key=lambda row: (-row.frames, row.reason))
    return DayFrames(
        sampled=len(times),
        usable=pc.sum(table["usable"]).as_py() or 0,
        unusable=tuple(rows),
        first_utc=times[0] if times else None,
        last_utc=times[-1] if times else None,
    )


def _unusable(
    clock: LocalClock, reason: str, runs: Sequence[Sequence[datetime]], sampled: int
) -> Unusable:
    frames = sum(len(run) for run in runs)
    spans = tuple(clock.span(run[0], run[-1]) for run in runs[:LISTED_STRETCHES])
    words = REASONS.get(reason, reason)
    return Unusable(words, frames, frames / sampled, spans, len(runs) - len(spans))


def _read_faults(clock: LocalClock, path: Path) -> tuple[FaultFact, ...]:
    table = _read_table(path, ("file", "start_utc", "end_utc", "reason", "detail"))
    return tuple(
        FaultFact(
            row["file"],
            clock.span(row["start_utc"], row["end_utc"]),
            row["reason"].replace("_", " "),
            row["detail"],
        )
        for row in table.to_pylist()
    )


def _read_departures(clock: LocalClock, folder: Path) -> Departures:
    told = _read_json(folder / "anomalies.json", ("status", "alarm_bits"))
    code = str(told["status"])
    if code not in STATUSES:
        raise ValueError(f"{folder / 'anomalies.json'}: status {code!r}, not {sorted(STATUSES)}")
    scores = _read_table(folder / "frame_scores.parquet", ("time_utc", "surprise_bits"))
    scores = scores.filter(pc.is_finite(scores["surprise_bits"]))
    highest = pc.max(scores["surprise_bits"]).as_py()
    highest_row = pc.index(scores["surprise_bits"], pa.scalar(highest, pa.float64())).as_py()
    return Departures(
        status=STATUSES[code],
        alarm_bits=told["alarm_bits"],
        highest_bits=highest,
        highest_at=clock.at(scores["time_utc"][highest_row].as_py()) if scores.num_rows else "",
        events=_read_events(clock, folder / "events.parquet"),
    )


def _read_events(clock: LocalClock, path: Path) -> tuple[EventFact, ...]:
    columns = ("event_id", "start_utc", "end_utc", "peak_time_utc", "class_name")
    table = _read_table(path, (*columns, "frames", "score_bits", "reason"))
    rows = sorted(table.to_pylist(), key=lambda row: (-row["score_bits"], row["event_id"]))
    return tuple(
        EventFact(
            event_id=row["event_id"],
            span=clock.span(row["start_utc"], row["end_utc"]),
            length=duration(row["end_utc"] - row["start_utc"]),
            peak=clock.at(row["peak_time_utc"]),
            class_name=row["class_name"],
            frames=row["frames"],
            score_bits=row["score_bits"],
            reason=row["reason"],
            start_utc=row["start_utc"],
            end_utc=row["end_utc"],
            peak_utc=row["peak_time_utc"],
        )
        for row in rows
    )


def _read_table(path: Path, columns: tuple[str, ...]) -> pa.Table:
    _require_file(path)
    found = pq.read_schema(path).names
    lacking = [name for name in columns if name not in found]
    if lacking:
        raise ValueError(f"{path}: no column {', '.join(lacking)} among {found}; rebuild it")
    return pq.read_table(path, columns=list(columns))


def _read_json(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    _require_file(path)
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    lacking = [key for key in keys if key not in told]
    if lacking:
        raise ValueError(f"{path}: no {', '.join(lacking)} among {sorted(told)}; rebuild it")
    return told


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the stage before this one writes it; run it")
