"""What a person said of events: ``expected`` or ``alarm``, by the event's own times and box.

A mark outlives the computation of its event: after another one, it is found again by where and when
the event was, not by its number.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.labelling.regions import Box

#: The event is what it should not be: its frames are not learned from.
ALARM = "alarm"
#: The event belongs to this camera: it is learned from, and its like is no alarm.
EXPECTED = "expected"
#: Of several tags on one event the first of these counts: a doubt is no all-clear.
MARKS = (ALARM, EXPECTED)

MARKS_FILE = "marks.parquet"
_SUMMARY_FILE = "marks.md"
_UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")

#: One row per marked event; an event nobody marked has none.
MARKS_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),  # sha256 of the event's camera, times, box
        pa.field("camera", pa.string(), nullable=False),
        pa.field("day", pa.string(), nullable=False),  # local
        pa.field("start_utc", _UTC_MICROSECONDS, nullable=False),
        pa.field("end_utc", _UTC_MICROSECONDS, nullable=False),
        *(pa.field(name, pa.int32(), nullable=False) for name in ("x0", "y0", "x1", "y1")),
        pa.field("height", pa.int32(), nullable=False),  # of the label maps that the box lies in
        pa.field("width", pa.int32(), nullable=False),
        pa.field("class_name", pa.string(), nullable=False),
        pa.field("leading", pa.string(), nullable=False),  # what departed most; "" where unknown
        pa.field("mark", pa.string(), nullable=False),
        pa.field("tags", pa.list_(pa.string()), nullable=False),
        pa.field("marked_by", pa.string(), nullable=False),
        pa.field("marked_at", _UTC_MICROSECONDS, nullable=False),
    ]
)

#: Overlap (intersection over union) of boxes, and of times, from which two events are the same.
_SAME = 0.3
#: Of a box's longer side: how far from a marked box the like of its event may be.
#: What an event departs in where its class is rare at its place, and nothing else is.
_PRESENCE = "class"
_REACH = 0.5
#: Sides of the like of an event are between a half and twice the marked ones.
_SIDES = 2.0
#: The like of an event lasts at most twice as long, or this many seconds.
_LENGTHS, _SHORT_S = 2.0, 10.0


@dataclass(frozen=True, kw_only=True)
class SeenEvent:
    """An event as a mark knows it; times are UTC, the box lies in (height, width) label maps."""

    camera: str
    day: str
    start_utc: datetime
    end_utc: datetime
    x0: int
    y0: int
    x1: int
    y1: int
    height: int
    width: int
    class_name: str
    leading: str = ""  # "class" or the channel that departed most

    def __post_init__(self) -> None:
        """Refuse times that could not be compared."""
        if self.start_utc.tzinfo is None or self.end_utc < self.start_utc:
            raise ValueError(
                f"event of {self.camera} {self.day}: {self.start_utc} to {self.end_utc} is no span"
                " of UTC times"
            )

    @property
    def box(self) -> Box:
        """Where it was at its peak."""
        return Box(self.x0, self.y0, self.x1, self.y1)

    @property
    def key(self) -> str:
        """64 hex digits that stand for these times and this box."""
        span = f"{self.start_utc.isoformat()} {self.end_utc.isoformat()}"
        where = f"{self.x0},{self.y0},{self.x1},{self.y1} of {self.width}x{self.height}"
        text = f"{self.camera} {self.day} {span} {where}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def length_s(self) -> float:
        """From its first to its last frame."""
        return (self.end_utc - self.start_utc).total_seconds()

    def is_same(self, other: SeenEvent) -> bool:
        """Whether both are one event, maybe computed twice."""
        at_one_place = (self.camera, self.height, self.width) == (
            other.camera,
            other.height,
            other.width,
        )
        return at_one_place and self._common_time(other) and self.box.overlap(other.box) >= _SAME

    def _common_time(self, other: SeenEvent) -> bool:
        common = min(self.end_utc, other.end_utc) - max(self.start_utc, other.start_utc)
        union = max(self.end_utc, other.end_utc) - min(self.start_utc, other.start_utc)
        return not union or common / union >= _SAME

    def is_like(self, other: SeenEvent) -> bool:
        """Whether this event is of the kind of another one, at whatever time.

        The same class, departing in the same way, near the same place, of about that size, and not
        much longer: who may run here may not lie here. That something is there at all, which is all
        that a departure in class says, is part of whatever it did there.
        """
        known = (other.camera, other.height, other.width, other.class_name)
        if (self.camera, self.height, self.width, self.class_name) != known:
            return False
        if self.leading not in ("", _PRESENCE, other.leading) and other.leading:
            return False
        reach = other.box.grown(_REACH)
        across, down = (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2
        near = reach.x0 <= across <= reach.x1 and reach.y0 <= down <= reach.y1
        sides = (
            (self.x1 - self.x0) / max(other.x1 - other.x0, 1),
            (self.y1 - self.y0) / max(other.y1 - other.y0, 1),
        )
        of_its_size = all(1 / _SIDES <= side <= _SIDES for side in sides)
        return near and of_its_size and self.length_s <= max(_LENGTHS * other.length_s, _SHORT_S)


@dataclass(frozen=True, kw_only=True)
class EventMark:
    """What one person said of one event.

    Args:
        event: which.
        mark: one of ``MARKS``.
        tags: all tags of its sample, sorted; none for a mark from the command line.
        marked_by: who.
        marked_at: with time zone.
    """

    event: SeenEvent
    mark: str
    tags: tuple[str, ...]
    marked_by: str
    marked_at: datetime

    def __post_init__(self) -> None:
        """Refuse what nothing could obey."""
        if self.mark not in MARKS:
            raise ValueError(f"mark {self.mark!r}; expected one of {', '.join(MARKS)}")
        if self.marked_at.tzinfo is None:
            raise ValueError(f"event of {self.event.camera}: marked_at has no time zone; give UTC")


@dataclass(frozen=True, kw_only=True)
class MarkSummary:
    """How many events are marked.

    Args:
        carried_over: marks known before that the database does not hold any more.
    """

    path: Path
    rows: int
    expected: int
    alarms: int
    carried_over: int


def write_marks(marks: Iterable[EventMark], out: Path, *, carried_over: int = 0) -> MarkSummary:
    """Write ``marks.parquet``, by camera and time, and ``marks.md``."""
    rows = sorted(marks, key=lambda one: (one.event.camera, one.event.start_utc, one.event.key))
    table = pa.Table.from_pylist([_row(one) for one in rows], schema=MARKS_SCHEMA)
    path = out / MARKS_FILE
    pq.write_table(table, path, compression="zstd")
    (out / _SUMMARY_FILE).write_text(_as_markdown(rows), encoding="utf-8")
    made = Counter(one.mark for one in rows)
    return MarkSummary(
        path=path,
        rows=len(rows),
        expected=made[EXPECTED],
        alarms=made[ALARM],
        carried_over=carried_over,
    )


def read_marks(folder: Path | None) -> dict[str, EventMark]:
    """Key -> mark, from the folder that :func:`write_marks` wrote to; empty for None."""
    if folder is None:
        return {}
    told = ("key", "mark", "tags", "marked_by", "marked_at")
    found = {}
    for row in pq.read_table(folder / MARKS_FILE).to_pylist():
        event = SeenEvent(**{name: row[name] for name in row if name not in told})
        found[row["key"]] = EventMark(
            event=event,
            mark=row["mark"],
            tags=tuple(row["tags"]),
            marked_by=row["marked_by"],
            marked_at=row["marked_at"],
        )
    return found


def mark_of(event: SeenEvent, marks: Iterable[EventMark]) -> EventMark | None:
    """The newest mark of an event, however often it was computed anew; None for none."""
    found = [one for one in marks if event.is_same(one.event)]
    return max(found, key=lambda one: (one.marked_at, one.event.key), default=None)


def expected_by(event: SeenEvent, marks: Sequence[EventMark]) -> EventMark | None:
    """The newest ``expected`` mark that makes an event no alarm; None for none.

    An event that was itself marked ``alarm`` stays one, whatever it is like.
    """
    own = mark_of(event, marks)
    if own is not None:
        return own if own.mark == EXPECTED else None
    found = [one for one in marks if one.mark == EXPECTED and event.is_like(one.event)]
    return max(found, key=lambda one: (one.marked_at, one.event.key), default=None)


def _row(one: EventMark) -> dict[str, object]:
    return {
        "key": one.event.key,
        **asdict(one.event),
        "mark": one.mark,
        "tags": list(one.tags),
        "marked_by": one.marked_by,
        "marked_at": one.marked_at,
    }


def _as_markdown(rows: Sequence[EventMark]) -> str:
    made: Mapping[tuple[str, str], int] = Counter((one.event.camera, one.mark) for one in rows)
    lines = ["| camera | " + " | ".join(MARKS) + " |", "|---|--:|--:|"]
    for camera in sorted({one.event.camera for one in rows}):
        counts = " | ".join(str(made[camera, mark]) for mark in MARKS)
        lines.append(f"| {camera} | {counts} |")
    return "\n".join(lines) + "\n"
