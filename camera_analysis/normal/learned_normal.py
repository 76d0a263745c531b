"""Counts of a window of days become a learned normal: mode, frequency, entropy.

The counts of the days add up, whatever the hour. A pixel that was never observed is unknown, not
background. A window with too few frames is warming up: it is written down, and judges nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.channels.channel_window import ChannelWindow, sum_channels, write_channels
from camera_analysis.label_classes import STATIC
from camera_analysis.normal.count_tables import (
    COUNTS_FILE,
    COUNTS_OF_WINDOW,
    CountArray,
    list_column,
    plane_of,
    plane_table,
)
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.history import Window, choose_days
from camera_analysis.normal.normal_pictures import save_normal
from camera_analysis.pictures import read_plate

FloatMap = npt.NDArray[np.floating]

NORMAL_META_FILE = "normal.json"
NORMAL_FILE = "normal.parquet"
READY = "ready"
WARMING_UP = "warming_up"

#: Mode of a pixel that was never observed.
UNKNOWN = -1
#: A window with fewer frames is warming up: 30 frames let a label that was never seen reach 6 bits,
#: the least that stands out.
MIN_FRAMES = 30
#: What segmenters call the class of people.
HUMAN_NAMES = ("human", "person")

#: One row per image row.
NORMAL = pa.schema(
    [
        ("y", pa.int32()),
        ("mode", pa.list_(pa.int16())),  # -1 unknown
        ("human_frequency", pa.list_(pa.float64())),  # in [0, 1]; NaN unknown
        ("entropy_bits", pa.list_(pa.float64())),  # >= 0; NaN unknown
        ("observed", pa.list_(pa.uint32())),  # frames in which the pixel had a class
    ]
)


@dataclass(frozen=True, kw_only=True)
class LearnedNormal:
    """A learned normal as it was stored.

    Args:
        status: "ready" or "warming_up".
        days: local days that were counted, ascending.
        frames: frames counted.
        classes: class names; empty where no day had a frame.
        segmenter: what labelled all of them; "" where that is not known.
        counts_khw: (K, H, W) counts; (0, 0, 0) where no day had a frame.
    """

    status: str
    days: tuple[str, ...]
    frames: int
    classes: tuple[str, ...]
    segmenter: str
    counts_khw: CountArray


@dataclass(frozen=True, kw_only=True)
class NormalSummary:
    """What the window held; :class:`camera_analysis.normal.history.Window` explains its days."""

    status: str
    frames: int
    days: tuple[str, ...]
    missing_days: tuple[str, ...]
    other_segmenter_days: tuple[str, ...]
    moved_days: tuple[str, ...]
    other_scene_days: tuple[str, ...]
    height: int
    width: int
    channel_days: tuple[str, ...]
    pictures: tuple[Path, ...]


def build_normal(
    counts: Mapping[str, Path],
    wanted_days: Sequence[str],
    out: Path,
    *,
    plate: Path | None,
    min_frames: int = MIN_FRAMES,
    judged_day: str | None = None,
    segmenter: str | None = None,
    left_out: Collection[str] = (),
    hours: Collection[int] | None = None,
) -> NormalSummary:
    """Add up the counts of a window of days and describe what is normal.

    Args:
        counts: day ("YYYY-MM-DD") -> folder of its activity counts.
        wanted_days: days of the window; those without counts are reported as missing.
        out: existing empty folder; gets normal.json, counts.parquet, normal.parquet and, where
            any frame was counted, mode.png, human_frequency.png and entropy.png; and where days
            have channels, channel_counts.parquet and .json, usual.parquet and usual_speed.png,
            usual_direction.png, usual_size.png and usual_stay.png.
        plate: background picture of the judged day to draw over; flat grey where None. Days whose
            view is moved against it are left out.
        min_frames: a window with fewer frames is warming up.
        judged_day: the day that this normal will judge, refused inside its own window.
        segmenter: what labelled the judged day; days of others are left out. None takes days of
            one segmenter, whichever.
        left_out: days that show another scene.
        hours: local hours that count; None takes the whole of each day.

    Raises:
        ValueError: the judged day is in the window, a day was not wanted, or the days differ in
            size, classes or segmenter.
    """
    window = choose_days(
        counts,
        wanted_days,
        judged_day=judged_day,
        segmenter=segmenter,
        plate=plate,
        left_out=left_out,
    )
    total = _sum_of_days(counts, window.days, hours)
    channels = sum_channels(counts, window.days, hours)
    frames = total.frames if total else 0
    status = READY if total and frames >= min_frames else WARMING_UP
    summary = NormalSummary(
        status=status,
        frames=frames,
        days=window.days,
        missing_days=window.missing_days,
        other_segmenter_days=window.other_segmenter_days,
        moved_days=window.moved_days,
        other_scene_days=window.other_scene_days,
        height=total.height if total else 0,
        width=total.width if total else 0,
        channel_days=channels.days,
        pictures=_write_maps(total, channels, window, status, plate, out),
    )
    labelled_by = total.segmenter if total else segmenter or ""
    _write_meta(summary, total.classes if total else (), labelled_by, out)
    return summary


def load_normal(normal_dir: Path) -> LearnedNormal:
    """Read what :func:`build_normal` wrote.

    Raises:
        ValueError: the stored counts do not have the stated size.
    """
    meta = json.loads((normal_dir / NORMAL_META_FILE).read_text(encoding="utf-8"))
    height, width, classes = int(meta["height"]), int(meta["width"]), tuple(meta["classes"])
    total = np.zeros((len(classes), height, width), np.uint32)
    with pq.ParquetFile(normal_dir / COUNTS_FILE) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            class_id = table["class_id"][0].as_py()
            total[class_id] = plane_of(table, height, width, normal_dir.name)
    return LearnedNormal(
        status=str(meta["status"]),
        days=tuple(meta["days"]),
        frames=int(meta["frames"]),
        classes=classes,
        segmenter=str(meta.get("segmenter", "")),
        counts_khw=total,
    )


def modal_map(counts_khw: CountArray) -> npt.NDArray[np.int16]:
    """(H, W) most frequent class id; the lowest id on a tie; -1 where nothing was observed.

    Args:
        counts_khw: (K, H, W) counts.
    """
    mode: npt.NDArray[np.int16] = counts_khw.argmax(axis=0).astype(np.int16)
    mode[counts_khw.sum(axis=0, dtype=np.int64) == 0] = UNKNOWN
    return mode


def class_frequency(counts_khw: CountArray, class_id: int) -> npt.NDArray[np.float64]:
    """(H, W) share of a pixel's observations that were ``class_id``, in [0, 1]; NaN unknown."""
    observed = counts_khw.sum(axis=0, dtype=np.int64)
    share = np.full(observed.shape, np.nan)
    np.divide(counts_khw[class_id], observed, out=share, where=observed > 0)
    return share


