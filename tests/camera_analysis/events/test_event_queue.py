"""The events nobody marked, the worst first, each as one picture."""

from __future__ import annotations

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camera_analysis.events.anomaly_files import EVENTS
from camera_analysis.events.event_marks import ALARM
from camera_analysis.events.event_queue import (
    JudgedDayFiles,
    LeftEvents,
    rank_events,
    read_left,
    write_picture,
    write_queue,
)
from tests.camera_analysis.factories_days import HEIGHT, WIDTH, fresh
from tests.camera_analysis.factories_events import marked, seen


def judged_day(folder, camera, events, *, pictured=True, path_bits=None):
    """A judged day with events (seen, bits, key of the mark that makes it expected).

    With bits of paths, each holds an unusual walk.
    """
    out = fresh(folder / camera)
    rows = []
    for number, (event, bits, expected_by) in enumerate(events, start=1):
        told = {name: getattr(event, name) for name in ("start_utc", "end_utc", "class_name")}
        told |= {name: getattr(event, name) for name in ("x0", "y0", "x1", "y1")}
        told |= {"height": HEIGHT, "width": WIDTH, "leading": event.leading or "class"}
        told |= {"event_id": number, "score_bits": bits, "reason": "A person stays here"}
        rows.append(told | {"expected_by": expected_by, "path_bits": path_bits})
        if pictured:
            for name, size in (("marked", (40, 60)), ("delta", (30, 50))):
                picture = np.full((*size, 3), 90, np.uint8)
                cv2.imwrite(str(out / f"{name}_{number}.png"), picture)
    table = pa.Table.from_pylist(rows, schema=EVENTS)
    pq.write_table(table, out / "events.parquet")
    return JudgedDayFiles(camera=camera, day="2026-01-05", anomalies=out)


def test_the_highest_score_of_all_cameras_comes_first(tmp_path):
    days = [
        judged_day(tmp_path, "door", [(seen(0), 9.0, ""), (seen(60), 12.0, "")]),
        judged_day(tmp_path, "attic", [(seen(0), 10.0, "")]),
    ]
    queue = rank_events(days, [], limit=2)
    queued = queue.events
    assert [(one.event.camera, one.score_bits) for one in queued] == [
        ("door", 12.0),
        ("attic", 10.0),
    ]
    assert queued[0].why == "door 2026-01-05, event 2: A person stays here"
    assert queued[0].event.key == seen(60, leading="class").key
    summary = write_queue(queue, fresh(tmp_path / "queue"))
    assert (summary.rows, summary.cameras) == (2, 2)
    rows = pq.read_table(summary.path).to_pylist()
    assert [row["event_id"] for row in rows] == [2, 1]


def test_what_was_marked_or_follows_from_a_mark_is_not_asked_again(tmp_path):
    events = [(seen(0), 9.0, ""), (seen(60), 12.0, "f" * 64), (seen(120), 8.0, "")]
    day = judged_day(tmp_path, "door", events)
    queued = rank_events([day], [marked(seen(1), ALARM)], limit=9).events
    assert [one.event_id for one in queued] == [3]


def test_who_walks_is_asked_of_though_the_way_is_marked(tmp_path):
    way = seen(0, leading="path")
    day = judged_day(tmp_path, "door", [(seen(0), 9.0, ""), (way, 8.0, "")])
    queued = rank_events([day], [marked(way, ALARM)], limit=9).events
    assert [one.event_id for one in queued] == [1]


def test_an_event_whose_walk_was_called_an_alarm_while_apart_is_not_asked_again(tmp_path):
    of_walks = [marked(seen(0, camera=name, leading="path"), ALARM) for name in ("door", "attic")]
    days = [
        judged_day(tmp_path, "door", [(seen(0), 9.0, "")], path_bits=8.0),
        judged_day(tmp_path, "attic", [(seen(0), 9.0, "")]),
    ]
    queued = rank_events(days, of_walks, limit=9).events
    assert [one.event.camera for one in queued] == ["attic"]


def test_events_without_pictures_are_not_queued_but_counted(tmp_path):
    events = [(seen(0), 9.0, ""), (seen(60), 9.0, "f" * 64), (seen(120), 8.0, "")]
    days = [
        judged_day(tmp_path, "door", [*events, (seen(180), 7.0, "")], pictured=False),
        judged_day(tmp_path, "attic", events),
    ]
    queue = rank_events(days, [marked(seen(120), ALARM)], limit=1)
    assert [one.event.camera for one in queue.events] == ["attic"]
    assert queue.left == LeftEvents(without_picture=2, without_place=1)
    out = fresh(tmp_path / "queue")
    assert write_queue(queue, out).without_picture == 2
    assert read_left(out) == queue.left
    assert read_left(tmp_path) == LeftEvents()  # a queue of before


def test_an_unusual_path_is_shown_by_its_way(tmp_path):
    day = judged_day(tmp_path, "door", [(seen(0), 9.0, "")], pictured=False)
    cv2.imwrite(str(day.anomalies / "path_1.png"), np.full((40, 60, 3), 90, np.uint8))
    (queued,) = rank_events([day], [], limit=9).events
    assert write_picture(queued, tmp_path / "one.png") == (40, 60 + 12)


def test_both_pictures_lie_side_by_side(tmp_path):
    day = judged_day(tmp_path, "door", [(seen(0), 9.0, "")])
    (queued,) = rank_events([day], [], limit=9).events
    path = tmp_path / "shown" / "one.png"
    assert write_picture(queued, path) == (40, 60 + 12 + 50 + 12)
    shown = cv2.imread(str(path))
    assert (shown[:40, :60] == 90).all()
    assert (shown[:30, 72:122] == 90).all()
    assert (shown[30:, 72:122] == 255).all()
    (queued.anomalies / "delta_1.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"delta_1\.png: not a picture"):
        write_picture(queued, path)


def test_a_queue_has_places():
    with pytest.raises(ValueError, match="limit = 0"):
        rank_events([], [], limit=0)
