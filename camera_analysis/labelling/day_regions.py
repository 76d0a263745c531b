"""Who and what moved in each frame of a camera-day: one row per region, written as the pass goes.

A region is what lies together and is not static. Its outline is kept as 24 x 24 bits of its box:
enough to tell two people who walk side by side from one, and no picture of either.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.label_classes import HUMAN, STATIC
from camera_analysis.labelling.labels import LabelArray, RowGroups
from camera_analysis.labelling.regions import Box

FloatImage = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]

REGIONS_FILE = "regions.parquet"
REGIONS_META_FILE = "regions.json"

#: Places along each side of a box at which its outline is kept.
OUTLINE_SIDE = 24

#: One row per region of each frame looked at, in the order of time. Lengths are label-map pixels.
REGIONS = pa.schema(
    [
        ("frame_id", pa.int32()),  # null for a frame between two samples: it has no label map
        ("time_utc", pa.timestamp("us", tz="UTC")),
        ("class_id", pa.int8()),  # between samples that of the sample before; null where unknown
        *((side, pa.int16()) for side in ("x0", "y0", "x1", "y1")),  # the far corner is exclusive
        ("area_px", pa.int32()),
        ("foot_x", pa.float32()),  # middle of the box's lower side
        ("foot_y", pa.float32()),
        ("human_probability", pa.float32()),  # the network's mean over the region; null without one
        ("speed_px_s", pa.float32()),  # median of the places in the box; null where none was seen
        ("direction_deg", pa.float32()),  # from along x towards y (down)
        ("outline", pa.binary(OUTLINE_SIDE * OUTLINE_SIDE // 8)),  # row by row, first bit highest
    ]
)


@dataclass(frozen=True, kw_only=True)
class DayRegion:
    """One region of one frame; None where a value is not known.

    Args:
        box: around it, in label-map pixels.
        area_px: its pixels.
        class_id: the class of most of them.
        outline: packed bits of ``OUTLINE_SIDE`` rows of the box; see :func:`outline_mask`.
        human_probability: the network's mean over its pixels, in [0, 1].
        speed_px_s: of its motion.
        direction_deg: of its motion, from along x towards y (down), in [0, 360).
    """

    box: Box
    area_px: int
    class_id: int | None
    outline: bytes
    human_probability: float | None = None
    speed_px_s: float | None = None
    direction_deg: float | None = None


@dataclass(frozen=True, kw_only=True)
class FrameRegions:
    """The regions of one frame that was looked at; ``frame_id`` is None between two samples."""

    time_utc: datetime
    frame_id: int | None
    regions: tuple[DayRegion, ...]


@dataclass(frozen=True, kw_only=True)
class RegionsMeta:
    """What ``regions.json`` says.

    Args:
        classes: names by id.
        height: of the label maps.
        width: of the label maps.
        native_wh: width and height of the footage.
        step_s: seconds between the frames looked at, or of the footage where that is slower.
        segmenter: its version, or "none".
    """

    classes: tuple[str, ...]
    height: int
    width: int
    native_wh: tuple[int, int]
    step_s: float
    segmenter: str


@dataclass(frozen=True, kw_only=True)
class RegionsSummary:
    """What was written: frames looked at, samples and others, and their regions."""

    frames: int
    between_samples: int
    regions: int
    human_regions: int
    frames_per_s: float


def regions_of(labels_hw: LabelArray, human_hw: FloatImage | None = None) -> list[DayRegion]:
    """What lies together and is not static, from the left edge's topmost on.

    Args:
        labels_hw: (H, W) uint8 class ids.
        human_hw: (H, W) the network's probability of a person; None without a network.
    """
    moving = (labels_hw != STATIC).view(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(moving, connectivity=8)
    found = []
    for part in range(1, count):
        x, y, width, height, area = stats[part].tolist()
        crop = np.s_[y : y + height, x : x + width]
        inside = parts[crop] == part
        mean = None if human_hw is None else float(human_hw[crop][inside].mean())
        found.append(
            DayRegion(
                box=Box(x, y, x + width, y + height),
                area_px=area,
                class_id=int(np.bincount(labels_hw[crop][inside]).argmax()),
                outline=outline_of(inside),
                human_probability=mean,
            )
        )
    return sorted(found, key=lambda region: (region.box.x0, region.box.y0, region.box.x1))


def outline_of(inside: BoolImage) -> bytes:
    """A region's mask in its box as packed bits: places of which half at least belong to it."""
    size = (OUTLINE_SIDE, OUTLINE_SIDE)
    cover = cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.packbits(cover >= min(0.5, float(cover.max()))).tobytes()


