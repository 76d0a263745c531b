"""What a person said of events: ``expected`` or ``alarm``, by the event's own times and box.

A mark outlives the computation of its event: after another one, it is found again by where and when
the event was, not by its number. One walker may be two events, by what the frames show and by the
way taken; two numbers of a report are two marks.
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

from camera_analysis.events.events import PATH
from camera_analysis.labelling.regions import CLASS, Box

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
        pa.field(
            "key", pa.string(), nullable=False
        ),  # sha256 of the event's camera, times, box, path
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
    leading: str = ""  # "class", "path" or the channel that departed most

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
        """64 hex digits that stand for these times and this box, and for a path or none."""
        return self.keys[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """The key; of a path also the one it had while paths had none of their own."""
        span = f"{self.start_utc.isoformat()} {self.end_utc.isoformat()}"
        where = f"{self.x0},{self.y0},{self.x1},{self.y1} of {self.width}x{self.height}"
        text = f"{self.camera} {self.day} {span} {where}"
        texts = (f"{text} {PATH}", text) if self.leading == PATH else (text,)
        return tuple(hashlib.sha256(one.encode()).hexdigest() for one in texts)

    @property
    def length_s(self) -> float:
        """From its first to its last frame."""
        return (self.end_utc - self.start_utc).total_seconds()

    def is_same(self, other: SeenEvent) -> bool:
        """Whether both may be one event, computed twice; a path and what is none are two."""
        return self.fit(other) > 0

    def fit(self, other: SeenEvent) -> float:
        """How well another event is this one, in [0, 2]: 0 not at all, above 1 surely.

        Judged again, an event may lead in another channel, but it stays a path or none.
        """
        known = (other.camera, other.height, other.width)
        same_kind = "" in (self.leading, other.leading) or (
            (self.leading == PATH) == (other.leading == PATH)
        )
        if (self.camera, self.height, self.width) != known or not same_kind:
            return 0.0
        shares = (self._common_time(other), self.box.overlap(other.box))
        if min(shares) < _SAME:
            return 0.0
        return shares[0] * shares[1] + bool(set(self.keys) & set(other.keys))

    def _common_time(self, other: SeenEvent) -> float:
        """Intersection over union of both spans; 1 for one and the same instant."""
        common = min(self.end_utc, other.end_utc) - max(self.start_utc, other.start_utc)
        union = max(self.end_utc, other.end_utc) - min(self.start_utc, other.start_utc)
        return common / union if union else 1.0

    def is_like(self, other: SeenEvent) -> bool:
        """Whether this event is of the kind of another one, at whatever time.

        The same class, departing in the same way, near the same place, of about that size, and not
        much longer: who may run here may not lie here. That something is there at all, which is all
        that a departure in class says, is part of whatever it did there.
        """
        known = (other.camera, other.height, other.width, other.class_name)
        if (self.camera, self.height, self.width, self.class_name) != known:
            return False
        if self.leading not in ("", CLASS, other.leading) and other.leading:
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
    """Key, as it is computed now -> mark, from a folder of :func:`write_marks`; empty for None."""
    return {one.event.key: one for one in stored_marks(folder)} if folder is not None else {}


def stored_marks(folder: Path) -> list[EventMark]:
    """The mark of each row, in a folder of :func:`write_marks`."""
    told = ("key", "mark", "tags", "marked_by", "marked_at")
    return [
        EventMark(
            event=SeenEvent(**{name: row[name] for name in row if name not in told}),
            mark=row["mark"],
            tags=tuple(row["tags"]),
            marked_by=row["marked_by"],
            marked_at=row["marked_at"],
        )
        for row in pq.read_table(folder / MARKS_FILE).to_pylist()
    ]


def marks_of_day(events: Sequence[SeenEvent], marks: Iterable[EventMark]) -> list[EventMark | None]:
    """The newest mark of each event of a day, however often the day was computed anew.

    Where two walk side by side, a mark is of the event that it fits best, and of no other.
    """
    found: list[list[EventMark]] = [[] for _ in events]
    for one in marks:
        at = which_of(events, one.event)
        if at is not None:
            found[at].append(one)
    return [newest(own) for own in found]


def which_of(events: Sequence[SeenEvent], marked: SeenEvent) -> int | None:
    """Place of the event that a marked one fits best; None where it may be none of them."""
    fits = [event.fit(marked) for event in events]
    best = max(fits, default=0.0)
    return fits.index(best) if best else None


def newest(marks: Iterable[EventMark]) -> EventMark | None:
    """The mark that was made last; None for none."""
    return max(marks, key=lambda one: (one.marked_at, one.event.key), default=None)


def expected_by(
    event: SeenEvent, own: EventMark | None, marks: Iterable[EventMark]
) -> EventMark | None:
    """The newest ``expected`` mark that makes an event no alarm; None for none.

    Args:
        event: which.
        own: what was said of this very event; called an alarm it stays one, whatever it is like.
        marks: of its camera.
    """
    if own is not None:
        return own if own.mark == EXPECTED else None
    return newest(one for one in marks if one.mark == EXPECTED and event.is_like(one.event))


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
