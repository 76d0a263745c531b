"""Which events a person should look at first, and the one picture that each is shown by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.events.anomaly_files import EVENTS_FILE
from camera_analysis.events.event_feedback import marks_as_obeyed, stored_events, stored_walks
from camera_analysis.events.event_marks import EventMark, SeenEvent

QUEUE_FILE = "events.parquet"
#: How many events wait that the queue does not hold.
_LEFT_FILE = "left.json"

#: One row per event to look at, the highest score first.
QUEUE = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("camera", pa.string(), nullable=False),
        pa.field("day", pa.string(), nullable=False),
        pa.field("event_id", pa.int32(), nullable=False),
        pa.field("score_bits", pa.float64(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
    ]
)

_GAP_PX = 12
_WHITE = 255


@dataclass(frozen=True, kw_only=True)
class JudgedDayFiles:
    """Where the events of a judged camera-day and their pictures lie."""

    camera: str
    day: str
    anomalies: Path


@dataclass(frozen=True, kw_only=True)
class QueuedEvent:
    """An event to look at.

    Args:
        event_id: its number in the day.
        why: its reason, with camera, day and score.
        anomalies: folder of its pictures.
    """

    event: SeenEvent
    event_id: int
    score_bits: float
    why: str
    anomalies: Path


@dataclass(frozen=True, kw_only=True)
class LeftEvents:
    """How many events nobody marked either, and are not shown.

    Args:
        without_picture: a day has pictures of its first few only.
        without_place: they have pictures, and lower scores than what is queued.
    """

    without_picture: int = 0
    without_place: int = 0


@dataclass(frozen=True, kw_only=True)
class EventQueue:
    """The events to look at, the highest score first, and how many are not among them."""

    events: tuple[QueuedEvent, ...]
    left: LeftEvents


@dataclass(frozen=True, kw_only=True)
class EventQueueSummary:
    """How many events of how many cameras are queued, and how many have no picture."""

    path: Path
    rows: int
    cameras: int
    without_picture: int


def rank_events(
    days: Sequence[JudgedDayFiles], marks: Sequence[EventMark], *, limit: int
) -> EventQueue:
    """The events nobody marked, the highest score first; those without pictures are counted.

    Args:
        days: judged camera-days.
        marks: what was said before; it is not asked again, nor is what follows from it.
        limit: at most so many.

    Raises:
        ValueError: no places.
    """
    if limit < 1:
        raise ValueError(f"limit = {limit}; a queue needs at least 1 place")
    unmarked = [one for day in days for one in _unmarked(day, marks)]
    waiting = [one for one in unmarked if _pictures(one.anomalies, one.event_id)]
    waiting.sort(key=lambda one: (-one.score_bits, one.event.camera, one.event.start_utc))
    left = LeftEvents(
        without_picture=len(unmarked) - len(waiting), without_place=len(waiting[limit:])
    )
    return EventQueue(events=tuple(waiting[:limit]), left=left)


def write_queue(queue: EventQueue, out: Path) -> EventQueueSummary:
    """Write ``events.parquet`` of the queue, and ``left.json``."""
    rows = [
        {
            "key": one.event.key,
            "camera": one.event.camera,
            "day": one.event.day,
            "event_id": one.event_id,
            "score_bits": one.score_bits,
            "why": one.why,
        }
        for one in queue.events
    ]
    path = out / QUEUE_FILE
    pq.write_table(pa.Table.from_pylist(rows, schema=QUEUE), path, compression="zstd")
    (out / _LEFT_FILE).write_text(json.dumps(asdict(queue.left), indent=1) + "\n", "utf-8")
    return EventQueueSummary(
        path=path,
        rows=len(rows),
        cameras=len({one.event.camera for one in queue.events}),
        without_picture=queue.left.without_picture,
    )


def read_left(folder: Path) -> LeftEvents:
    """What :func:`write_queue` said of events that are not shown; none where it did not say."""
    path = folder / _LEFT_FILE
    return LeftEvents(**json.loads(path.read_text("utf-8"))) if path.is_file() else LeftEvents()


def write_picture(queued: QueuedEvent, path: Path) -> tuple[int, int]:
    """The pictures of an event side by side; no pixel of the footage is in them.

    Returns:
        Height and width.

    Raises:
        ValueError: one of them is no picture.
    """
    shown = [_read(picture) for picture in _pictures(queued.anomalies, queued.event_id)]
    height = max(picture.shape[0] for picture in shown)
    columns = []
    for picture in shown:
        blank = np.full((height, picture.shape[1] + _GAP_PX, 3), _WHITE, np.uint8)
        blank[: picture.shape[0], : picture.shape[1]] = picture
        columns.append(blank)
    sheet = np.concatenate(columns, axis=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet)
    return sheet.shape[0], sheet.shape[1]


def _unmarked(day: JudgedDayFiles, marks: Sequence[EventMark]) -> list[QueuedEvent]:
    events = stored_events(day.anomalies, day.camera, day.day)
    if not events:
        return []
    columns = ["event_id", "score_bits", "reason", "expected_by"]
    rows = pq.read_table(day.anomalies / EVENTS_FILE, columns=columns).to_pylist()
    owns = marks_as_obeyed(events, stored_walks(day.anomalies), marks)
    return [
        QueuedEvent(
            event=event,
            event_id=row["event_id"],
            score_bits=row["score_bits"],
            why=f"{day.camera} {day.day}, event {row['event_id']}: {row['reason']}",
            anomalies=day.anomalies,
        )
        for row, event, own in zip(rows, events, owns, strict=True)
        if not row["expected_by"] and own is None
    ]


def _read(path: Path) -> npt.NDArray[np.uint8]:
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError(f"{path}: not a picture; judge its day again")
    return np.asarray(picture, np.uint8)


def _pictures(anomalies: Path, event_id: int) -> list[Path]:
    """Those that there are: the marked one, the delta map, the way of an unusual path."""
    named = [anomalies / f"{kind}_{event_id}.png" for kind in ("marked", "delta", "path")]
    return [path for path in named if path.is_file()]