def outline_mask(outline: bytes) -> BoolImage:
    """(24, 24) mask of the places of a box that belong to its region."""
    bits = np.unpackbits(np.frombuffer(outline, np.uint8))
    return bits.reshape(OUTLINE_SIDE, OUTLINE_SIDE).astype(bool)


def with_classes_of(
    regions: Sequence[DayRegion], before: Sequence[DayRegion]
) -> tuple[DayRegion, ...]:
    """Regions whose class nobody was asked for take that of the region they overlap most.

    Args:
        regions: of a frame between two samples.
        before: of the sample before it.
    """

    def inherited(region: DayRegion) -> int | None:
        commons = [(region.box.common(other.box), other) for other in before]
        common, nearest = max(commons, key=lambda pair: pair[0], default=(0, None))
        return nearest.class_id if nearest is not None and common else None

    return tuple(replace(region, class_id=inherited(region)) for region in regions)


class RegionWriter(RowGroups):
    """Appends rows to ``regions.parquet``; memory is bounded by one row group.

    Args:
        folder: existing directory.
        rows_per_group: rows of one row group.
    """

    def __init__(self, folder: Path, *, rows_per_group: int = 4096) -> None:
        super().__init__(folder / REGIONS_FILE, REGIONS)
        self._rows: list[dict[str, object]] = []
        self._rows_per_group = rows_per_group
        self._frames = self._between = self._regions = self._humans = 0
        self._last_time: datetime | None = None
        self._least_step_s = 0.0

    def add(self, frame: FrameRegions) -> None:
        """Append the regions of the next frame; times increase."""
        if self._last_time is not None:
            step_s = (frame.time_utc - self._last_time).total_seconds()
            self._least_step_s = min(step_s, self._least_step_s or step_s)
        self._last_time = frame.time_utc
        self._frames += 1
        self._between += frame.frame_id is None
        self._regions += len(frame.regions)
        self._humans += sum(region.class_id == HUMAN for region in frame.regions)
        self._rows += [_row(frame, region) for region in frame.regions]
        if len(self._rows) >= self._rows_per_group:
            self._flush()

    def step_s(self, asked_s: float) -> float:
        """Seconds between frames: those asked for, or more where the footage has no more frames."""
        return max(asked_s, round(self._least_step_s, 3))

    def summary(self, step_s: float) -> RegionsSummary:
        """What was written so far."""
        return RegionsSummary(
            frames=self._frames,
            between_samples=self._between,
            regions=self._regions,
            human_regions=self._humans,
            frames_per_s=round(1 / step_s, 3),
        )

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=REGIONS))
            self._rows = []


def _row(frame: FrameRegions, region: DayRegion) -> dict[str, object]:
    told = {name: value for name, value in vars(region).items() if name != "box"}
    foot = {"foot_x": (region.box.x0 + region.box.x1) / 2, "foot_y": float(region.box.y1)}
    return {
        "frame_id": frame.frame_id,
        "time_utc": frame.time_utc,
        **told,
        **asdict(region.box),
        **foot,
    }


def write_regions_meta(meta: RegionsMeta, folder: Path) -> None:
    """Write ``regions.json``."""
    text = json.dumps(asdict(meta), indent=1, sort_keys=True)
    (folder / REGIONS_META_FILE).write_text(text + "\n", encoding="utf-8")


def read_regions_meta(folder: Path) -> RegionsMeta:
    """Read ``regions.json`` of a regions folder."""
    told = json.loads((folder / REGIONS_META_FILE).read_text(encoding="utf-8"))
    pairs = {name: tuple(told[name]) for name in ("classes", "native_wh")}
    return RegionsMeta(**{**told, **pairs})


def iterate_regions(folder: Path) -> Iterator[FrameRegions]:
    """Frames that hold a region, in the order of time, one row group in memory at a time."""
    rows: list[dict[str, object]] = []
    with pq.ParquetFile(folder / REGIONS_FILE) as file:
        for group in range(file.num_row_groups):
            for row in file.read_row_group(group).to_pylist():
                if rows and row["time_utc"] != rows[0]["time_utc"]:
                    yield _frame_of(rows)
                    rows = []
                rows.append(row)
    if rows:
        yield _frame_of(rows)


def _frame_of(rows: Sequence[dict[str, object]]) -> FrameRegions:
    names = tuple(name for name in DayRegion.__dataclass_fields__ if name != "box")
    sides = ("x0", "y0", "x1", "y1")
    regions = [
        DayRegion(box=Box(*(row[side] for side in sides)), **{n: row[n] for n in names})  # type: ignore[arg-type]
        for row in rows
    ]
    first = rows[0]
    return FrameRegions(
        time_utc=first["time_utc"],  # type: ignore[arg-type]
        frame_id=first["frame_id"],  # type: ignore[arg-type]
        regions=tuple(regions),
    )
