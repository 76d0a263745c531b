"""Pictures of a judged day: its time line, and where and how its top events depart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from camera_analysis.charts import Timeline, save_timeline
from camera_analysis.events.judged_day import JudgedDay
from camera_analysis.footage.frame_times import FrameTimes
from camera_analysis.labelling.labels import read_labels_meta
from camera_analysis.pictures import EventPicture, read_plate, save_delta, save_marked
from camera_analysis.tracks.trajectory_pictures import save_way

TIMELINE_FILE = "timeline.png"
PLATE_FILE = "plate.png"
#: Events, the highest scores first, whose way is drawn.
PICTURED_WAYS = 6
#: Two judged frames further apart than this many intervals are not joined by a line.
GAP_INTERVALS = 3.5


def save_pictures(
    day: JudgedDay, times: FrameTimes, labels_dir: Path, out: Path
) -> tuple[Path, ...]:
    """Write ``timeline.png``, and ``marked_N.png``, ``delta_N.png``, ``path_N.png`` of top events.

    Args:
        day: with a judged frame.
        times: of its frames.
        labels_dir: folder of the privacy-safe ``plate.png`` that pictures are drawn on.
        out: existing folder.
    """
    paths = [out / TIMELINE_FILE]
    save_timeline(
        Timeline(
            times=[times.utc(frame_id) for frame_id in day.scores.frame_ids.tolist()],
            zone=times.zone,
            surprise_bits=day.scores.bits,
            delta_share=day.scores.delta_share,
            alarm_bits=day.alarm_bits,
            spans=[(event.start, event.end) for event in day.events],
            gap=times.interval * GAP_INTERVALS,
        ),
        paths[0],
    )
    for event in day.events:
        if event.snapshot is None:
            continue
        height, width = event.snapshot.labels_hw.shape
        picture = EventPicture(
            title=f"event {event.event_id}, {times.local(event.peak_time):%H:%M:%S}",
            caption=event.reason,
            plate_rgb=read_plate(labels_dir / PLATE_FILE, height, width),
            labels_hw=event.snapshot.labels_hw,
            delta_bits_hw=event.snapshot.delta_bits_hw,
            box_xyxy=(event.box.x0, event.box.y0, event.box.x1, event.box.y1),
            classes=day.classes,
        )
        marked, delta = (out / f"{kind}_{event.event_id}.png" for kind in ("marked", "delta"))
        save_marked(picture, marked)
        save_delta(picture, delta)
        paths += [marked, delta]
    return (*paths, *_save_ways(day, times, labels_dir, out))


def _save_ways(day: JudgedDay, times: FrameTimes, labels_dir: Path, out: Path) -> Iterator[Path]:
    """Write ``path_N.png`` of the events with the most unusual ways; gives their paths."""
    meta = read_labels_meta(labels_dir)
    pathed = [event for event in day.events if event.path_xy is not None]
    for event in sorted(pathed, key=lambda event: -event.score_bits)[:PICTURED_WAYS]:
        if event.path_xy is None:
            continue
        path = out / f"path_{event.event_id}.png"
        save_way(
            event.path_xy,
            day.usual_ways,
            read_plate(labels_dir / PLATE_FILE, meta.height, meta.width),
            f"event {event.event_id}, {times.local(event.peak_time):%H:%M:%S}",
            path,
        )
        yield path
