"""The channel codes of a camera-day's frames as a table, readable by any Parquet reader.

Only places where something moves or stays are listed; a frame in which nothing does has empty
lists. No pixel is stored, unless the camera asks for tones: they are a mosaic of the frame.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.channels.channel_codes import (
    ABSENT,
    DIRECTION,
    MOTION,
    SIZE,
    SPEED,
    STAY,
    TONE,
    CodeConfig,
    CodeMap,
)
from camera_analysis.labelling.labels import ROWS_PER_GROUP, RowGroups

CODES_FILE = "codes.parquet"
CODES_META_FILE = "codes.json"

#: How the frames of a camera-day become codes. Places of 8 working pixels, a small person's width:
#: with 4, the counts of a busy day would take three times the room.
DAY_CODES = CodeConfig(grid_px=8, tone_places=45)
#: The channels of every camera-day, read off what moves.
DAY_CHANNELS = (SPEED, DIRECTION, SIZE, STAY)

#: One row per label map. The lists are of one length; 255 where a channel says nothing.
CODES = pa.schema(
    [
        ("frame_id", pa.int32()),
        ("paired", pa.bool_()),  # a frame stood beside it; without one, nothing is known of motion
        ("place", pa.list_(pa.uint16())),  # y * grid width + x
        *((channel, pa.list_(pa.uint8())) for channel in DAY_CHANNELS),
    ]
)
#: Where tones are kept, beside those: one byte a place, row by row of the grid of tones.
TONES = pa.field(TONE, pa.binary())


@dataclass(frozen=True, kw_only=True)
class CodesMeta:
    """What ``codes.json`` says, so that codes and places can be read without us.

    A code c of speed, size or stay means ``least * 2 ** (c / per_octave)`` and more; a direction
    is the sector of 45 degrees around c * 45 degrees, from along x towards y (down). A tone c is a
    grey level of 4 c to 4 c + 3, after the frame was brought to a common light.

    Args:
        grid: (h, w) places.
        cell_px: side of a place in label-map pixels, along x and y.
        speed_px: label-map pixels a second of speed code 0.
        size_px: label-map pixels of size code 0, square root of an area.
        stay_s: seconds of stay code 0.
        per_octave: channel -> codes per doubling.
        tone_grid: (h, w) places of tones; None where none are kept.
    """

    grid: tuple[int, int]
    cell_px: tuple[float, float]
    speed_px: float
    size_px: float
    stay_s: float
    per_octave: Mapping[str, int]
    tone_grid: tuple[int, int] | None = None

    @property
    def grids(self) -> dict[str, tuple[int, int]]:
        """Channel -> (h, w) places, of all channels that have codes."""
        tones = {TONE: self.tone_grid} if self.tone_grid else {}
        return dict.fromkeys(DAY_CHANNELS, self.grid) | tones

    def document(self) -> dict[str, Any]:
        """Its fields for a JSON document; those of tones where there are any."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class CodedFrame:
    """Codes of one frame: channel -> (h, w) uint8, 255 where there is nothing to read."""

    frame_id: int
    paired: bool
    codes: dict[str, CodeMap]


