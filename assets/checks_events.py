"""Claims about the review of events: what is queued, and what was said of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from assets.claims import Claim, Finding
from camera_analysis.events.event_marks import MARKS, read_marks
from camera_analysis.events.event_queue import QUEUE_FILE
from camera_analysis.events.events import PATH


def queued_events_say_why(folder: Path) -> Finding:
    """Every queued event is there once, with a sentence."""
    rows = pq.read_table(folder / QUEUE_FILE, columns=["key", "why"]).to_pylist()
    silent = [row["key"] for row in rows if not row["why"]]
    keys = {row["key"] for row in rows}
    return Finding(
        passed=not silent and len(keys) == len(rows),
        seen=f"{len(rows)} queued, {len(keys)} distinct, {len(silent)} without a reason",
    )


def marks_are_unique(folder: Path) -> Finding:
    """One mark per event: no two are about the same time and place.

    But for unusual paths: two who walk side by side are two of them.
    """
    marks = list(read_marks(folder).values())
    twice = [
        one.event.key
        for number, one in enumerate(marks)
        if one.event.leading != PATH
        and any(one.event.is_same(other.event) for other in marks[:number])
    ]
    known = all(one.mark in MARKS for one in marks)
    return Finding(
        passed=known and not twice, seen=f"{len(marks)} marks, on one event twice: {twice[:5]}"
    )


CLAIMS: Mapping[str, Sequence[Claim]] = {
    "event_queue": (
        Claim(
            name="queued_events_say_why",
            says="Every queued event is there once and says why.",
            look=queued_events_say_why,
        ),
    ),
    "event_marks": (
        Claim(
            name="marks_are_unique",
            says="One mark per event.",
            look=marks_are_unique,
            blocking=False,  # of two, the newer counts
        ),
    ),
}
