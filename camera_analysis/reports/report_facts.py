"""What a report says of a day, read from the day's tables and put into the reader's time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camera_analysis.local_time import LocalClock, duration

#: Neighbouring frames further apart than this many intervals have a pause of footage between them.
PAUSE_INTERVALS = 10
#: Stretches listed per reason; the rest is counted.
LISTED_STRETCHES = 6
#: Footage faults listed; the rest is counted and left to faults.parquet.
LISTED_FAULTS = 50
#: Reason of a fault by which nothing of the day is missing.
OVERLAP = "overlap"

REASONS: Mapping[str, str] = {
    "dark": "too dark",
    "bright": "too bright",
    "blurred": "blurred",
    "frozen": "frozen picture",
    "covered": "lens covered",
    "moved": "camera moved",
    "corrupt": "damaged picture",
}


@dataclass(frozen=True)
class Status:
    """How a day was judged.

    Args:
        code: as stored in anomalies.json.
        name: in plain words.
        tone: "ready", "waiting" or "alarm", for the page's colours.
    """

    code: str
    name: str
    tone: str


STATUSES: Mapping[str, Status] = {
    status.code: status
    for status in (
        Status("judged", "Ready: judged against its learned normal", "ready"),
        Status("cross_fitted", "Judged by cross-fitting of one clip", "ready"),
        Status("warming_up", "Warming up: not judged yet", "waiting"),
        Status("scene_changed", "Not judged: the camera shows another scene", "alarm"),
    )
}


@dataclass(frozen=True)
class Unusable:
    """Unusable frames of one reason, with the first stretches of time that they fill.

    Args:
        reason: in plain words.
        share: of all sampled frames, in [0, 1].
        spans: local time ranges.
        unlisted: how many further stretches there are.
    """

    reason: str
    frames: int
    share: float
    spans: tuple[str, ...]
    unlisted: int


@dataclass(frozen=True)
class DayFrames:
    """The day's sampled frames and why some were left out; when the first and last were taken."""

    sampled: int
    usable: int
    unusable: tuple[Unusable, ...]
    first_utc: datetime | None
    last_utc: datetime | None

    @property
    def usable_share(self) -> float:
        """Fraction in [0, 1]; 0 for a day without frames."""
        return self.usable / self.sampled if self.sampled else 0.0


@dataclass(frozen=True)
class FaultFact:
    """Footage that could not be used."""

    file: str
    span: str
    reason: str
    detail: str


@dataclass(frozen=True)
class NormalFacts:
    """What the learned normal rests on."""

    status: str
    days: tuple[str, ...]
    missing_days: tuple[str, ...]
    other_segmenter_days: tuple[str, ...]
    moved_days: tuple[str, ...]
    other_scene_days: tuple[str, ...]
    frames: int


@dataclass(frozen=True)
class EventFact:
    """One event in local time.

    Args:
        said: what a person said of it, or of an event that it is like; "" where nothing was.
        expected: by that, it is no alarm.
    """

    event_id: int
    span: str
    length: str
    peak: str
    class_name: str
    frames: int
    score_bits: float
    reason: str
    start_utc: datetime
    end_utc: datetime
    peak_utc: datetime
    said: str = ""
    expected: bool = False


@dataclass(frozen=True)
class Departures:
    """What departed from normal.

    Args:
        alarm_bits: the threshold; None where a day was not judged.
        highest_bits: the highest surprise of a frame; None where no frame was judged.
        events: the highest score first.
    """

    status: Status
    alarm_bits: float | None
    highest_bits: float | None
    highest_at: str
    events: tuple[EventFact, ...]

    @property
    def alarms(self) -> tuple[EventFact, ...]:
        """The events that nobody said to expect."""
        return tuple(event for event in self.events if not event.expected)

    @property
    def expected(self) -> tuple[EventFact, ...]:
        """The events that are no alarms, because a person said to expect them."""
        return tuple(event for event in self.events if event.expected)


@dataclass(frozen=True)
class DayFacts:
    """All of a day that the page puts into words."""

    frames: DayFrames
    faults: tuple[FaultFact, ...]
    normal: NormalFacts
    departures: Departures
    segmenter: str
    classes: tuple[str, ...]

    @property
    def listed_faults(self) -> tuple[FaultFact, ...]:
        """The first faults, as many as a reader will read."""
        return self.faults[:LISTED_FAULTS]

    @property
    def parts_missing(self) -> int:
        """Faults that leave a gap; where files overlap, the time is covered by the other one."""
        return sum(fault.reason != OVERLAP for fault in self.faults)


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