class CodeWriter(RowGroups):
    """Appends rows to ``codes.parquet``; memory is bounded by one row group.

    Args:
        folder: existing directory.
        tones: frames have tones, which are kept.
        rows_per_group: frames of one row group.
    """

    def __init__(
        self, folder: Path, *, tones: bool = False, rows_per_group: int = 8 * ROWS_PER_GROUP
    ) -> None:
        self._schema = pa.schema([*CODES, TONES]) if tones else CODES
        super().__init__(folder / CODES_FILE, self._schema)
        self._tones = tones
        self._rows: list[CodedFrame] = []
        self._places: list[np.ndarray[tuple[int], np.dtype[np.intp]]] = []
        self._rows_per_group = rows_per_group

    def add(self, frame: CodedFrame) -> None:
        """Append one frame."""
        seen = np.stack([frame.codes[channel].ravel() != ABSENT for channel in DAY_CHANNELS])
        places = np.flatnonzero(seen.any(axis=0))
        kept = {c: frame.codes[c].ravel()[places] for c in DAY_CHANNELS}
        if self._tones:
            kept[TONE] = frame.codes[TONE]
        self._rows.append(replace(frame, codes=kept))
        self._places.append(places)
        if len(self._rows) >= self._rows_per_group:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        ends = np.cumsum([0, *(len(places) for places in self._places)])
        offsets = pa.array(ends.astype(np.int32))
        columns = [
            pa.array([row.frame_id for row in self._rows], pa.int32()),
            pa.array([row.paired for row in self._rows]),
            pa.ListArray.from_arrays(
                offsets, pa.array(np.concatenate(self._places).astype(np.uint16))
            ),
            *(
                pa.ListArray.from_arrays(
                    offsets, pa.array(np.concatenate([row.codes[c] for row in self._rows]))
                )
                for c in DAY_CHANNELS
            ),
        ]
        if self._tones:
            columns.append(pa.array([row.codes[TONE].tobytes() for row in self._rows], pa.binary()))
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._rows, self._places = [], []


def write_codes_meta(meta: CodesMeta, folder: Path) -> None:
    """Write ``codes.json``."""
    text = json.dumps(meta.document(), indent=1, sort_keys=True)
    (folder / CODES_META_FILE).write_text(text + "\n", encoding="utf-8")


def read_codes_meta(folder: Path) -> CodesMeta | None:
    """Read ``codes.json``; None for a day labelled before there were channels."""
    path = folder / CODES_META_FILE
    if not path.is_file():
        return None
    return codes_meta_of(json.loads(path.read_text(encoding="utf-8")))


def codes_meta_of(told: Mapping[str, Any]) -> CodesMeta:
    """The meta of a JSON document that holds its fields."""
    pairs = {n: tuple(told[n]) for n in ("grid", "cell_px", "tone_grid") if n in told}
    return CodesMeta(**{**told, **pairs})


def iterate_codes(
    labels_dir: Path, meta: CodesMeta, chosen: Callable[[int], bool] = lambda position: True
) -> Iterator[CodedFrame]:
    """Codes of a day's frames in order, one row group in memory at a time.

    Args:
        labels_dir: folder of ``codes.parquet``.
        meta: of the same folder.
        chosen: whether the frame at a position, counted from 0, is wanted.
    """
    with pq.ParquetFile(labels_dir / CODES_FILE) as file:
        first = 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            wanted = [row for row in range(rows) if chosen(first + row)]
            first += rows
            if wanted:
                yield from _frames_of(file.read_row_group(group), wanted, meta)


def _frames_of(table: pa.Table, wanted: Sequence[int], meta: CodesMeta) -> Iterator[CodedFrame]:
    lists = {name: table[name].combine_chunks() for name in ("place", *DAY_CHANNELS)}
    flat = {name: np.asarray(column.flatten()) for name, column in lists.items()}
    ends = np.concatenate([[0], np.cumsum(np.asarray(lists["place"].value_lengths()))])
    ids, paired = table["frame_id"].to_pylist(), table["paired"].to_pylist()
    tones = table[TONE].combine_chunks() if meta.tone_grid else None
    for row in wanted:
        part = slice(int(ends[row]), int(ends[row + 1]))
        codes = {}
        for channel in DAY_CHANNELS:
            dense = np.full(meta.grid[0] * meta.grid[1], ABSENT, np.uint8)
            dense[flat["place"][part]] = flat[channel][part]
            codes[channel] = dense.reshape(meta.grid)
        if tones is not None and meta.tone_grid:
            flat_tone = np.frombuffer(tones[row].as_buffer(), np.uint8)
            codes[TONE] = flat_tone.reshape(meta.tone_grid)
        yield CodedFrame(ids[row], paired[row], codes)


def motionless(grid: tuple[int, int]) -> dict[str, CodeMap]:
    """Codes of a frame of whose motion nothing is known."""
    return {channel: np.full(grid, ABSENT, np.uint8) for channel in MOTION}