def entropy_bits(counts_khw: CountArray) -> npt.NDArray[np.float64]:
    """(H, W) entropy of each pixel's class frequencies, in [0, log2 K] bits; NaN unknown."""
    observed = counts_khw.sum(axis=0, dtype=np.int64)
    entropy = np.where(observed > 0, 0.0, np.nan)
    for plane in counts_khw:
        share = np.zeros(observed.shape)
        np.divide(plane, observed, out=share, where=observed > 0)
        entropy -= share * np.log2(share, out=np.zeros_like(share), where=share > 0)
    return np.maximum(entropy, 0.0)  # NaN stays NaN; a rounding error below zero does not


def human_id(classes: Sequence[str]) -> int | None:
    """Class id of people; None where the segmenter has no such class."""
    return next((i for i, name in enumerate(classes) if name in HUMAN_NAMES), None)


def _sum_of_days(
    counts: Mapping[str, Path], window: Sequence[str], hours: Collection[int] | None
) -> ClassCounts | None:
    """Counts of all days that have frames, one day in memory at a time; None without any."""
    total: ClassCounts | None = None
    first = ""
    for day in window:
        of_day = ClassCounts.load(counts[day]).of_hours(hours)
        if not of_day.frames:
            continue
        if total is None:
            total, first = of_day, day
            continue
        try:
            total = total + of_day
        except ValueError as error:
            raise ValueError(f"day {day} does not add to day {first}: {error}") from error
    return total


def _write_maps(
    total: ClassCounts | None,
    channels: ChannelWindow,
    window: Window,
    status: str,
    plate: Path | None,
    out: Path,
) -> tuple[Path, ...]:
    """Write both tables and the pictures; empty tables and no pictures without any frame."""
    counts_khw = total.total() if total else np.zeros((0, 0, 0), np.uint32)
    with pq.ParquetWriter(out / COUNTS_FILE, COUNTS_OF_WINDOW, compression="zstd") as writer:
        for class_id, plane in enumerate(counts_khw):
            writer.write_table(plane_table(plane, {"class_id": class_id}, COUNTS_OF_WINDOW))
    if total is None:
        pq.write_table(NORMAL.empty_table(), out / NORMAL_FILE, compression="zstd")
        return ()
    maps = _maps_of(counts_khw, human_id(total.classes))
    columns = [pa.array(np.arange(total.height, dtype=np.int32))]
    columns += [list_column(values, NORMAL.field(name).type) for name, values in maps.items()]
    table = pa.Table.from_arrays(columns, schema=NORMAL)
    pq.write_table(table, out / NORMAL_FILE, compression="zstd")
    note = f"{total.frames:,} frames, {days_in_words(window.days)}"
    note += " (warming up)" if status == WARMING_UP else ""
    plate_rgb = read_plate(plate, total.height, total.width)
    moving = 1 - class_frequency(counts_khw, STATIC)
    pictures = save_normal(maps, moving, plate_rgb, total, note, out)
    return (*pictures, *write_channels(channels, plate_rgb, note, out))


def _maps_of(counts_khw: CountArray, human: int | None) -> dict[str, npt.NDArray[np.generic]]:
    """The maps of ``normal.parquet`` by column name."""
    observed = counts_khw.sum(axis=0, dtype=np.uint32)
    frequency = (
        np.where(observed > 0, 0.0, np.nan)  # no class of people: none was ever seen
        if human is None
        else class_frequency(counts_khw, human)
    )
    return {
        "mode": modal_map(counts_khw),
        "human_frequency": frequency,
        "entropy_bits": entropy_bits(counts_khw),
        "observed": observed,
    }


def days_in_words(window: Sequence[str]) -> str:
    """How many days: "1 day", "7 days"."""
    return f"{len(window)} day" if len(window) == 1 else f"{len(window)} days"


def _write_meta(
    summary: NormalSummary, classes: tuple[str, ...], segmenter: str, out: Path
) -> None:
    meta = {
        "status": summary.status,
        "days": list(summary.days),
        "missing_days": list(summary.missing_days),
        "other_segmenter_days": list(summary.other_segmenter_days),
        "moved_days": list(summary.moved_days),
        "other_scene_days": list(summary.other_scene_days),
        "channel_days": list(summary.channel_days),
        "segmenter": segmenter,
        "frames": summary.frames,
        "height": summary.height,
        "width": summary.width,
        "classes": list(classes),
    }
    text = json.dumps(meta, indent=1, sort_keys=True)
    (out / NORMAL_META_FILE).write_text(text + "\n", encoding="utf-8")
