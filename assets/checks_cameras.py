"""Claims about camera-days."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.claims import Claim, Finding
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.hourly_channels import HourlyChannels
from camera_analysis.normal.scene_files import read_scene


def frames_are_in_time_order(folder: Path) -> Finding:
    """Time never goes backwards within a camera-day."""
    times = pq.read_table(folder / "frames.parquet", columns=["time_utc"])["time_utc"]
    steps = np.diff(times.to_numpy().astype("datetime64[us]").astype(np.int64))
    back = int((steps < 0).sum())
    return Finding(passed=back == 0, seen=f"{len(times)} frames, {back} steps back in time")


def most_frames_are_usable(folder: Path) -> Finding:
    """At least nine in ten sampled frames are good enough to learn from."""
    frames = pq.read_table(folder / "frames.parquet", columns=["usable"])
    share = (pc.sum(frames["usable"]).as_py() or 0) / max(frames.num_rows, 1)
    return Finding(
        passed=share >= 0.9, seen=f"{100 * share:.1f} % of {frames.num_rows} frames are usable"
    )


def footage_is_readable(folder: Path) -> Finding:
    """No file or part of a file had to be left out."""
    faults = pq.read_table(folder / "faults.parquet").to_pylist()
    lines = [f"| {row['file']} | {row['reason']} | {row['detail']} |" for row in faults[:50]]
    table = "\n".join(["| file | reason | detail |", "|---|---|---|", *lines])
    return Finding(
        passed=not faults,
        seen=f"{len(faults)} faults",
        metadata={"faults": dg.MetadataValue.md(table)} if faults else {},
    )


def label_maps_are_numbered_once(folder: Path) -> Finding:
    """Frame ids rise strictly."""
    ids = np.asarray(pq.read_table(folder / "labels.parquet", columns=["frame_id"])["frame_id"])
    return Finding(passed=bool((np.diff(ids) > 0).all()), seen=f"{len(ids)} label maps")


def counts_equal_frames(folder: Path) -> Finding:
    """At every pixel the counts over classes sum to the number of frames, hour by hour.

    No place has a speed, direction, size or stay more often than there are frames.
    """
    channels = HourlyChannels.load(folder)  # refuses counts that exceed the frames
    counts = ClassCounts.load(folder)
    wrong = [
        str(hour)
        for hour, n in counts.frames_by_hour.items()
        if not (counts.hour(hour).sum(0) == n).all()
    ]
    if channels is not None and channels.frames_by_hour != counts.frames_by_hour:
        wrong.append("channels")
    return Finding(
        passed=not wrong,
        seen=f"{counts.frames} frames in {len(counts.frames_by_hour)} hours; {wrong}",
    )


def scene_is_the_learned_one(folder: Path) -> Finding:
    """The camera shows what the days before it show; otherwise its anomalies are blocked."""
    scene = read_scene(folder)
    seen = scene.says or "the view is that of the days before, as far as there are any"
    if scene.is_changed:
        seen += f" Anomalies are blocked. {scene.what_next}"
    return Finding(passed=not scene.is_changed, seen=seen)


def history_is_behind_the_normal(folder: Path) -> Finding:
    """There is history to learn from; without it the day is ``warming up``."""
    normal = json.loads((folder / "normal.json").read_text())
    return Finding(
        passed=normal["status"] == "ready",
        seen=f"{normal['status']}: {normal['frames']} frames from {len(normal['days'])} days",
    )


def frequencies_are_shares(folder: Path) -> Finding:
    """Human frequency lies in [0, 1] and entropy is not negative, wherever observed."""
    normal = pq.read_table(folder / "normal.parquet")
    frequency = np.asarray(pc.list_flatten(normal["human_frequency"]).to_numpy())
    entropy = np.asarray(pc.list_flatten(normal["entropy_bits"]).to_numpy())
    fine = np.isnan(frequency) | ((frequency >= 0) & (frequency <= 1))
    passed = bool(fine.all() and not (entropy < 0).any())
    return Finding(passed=passed, seen=f"{frequency.size} pixels looked at")


def events_lie_in_the_judged_frames(folder: Path) -> Finding:
    """Every event starts and ends within the judged frames."""
    scores = pq.read_table(folder / "frame_scores.parquet", columns=["time_utc"])["time_utc"]
    events = pq.read_table(folder / "events.parquet").to_pylist()
    if not events:
        return Finding(passed=True, seen="no events")
    first, last = pc.min(scores).as_py(), pc.max(scores).as_py()
    outside = [
        row["event_id"] for row in events if not first <= row["start_utc"] <= row["end_utc"] <= last
    ]
    return Finding(passed=not outside, seen=f"{len(events)} events, outside: {outside}")


def page_is_self_contained(file: str) -> Callable[[Path], Finding]:
    """Look for anything that the page would fetch from elsewhere."""

    def look(folder: Path) -> Finding:
        page = (folder / file).read_text(encoding="utf-8")
        calls = [
            mark for mark in ('src="http', "src='http", "@import", "<script src") if mark in page
        ]
        return Finding(passed=not calls, seen=f"{len(page)} characters, outside requests: {calls}")

    return look


SELF_CONTAINED = "The page asks for nothing from elsewhere."

CLAIMS: Mapping[str, Sequence[Claim]] = {
    "frame_index": (
        Claim(
            name="frames_are_in_time_order",
            says="Time never goes backwards.",
            look=frames_are_in_time_order,
        ),
        Claim(
            name="most_frames_are_usable",
            says="At least 90 % of the sampled frames are usable.",
            look=most_frames_are_usable,
            blocking=False,
        ),
        Claim(
            name="footage_is_readable",
            says="Nothing of the day's footage had to be left out.",
            look=footage_is_readable,
            blocking=False,
        ),
    ),
    "label_maps": (
        Claim(
            name="label_maps_are_numbered_once",
            says="Frame ids rise strictly.",
            look=label_maps_are_numbered_once,
        ),
    ),
    "activity_counts": (
        Claim(
            name="counts_equal_frames",
            says="At every pixel the counts sum to the number of frames.",
            look=counts_equal_frames,
        ),
    ),
    "scene_change": (
        Claim(
            name="scene_is_the_learned_one",
            says="The camera shows the scene that was learned; another one blocks its anomalies.",
            look=scene_is_the_learned_one,
            blocking=False,  # the finding itself is good: only ``anomalies`` must not go on
        ),
    ),
    "learned_normal": (
        Claim(
            name="frequencies_are_shares",
            says="Frequencies lie in [0, 1]; entropy is not negative.",
            look=frequencies_are_shares,
        ),
        Claim(
            name="history_is_behind_the_normal",
            says="The window holds enough history; otherwise the day is warming up.",
            look=history_is_behind_the_normal,
            blocking=False,
        ),
    ),
    "anomalies": (
        Claim(
            name="events_lie_in_the_judged_frames",
            says="Every event starts and ends within the judged frames.",
            look=events_lie_in_the_judged_frames,
        ),
    ),
    "camera_report": (
        Claim(
            name="page_is_self_contained",
            says=SELF_CONTAINED,
            look=page_is_self_contained("report.html"),
        ),
    ),
    "camera_index": (
        Claim(
            name="page_is_self_contained",
            says=SELF_CONTAINED,
            look=page_is_self_contained("index.html"),
        ),
    ),
}
