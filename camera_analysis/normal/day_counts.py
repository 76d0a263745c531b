"""The counts of one camera-day, from its label maps and its channels' codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from camera_analysis.charts import save_activity
from camera_analysis.labelling.labels import (
    FRAMES_FILE,
    LABELS_FILE,
    NO_SEGMENTER,
    iterate_labels,
    read_labels_meta,
)
from camera_analysis.labelling.registration import save_view
from camera_analysis.normal.counts import ClassCounts, shares_by_hour
from camera_analysis.normal.hourly_channels import count_codes
from camera_analysis.normal.learned_normal import human_id

ACTIVITY_FILE = "activity.png"


@dataclass(frozen=True, kw_only=True)
class CountSummary:
    """What was counted."""

    frames: int
    frames_by_hour: Mapping[int, int]
    height: int
    width: int
    mover_share: float  # share of all pixels of all frames that was not class 0, in [0, 1]
    pictures: tuple[Path, ...]


def count_day(
    index_dir: Path,
    labels_dir: Path,
    out: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> CountSummary:
    """Count the label maps of one camera-day by local hour.

    Args:
        index_dir: folder of ``frames.parquet``: which local hour a frame belongs to.
        labels_dir: folder of ``labels.parquet`` and ``labels.json``, and of ``codes.parquet``.
        out: existing empty folder; gets counts.parquet, counts.json and activity.png, the same of
            the channels (channel_counts.parquet, channel_counts.json) where the day has codes, and
            where it has a plate view.png, its small grey copy by which days are compared.
        progress: called with (label maps done, all label maps).

    Raises:
        ValueError: a label map whose frame is not in the index or was found unusable.
    """
    meta = read_labels_meta(labels_dir)
    hours = _usable_hours(index_dir)
    counts = ClassCounts(meta.height, meta.width, meta.classes, segmenter=meta.segmenter)
    rows = pq.read_metadata(labels_dir / LABELS_FILE).num_rows
    for done, label_map in enumerate(iterate_labels(labels_dir), start=1):
        if label_map.frame_id not in hours:
            raise ValueError(
                f"{LABELS_FILE}: frame {label_map.frame_id} is no usable frame of {FRAMES_FILE}; "
                "make both in one pass"
            )
        counts.add(label_map.labels_hw, hours[label_map.frame_id])
        if progress:
            progress(done, rows)
    counts.save(out)
    channels = count_codes(labels_dir, hours)
    if channels is not None:
        channels.save(out)
    save_view(labels_dir / "plate.png", out)
    shares = shares_by_hour(counts)
    people = human_id(counts.classes) if counts.segmenter == NO_SEGMENTER else None
    not_told = () if people is None else (people,)
    activity_png = out / ACTIVITY_FILE
    save_activity(shares, counts.frames_by_hour, counts.classes, activity_png, not_told=not_told)
    weighted = sum(shares[hour][1:].sum() * n for hour, n in counts.frames_by_hour.items())
    return CountSummary(
        frames=counts.frames,
        frames_by_hour=counts.frames_by_hour,
        height=counts.height,
        width=counts.width,
        mover_share=float(weighted / counts.frames) if counts.frames else 0.0,
        pictures=(out / ACTIVITY_FILE,),
    )


def _usable_hours(index_dir: Path) -> dict[int, int]:
    columns = ["frame_id", "local_hour", "usable"]
    frames = pq.read_table(index_dir / FRAMES_FILE, columns=columns)
    rows = zip(*(frames[name].to_pylist() for name in columns), strict=True)
    return {frame_id: hour for frame_id, hour, usable in rows if usable}
