"""The counts of a day without the frames of events that a person called alarms.

Counts subtract exactly, so nothing but those frames is read again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from camera_analysis.labelling.code_tables import iterate_codes, read_codes_meta
from camera_analysis.labelling.labels import (
    FRAMES_FILE,
    LABELS_FILE,
    LabelMap,
    decode_label_png,
    read_labels_meta,
)
from camera_analysis.labelling.registration import VIEW_FILE
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.hourly_channels import HourlyChannels

#: First and last frame of an event, UTC.
Span = tuple[datetime, datetime]


def count_without(
    counts_dir: Path, index_dir: Path, labels_dir: Path, spans: Sequence[Span], out: Path
) -> int:
    """Write a day's counts without the frames of some spans of time.

    Args:
        counts_dir: folder of the day's activity counts.
        index_dir: ``frames.parquet`` of the pass that the counts were made from.
        labels_dir: its ``labels.parquet``, and ``codes.parquet`` where it has one.
        spans: first and last instant of each span; both ends belong to it.
        out: existing folder; gets counts.parquet, counts.json, the same of the channels, and the
            view, so that it can stand in for ``counts_dir``.

    Returns:
        How many frames were taken away.
    """
    hours = _hours_within(index_dir, spans)
    meta = read_labels_meta(labels_dir)
    taken = ClassCounts(meta.height, meta.width, meta.classes, segmenter=meta.segmenter)
    for label_map in _label_maps(labels_dir, hours):
        taken.add(label_map.labels_hw, hours[label_map.frame_id])
    (ClassCounts.load(counts_dir) - taken).save(out)
    channels = HourlyChannels.load(counts_dir)
    if channels is not None:
        (channels - _channels_of(labels_dir, hours)).save(out)
    if (counts_dir / VIEW_FILE).is_file():
        shutil.copyfile(counts_dir / VIEW_FILE, out / VIEW_FILE)
    return taken.frames


def _hours_within(index_dir: Path, spans: Sequence[Span]) -> dict[int, int]:
    """frame_id -> local hour, of the usable frames within the spans."""
    columns = ["frame_id", "time_utc", "local_hour", "usable"]
    rows = pq.read_table(index_dir / FRAMES_FILE, columns=columns).to_pylist()
    return {
        row["frame_id"]: row["local_hour"]
        for row in rows
        if row["usable"] and any(first <= row["time_utc"] <= last for first, last in spans)
    }


def _channels_of(labels_dir: Path, wanted: Mapping[int, int]) -> HourlyChannels:
    meta = read_codes_meta(labels_dir)
    if meta is None:
        raise ValueError(f"{labels_dir}: the day has channel counts but no codes; label it again")
    counts = HourlyChannels(meta)
    for frame in iterate_codes(labels_dir, meta):
        if frame.frame_id in wanted:
            counts.add(frame.codes, wanted[frame.frame_id])
    return counts


def _label_maps(labels_dir: Path, wanted: Mapping[int, int]) -> Iterator[LabelMap]:
    """The label maps of some frames; only those are decoded."""
    with pq.ParquetFile(labels_dir / LABELS_FILE) as table:
        for group in range(table.num_row_groups):
            ids = table.read_row_group(group, columns=["frame_id"])["frame_id"].to_pylist()
            if not wanted.keys() & set(ids):
                continue
            pictures = table.read_row_group(group, columns=["label_png"])["label_png"]
            for frame_id, png in zip(ids, pictures, strict=True):
                if frame_id in wanted:
                    yield LabelMap(frame_id=frame_id, labels_hw=decode_label_png(png.as_py()))
