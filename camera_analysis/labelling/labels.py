"""The tables of one camera-day's pass: sampled frames, faults and label maps.

Label maps are stored as PNG inside Parquet, in row groups of at most 128 maps, so that writing
and reading need the memory of one group however long the day is.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

LabelArray = npt.NDArray[np.uint8]

FRAMES_FILE = "frames.parquet"
FAULTS_FILE = "faults.parquet"
LABELS_FILE = "labels.parquet"
LABELS_META_FILE = "labels.json"

#: Version of the segmenter where there was none: nothing told people from other movers.
NO_SEGMENTER = "none"

#: Rows of one row group: what a reader of label maps holds at a time.
ROWS_PER_GROUP = 128

_UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")

#: One row per sampled frame, usable or not, in the order of time.
FRAMES = pa.schema(
    [
        ("frame_id", pa.int32()),
        ("time_utc", _UTC_MICROSECONDS),
        ("local_hour", pa.int8()),  # 0-23 in the camera's time zone
        ("file", pa.string()),  # relative to the camera's folder
        ("pts_s", pa.float64()),  # time stamp in the file's own clock
        ("height", pa.int32()),  # of the label map
        ("width", pa.int32()),
        ("luma_mean", pa.float32()),  # 0-255
        ("sharpness", pa.float32()),  # variance of the Laplacian
        ("sharpness_share", pa.float32()),  # of what the plate would have in this light
        ("textured_share", pa.float32()),  # 8x8 blocks with contrast, in [0, 1]
        ("repeated_rows", pa.float32()),  # rows that only a decoder makes, in [0, 1]
        ("still_share", pa.float32()),  # pixels identical to the sample before, in [0, 1]
        ("still_s", pa.float32()),  # for how long the samples have been identical
        ("shift_px", pa.float32()),  # against the plate, in label-map pixels
        ("rotation_deg", pa.float32()),  # against the plate
        ("view_match", pa.float32()),  # correlation of the edges with the plate's, in [-1, 1]
        ("timing", pa.string()),  # "exact", "key_frame" or "assumed_rate"; see sampled_frame.Timing
        ("usable", pa.bool_()),
        ("reason", pa.string()),  # "" where usable
    ]
)

#: One row per stretch of footage that could not be used, and why.
FAULTS = pa.schema(
    [
        ("file", pa.string()),
        ("start_utc", _UTC_MICROSECONDS),
        ("end_utc", _UTC_MICROSECONDS),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)

#: One row per usable frame.
LABELS = pa.schema(
    [
        ("frame_id", pa.int32()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("label_png", pa.binary()),  # lossless PNG of (H, W) uint8 class ids
    ]
)


@dataclass(frozen=True, kw_only=True)
class FootageFault:
    """A stretch of footage that could not be used; the times are None where they are unknown."""

    file: str
    reason: str
    detail: str
    start_utc: datetime | None = None
    end_utc: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameRow:
    """One row of ``frames.parquet``; the columns are explained at :data:`FRAMES`."""

    frame_id: int
    time_utc: datetime
    local_hour: int
    file: str
    pts_s: float
    height: int
    width: int
    luma_mean: float
    sharpness: float
    sharpness_share: float
    textured_share: float
    repeated_rows: float
    still_share: float
    still_s: float
    shift_px: float
    rotation_deg: float
    view_match: float
    timing: str
    usable: bool
    reason: str


@dataclass(frozen=True)
class LabelMap:
    """The label map of one frame: (H, W) uint8 class ids."""

    frame_id: int
    labels_hw: LabelArray


@dataclass(frozen=True, kw_only=True)
class LabelsMeta:
    """What ``labels.json`` says: class names by id, sizes in pixels, the segmenter's version.

    ``native_wh`` is the footage's width and height; None for a day labelled before it was kept.
    """

    classes: tuple[str, ...]
    height: int
    width: int
    segmenter: str
    native_wh: tuple[int, int] | None = None


class RowGroups(ABC):
    """A Parquet file written group by group; what waits is written only if nothing was raised."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")

    @abstractmethod
    def _flush(self) -> None:
        """Write the rows that wait for their group to fill."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._flush()
        self._writer.close()


class FrameWriter(RowGroups):
    """Appends rows to ``frames.parquet``; memory is bounded by one row group.

    Args:
        folder: existing directory.
        rows_per_group: rows of one row group.
    """

    def __init__(self, folder: Path, *, rows_per_group: int = 1024) -> None:
        super().__init__(folder / FRAMES_FILE, FRAMES)
        self._rows: list[FrameRow] = []
        self._rows_per_group = rows_per_group

    def add(self, row: FrameRow) -> None:
        """Append one row."""
        self._rows.append(row)
        if len(self._rows) >= self._rows_per_group:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            columns = {name: [getattr(row, name) for row in self._rows] for name in FRAMES.names}
            self._writer.write_table(pa.table(columns, schema=FRAMES))
            self._rows = []


class LabelWriter(RowGroups):
    """Appends label maps to ``labels.parquet``; memory is bounded by one row group.

    Args:
        folder: existing directory.
        rows_per_group: label maps of one row group.
    """

    def __init__(self, folder: Path, *, rows_per_group: int = ROWS_PER_GROUP) -> None:
        super().__init__(folder / LABELS_FILE, LABELS)
        self._rows: list[dict[str, int | bytes]] = []
        self._rows_per_group = rows_per_group
        self._last_frame_id = -1

    def add(self, frame_id: int, labels_hw: LabelArray) -> None:
        """Append one (H, W) uint8 label map.

        Raises:
            ValueError: the array is no label map, or ``frame_id`` does not increase.
        """
        if labels_hw.ndim != 2 or labels_hw.dtype != np.uint8:
            raise ValueError(
                f"frame {frame_id}: got {labels_hw.dtype} {labels_hw.shape}, expected (H, W) uint8"
            )
        if frame_id <= self._last_frame_id:
            raise ValueError(
                f"frame {frame_id} after frame {self._last_frame_id}: label maps are written in "
                "increasing order of frame_id"
            )
        self._last_frame_id = frame_id
        height, width = labels_hw.shape
        self._rows.append(
            {
                "frame_id": frame_id,
                "height": height,
                "width": width,
                "label_png": encode_label_png(labels_hw),
            }
        )
        if len(self._rows) >= self._rows_per_group:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=LABELS))
            self._rows = []


def encode_label_png(labels_hw: LabelArray) -> bytes:
    """Lossless PNG of an (H, W) uint8 label map."""
    done, encoded = cv2.imencode(".png", labels_hw, [cv2.IMWRITE_PNG_COMPRESSION, 4])
    if not done:
        raise ValueError(f"a label map of shape {labels_hw.shape} cannot be encoded as PNG")
    return encoded.tobytes()


def decode_label_png(png: bytes) -> LabelArray:
    """(H, W) uint8 label map of a PNG that :func:`encode_label_png` made.

    Raises:
        ValueError: the bytes are no grey 8-bit PNG.
    """
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if image is None or image.ndim != 2 or image.dtype != np.uint8:
        raise ValueError(f"label_png ({len(png)} bytes) is no 8-bit grey PNG; rebuild label_maps")
    return np.asarray(image, np.uint8)


def write_labels_meta(meta: LabelsMeta, folder: Path) -> None:
    """Write ``labels.json``."""
    text = json.dumps(asdict(meta), indent=1, sort_keys=True)
    (folder / LABELS_META_FILE).write_text(text + "\n", encoding="utf-8")


def read_labels_meta(labels_dir: Path) -> LabelsMeta:
    """Read ``labels.json`` of a label_maps folder."""
    document = json.loads((labels_dir / LABELS_META_FILE).read_text(encoding="utf-8"))
    native = document.get("native_wh")
    return LabelsMeta(
        classes=tuple(document["classes"]),
        height=int(document["height"]),
        width=int(document["width"]),
        segmenter=str(document["segmenter"]),
        native_wh=(int(native[0]), int(native[1])) if native else None,
    )


def iterate_labels(
    labels_dir: Path, chosen: Callable[[int], bool] = lambda frame_id: True
) -> Iterator[LabelMap]:
    """Label maps of a day in the order of ``frame_id``, one row group in memory at a time.

    Args:
        labels_dir: folder of ``labels.parquet``.
        chosen: whether the map of a frame is wanted, asked after the map before was used.
    """
    with pq.ParquetFile(labels_dir / LABELS_FILE) as table:
        for group in range(table.num_row_groups):
            rows = table.read_row_group(group, columns=["frame_id", "label_png"])
            ids = rows["frame_id"].to_pylist()
            for frame_id, png in zip(ids, rows["label_png"], strict=True):
                if chosen(int(frame_id)):
                    yield LabelMap(frame_id=int(frame_id), labels_hw=decode_label_png(png.as_py()))


def write_faults(faults: Sequence[FootageFault], folder: Path) -> None:
    """Write ``faults.parquet``, sorted by file, then time, then reason."""
    ordered = sorted(
        faults,
        key=lambda f: (f.file, f.start_utc.isoformat() if f.start_utc else "", f.reason, f.detail),
    )
    table = pa.Table.from_pylist([asdict(fault) for fault in ordered], schema=FAULTS)
    pq.write_table(table, folder / FAULTS_FILE, compression="zstd")
