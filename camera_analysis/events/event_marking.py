"""What FiftyOne, the inbox and the last pull say of events, joined to the marks that count now.

The rules are those of review decisions:

- A tag marks; of several, ``alarm`` wins over ``expected``.
- A mark whose tags did not change keeps its time and its reviewer.
- Removing the tag withdraws it; a sample that is gone, or was created anew, withdraws nothing.
- What was handed in from the command line stands until something newer is said of the event.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from camera_analysis.events.event_marks import (
    MARKS,
    EventMark,
    MarkSummary,
    SeenEvent,
    read_marks,
    which_of,
    write_marks,
)


@dataclass(frozen=True, kw_only=True)
class TaggedEvent:
    """An event as FiftyOne holds it.

    Args:
        reviewer: who had the events open when it was last modified.
    """

    event: SeenEvent
    tags: tuple[str, ...]
    created_at: datetime
    last_modified_at: datetime
    reviewer: str

    @property
    def mark(self) -> str:
        """What the tags say; "" where they say nothing."""
        return next((mark for mark in MARKS if mark in self.tags), "")


@dataclass(frozen=True, kw_only=True)
class HandedMark:
    """A mark from the command line; ``mark`` "" takes back what was said before.

    Args:
        beside: events of that day at the same time and place, of which nothing is said.
    """

    event: SeenEvent
    mark: str
    marked_by: str
    marked_at: datetime
    beside: tuple[SeenEvent, ...] = ()

    def is_about(self, marked: SeenEvent) -> bool:
        """Whether a mark is on this event, maybe computed before, and on none beside it."""
        return which_of((self.event, *self.beside), marked) == 0


def hand_in(inbox: Path, handed: HandedMark) -> Path:
    """Put a mark into the inbox, where the next pull finds it; replaces one of the same event."""
    inbox.mkdir(parents=True, exist_ok=True)
    values = {
        "event": event_values(handed.event),
        "mark": handed.mark,
        "marked_by": handed.marked_by,
        "marked_at": handed.marked_at.isoformat(),
        "beside": [event_values(one) for one in handed.beside],
    }
    path = inbox / f"{handed.event.key}.json"
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def read_inbox(inbox: Path) -> list[HandedMark]:
    """All marks that were handed in, the oldest first.

    Raises:
        ValueError: a file that is no mark.
    """
    found = []
    for path in sorted(inbox.glob("*.json")):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            found.append(
                HandedMark(
                    event=event_of(values["event"]),
                    mark=str(values["mark"]),
                    marked_by=str(values["marked_by"]),
                    marked_at=datetime.fromisoformat(values["marked_at"]),
                    beside=tuple(event_of(one) for one in values.get("beside", ())),
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: no mark of an event ({error}); remove it") from error
    return sorted(found, key=lambda one: (one.marked_at, one.event.key))


def event_values(event: SeenEvent) -> dict[str, object]:
    """An event as plain JSON values; :func:`event_of` reads them."""
    times = {"start_utc": event.start_utc.isoformat(), "end_utc": event.end_utc.isoformat()}
    return asdict(event) | times


def event_of(values: dict[str, object]) -> SeenEvent:
    """An event from what :func:`event_values` gave."""
    times = {name: datetime.fromisoformat(str(values[name])) for name in ("start_utc", "end_utc")}
    return SeenEvent(**(values | times))  # type: ignore[arg-type]


def merge_marks(
    tagged: Sequence[TaggedEvent], out: Path, *, inbox: Path | None, previous: Path | None
) -> MarkSummary:
    """Write ``marks.parquet`` from everything that was said.

    Args:
        tagged: every event that FiftyOne holds.
        out: existing folder.
        inbox: marks from the command line.
        previous: folder of the marks pulled before, or None.
    """
    merged = _Merged(before=read_marks(previous))
    for one in tagged:
        merged.add_tagged(one)
    for handed in read_inbox(inbox) if inbox is not None else ():
        merged.add_handed(handed)
    carried = merged.carry()
    return write_marks(merged.marks.values(), out, carried_over=carried)


@dataclass
class _Merged:
    """Marks as they are joined, by key."""

    before: dict[str, EventMark]
    marks: dict[str, EventMark] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)

    def add_tagged(self, one: TaggedEvent) -> None:
        key = one.event.key
        known = self.before.get(key)
        if not one.mark:
            by_tag = known is not None and bool(set(MARKS) & set(known.tags))
            if known is not None and by_tag and one.created_at <= known.marked_at:
                self.withdrawn.add(key)
            return
        if known is not None and known.tags == one.tags:
            self.marks[key] = known
            return
        self.marks[key] = EventMark(
            event=one.event,
            mark=one.mark,
            tags=one.tags,
            marked_by=one.reviewer,
            marked_at=one.last_modified_at,
        )

    def add_handed(self, handed: HandedMark) -> None:
        """A handed mark is about the event, under whichever key it was marked before."""
        known = self.marks | {k: v for k, v in self.before.items() if k not in self.withdrawn}
        same = {key: mark for key, mark in known.items() if handed.is_about(mark.event)}
        if any(mark.marked_at >= handed.marked_at for mark in same.values()):
            return
        for key in same:
            self.marks.pop(key, None)
            self.withdrawn.add(key)
        if not handed.mark:
            return
        key = handed.event.key
        self.withdrawn.discard(key)
        self.marks[key] = EventMark(
            event=handed.event,
            mark=handed.mark,
            tags=same[key].tags if key in same else (),  # while they stay as they are, this stands
            marked_by=handed.marked_by,
            marked_at=handed.marked_at,
        )

    def carry(self) -> int:
        """Take over what is neither said anew nor withdrawn; returns how many."""
        settled = self.marks.keys() | self.withdrawn
        carried = {key: mark for key, mark in self.before.items() if key not in settled}
        self.marks |= carried
        return len(carried)
