"""Claims about the review of events: what is queued, and what was said of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from assets.claims import Claim, Finding
from camera_analysis.events.event_marks import stored_marks
from camera_analysis.events.event_queue import QUEUE_FILE


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
    """One mark per event: no two rows have the same times, box and kind, whatever key they state.

    Two of nearly the same time and place are marks of two numbers of a report: of a walker and the
    way taken, of two side by side, or of an event before and after its day was judged again.
    """
    times_n = Counter(one.event.key for one in stored_marks(folder))
    twice = sorted(key for key, times in times_n.items() if times > 1)
    return Finding(
        passed=not twice, seen=f"{times_n.total()} marks, on one event twice: {twice[:5]}"
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
            blocking=False,  # of two, one counts
        ),
    ),
}
