"""A drawn camera-day in the layout that the stages before the report write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from camera_analysis.camera import Camera
from camera_analysis.labelling.labels import FAULTS, FRAMES
from camera_analysis.occupancy.rois import Roi
from camera_analysis.reports.report import ReportInputs
from camera_analysis.reports.report_index import IndexEntry

UTC_US = pa.timestamp("us", tz="UTC")
DAY = "2026-01-05"
#: 08:00 in Berlin, in winter.
START = datetime(2026, 1, 5, 7, tzinfo=UTC)
EVENTS = pa.schema(
    [
        *(("event_id", pa.int32()), ("start_utc", UTC_US), ("end_utc", UTC_US)),
        *(("peak_frame_id", pa.int32()), ("peak_time_utc", UTC_US), ("class_id", pa.int16())),
        ("class_name", pa.string()),
        *((name, pa.int32()) for name in ("x0", "y0", "x1", "y1", "area_px", "frames")),
        *(("score_bits", pa.float64()), ("reason", pa.string())),
    ]
)
SCORES = pa.schema(
    [
        *(("frame_id", pa.int32()), ("time_utc", UTC_US), ("delta_share", pa.float64())),
        *(("surprise_bits", pa.float64()), ("alarm", pa.bool_())),
    ]
)


@dataclass(frozen=True)
class DrawnEvent:
    """An event `at_s` seconds after the first frame."""

    event_id: int
    at_s: float
    length_s: float
    score_bits: float
    reason: str
    pictured: bool = True


@dataclass(frozen=True)
class DrawnDay:
    """What a day should hold; `reasons` maps frame ids to why they are unusable."""

    frames: int = 600
    reasons: dict[int, str] = field(default_factory=dict)
    faults: Sequence[dict[str, object]] = ()
    events: Sequence[DrawnEvent] = ()
    status: str = "judged"
    days_behind: int = 6
    segmenter: str = "3f2a9c1d77e0b4aa"
    other_segmenter_days: Sequence[str] = ()
    moved_days: Sequence[str] = ()
    start: datetime = START


BUSY_EVENTS = (
    DrawnEvent(1, 21_790, 95, 12.44, "A person where people are rarely seen: 0.02 % of frames."),
    DrawnEvent(2, 5_030, 12, 17.91, "Something moves along the wall, where nothing moved before."),
    DrawnEvent(3, 30_010, 3_905, 9.2, "A person stays much longer than is usual here.", False),
)
BUSY = DrawnDay(
    reasons={
        **dict.fromkeys(range(40, 52), "dark"),
        **dict.fromkeys(range(300, 304), "blurred"),
        **dict.fromkeys((410, 420, 421), "frozen"),
    },
    faults=[
        {
            "file": "2026-01-05T12-00-00.mp4",
            "start_utc": START + timedelta(hours=4, minutes=20),
            "end_utc": START + timedelta(hours=4, minutes=31),
            "reason": "broken_tail",
            "detail": "moov atom not found after 1,204 frames",
        },
        {
            "file": "camera backup/unnamed.mp4",
            "start_utc": None,
            "end_utc": None,
            "reason": "time_unknown",
            "detail": "the name holds no time; set file_time, or name its start under 'starts'",
        },
    ],
    events=BUSY_EVENTS,
)
QUIET = DrawnDay()
WARMING_UP = DrawnDay(frames=12, status="warming_up", days_behind=0)


def draw_day(root: Path, day: DrawnDay, camera: Camera | None = None) -> ReportInputs:
    """Write the five folders of a camera-day below `root`."""
    names = ("frame_index", "label_maps", "activity_counts", "learned_normal", "anomalies")
    folders = {name: root / name for name in names}
    for folder in folders.values():
        folder.mkdir(parents=True)
    _write_frames(folders["frame_index"], day)
    _write_labels(folders["label_maps"], day)
    draw_chart(folders["activity_counts"] / "activity.png")
    _write_normal(folders["learned_normal"], day)
    _write_anomalies(folders["anomalies"], day)
    versions = {name: f"{n:x}" * 16 for n, name in enumerate(names, start=9)}
    return ReportInputs(camera=camera or room(root), day=DAY, versions=versions, **folders)


def room(root: Path) -> Camera:
    """A camera in Berlin with two regions of interest."""
    door = Roi(name="door", polygon_xy=((10, 20), (60, 20), (60, 110), (10, 110)))
    desk = Roi(name="desk", polygon_xy=((100, 60), (180, 64), (140.5, 118)))
    return Camera(
        id="loading-bay_2", folder=root, time_zone="Europe/Berlin", interval_s=60, rois=(door, desk)
    )


def entry(camera: str, day: str = DAY, **what: object) -> IndexEntry:
    """A camera-day of an index, quiet unless told otherwise."""
    quiet = {"status": "judged", "events": 0, "worst_bits": None, "usable_share": 1.0}
    href = f"{camera}/{day}/report.html"
    return IndexEntry(camera_id=camera, day=day, href=href, **(quiet | what))


def draw_scene(path: Path, *, seed: int = 0) -> None:
    """A blurred room in the size of a label map."""
    small = np.random.default_rng(seed).integers(90, 190, (9, 16, 3), np.uint8)
    Image.fromarray(small).resize((640, 360), Image.Resampling.BICUBIC).save(path)


def draw_chart(path: Path, *, height: int = 300) -> None:
    """A white chart with bars, as the plotting stages draw them."""
    image = Image.new("RGB", (900, height), "white")
    pen = ImageDraw.Draw(image)
    for n, value in enumerate(np.random.default_rng(1).random(48)):
        x = 40 + n * 17
        pen.rectangle((x, height - 30 - value * (height - 70), x + 11, height - 30), fill="#33658a")
    pen.line((36, height - 30, 880, height - 30), fill="#333", width=2)
    image.save(path)


def _times(day: DrawnDay) -> list[datetime]:
    return [day.start + timedelta(seconds=60 * n) for n in range(day.frames)]


def _write_frames(folder: Path, day: DrawnDay) -> None:
    numbers = {"pts_s": 0.0, "height": 360, "width": 640, "luma_mean": 80.0, "sharpness": 50.0}
    rows = [
        {
            **numbers,
            "frame_id": n,
            "time_utc": moment,
            "local_hour": (moment.hour + 1) % 24,  # Berlin in winter
            "file": "2026-01-05T08-00-00.mp4",
            "still_share": 0.9,
            "shift_px": 0.0,
            "usable": n not in day.reasons,
            "reason": day.reasons.get(n, ""),
        }
        for n, moment in enumerate(_times(day))
    ]
    pq.write_table(pa.Table.from_pylist(rows, FRAMES), folder / "frames.parquet")
    pq.write_table(pa.Table.from_pylist(list(day.faults), FAULTS), folder / "faults.parquet")
    draw_chart(folder / "quality.png", height=160)


def _write_labels(folder: Path, day: DrawnDay) -> None:
    classes = ["static", "human", "other mover"]
    meta = {"classes": classes, "height": 360, "width": 640, "segmenter": day.segmenter}
    (folder / "labels.json").write_text(json.dumps(meta))
    draw_scene(folder / "plate.png")
    draw_scene(folder / "preview.png", seed=1)


def _write_normal(folder: Path, day: DrawnDay) -> None:
    behind = [f"2026-01-0{n}" for n in range(5 - min(day.days_behind, 4), 5)]
    meta = {
        "status": "ready" if behind else "warming_up",
        "days": behind,
        "missing_days": ["2025-12-29"],
        "other_segmenter_days": list(day.other_segmenter_days),
        "moved_days": list(day.moved_days),
        "frames": 41_213 * len(behind),
    }
    (folder / "normal.json").write_text(json.dumps(meta))
    for seed, name in enumerate(("mode", "human_frequency", "entropy") if behind else (), start=2):
        draw_scene(folder / f"{name}.png", seed=seed)


def _write_anomalies(folder: Path, day: DrawnDay) -> None:
    told = {"status": day.status, "alarm_bits": 8.0, "events": len(day.events), "frames": 0}
    (folder / "anomalies.json").write_text(json.dumps(told))
    scores = [
        {"frame_id": n, "time_utc": t, "delta_share": 0.01, "surprise_bits": 3.0, "alarm": False}
        for n, t in enumerate(_times(day))
    ]
    if day.events:
        worst = max(day.events, key=lambda event: event.score_bits)
        scores[round(worst.at_s / 60)]["surprise_bits"] = worst.score_bits
    judged = [] if day.status == "warming_up" else scores
    pq.write_table(pa.Table.from_pylist(judged, SCORES), folder / "frame_scores.parquet")
    rows = [_event_row(day, event) for event in day.events]
    pq.write_table(pa.Table.from_pylist(rows, EVENTS), folder / "events.parquet")
    if judged:
        draw_chart(folder / "timeline.png", height=240)
    for event in day.events:
        if event.pictured:
            draw_scene(folder / f"marked_{event.event_id}.png", seed=10 + event.event_id)
            draw_scene(folder / f"delta_{event.event_id}.png", seed=20 + event.event_id)


def _event_row(day: DrawnDay, event: DrawnEvent) -> dict[str, object]:
    start = day.start + timedelta(seconds=event.at_s)
    box = {"x0": 10, "y0": 10, "x1": 60, "y1": 90, "area_px": 1800, "frames": 5}
    return {
        **box,
        "event_id": event.event_id,
        "start_utc": start,
        "end_utc": start + timedelta(seconds=event.length_s),
        "peak_frame_id": 1,
        "peak_time_utc": start + timedelta(seconds=event.length_s / 2),
        "class_id": 1,
        "class_name": "human",
        "score_bits": event.score_bits,
        "reason": event.reason,
    }
