"""Channel counts of a camera-day by local hour: stored as sparse rows, added up, taken away again.

``a + b`` equals the counts of the frames of both, bit for bit, and ``-`` takes them away. So the
usual speed of any window, and of any hours of it, is a sum of stored counts.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camera_analysis.channels.channel_codes import CodeMap
from camera_analysis.channels.channel_counts import ChannelCounts
from camera_analysis.labelling.code_tables import (
    CodesMeta,
    codes_meta_of,
    iterate_codes,
    read_codes_meta,
)

CHANNELS_FILE = "channel_counts.parquet"
CHANNELS_META_FILE = "channel_counts.json"

#: One row per code that a place showed in an hour, in the order of the columns.
CHANNELS_BY_HOUR = pa.schema(
    [
        ("local_hour", pa.int8()),  # 0-23
        ("channel", pa.dictionary(pa.int8(), pa.string())),
        ("code", pa.uint8()),
        ("y", pa.int16()),  # place on the grid
        ("x", pa.int16()),
        ("n", pa.uint32()),  # frames
    ]
)


class HourlyChannels:
    """Counts of (hour, place, code) per channel; hours without frames are absent.

    Adding a frame changes the counts in place; ``+`` and ``-`` return new counts.

    Args:
        meta: grid, and what the codes mean.
    """

    def __init__(self, meta: CodesMeta) -> None:
        self.meta = meta
        self._hours: dict[int, ChannelCounts] = {}

    @property
    def frames_by_hour(self) -> Mapping[int, int]:
        """Local hour -> frames, ascending."""
        return {hour: self._hours[hour].frames for hour in sorted(self._hours)}

    @property
    def frames(self) -> int:
        """Number of frames counted."""
        return sum(counts.frames for counts in self._hours.values())

    def add(self, codes: Mapping[str, CodeMap], hour: int) -> None:
        """Count one frame.

        Args:
            codes: channel -> (h, w) codes.
            hour: local hour, 0-23.

        Raises:
            ValueError: no hour of a day, or codes that do not fit the grid or the channel.
        """
        if not 0 <= hour < 24:
            raise ValueError(f"local hour {hour} is not in 0-23")
        if hour not in self._hours:
            self._hours[hour] = self._empty()
        self._hours[hour].add(codes)

    def total(self) -> ChannelCounts:
        """Sum over the hours of the day."""
        total = self._empty()
        for counts in self._hours.values():
            total = total + counts
        return total

    def of_hours(self, hours: Collection[int] | None) -> HourlyChannels:
        """Counts of some local hours alone; None takes all."""
        picked = HourlyChannels(self.meta)
        picked._hours = {
            hour: counts for hour, counts in self._hours.items() if hours is None or hour in hours
        }
        return picked

    def __add__(self, other: HourlyChannels) -> HourlyChannels:
        """Counts of the frames of both.

        Raises:
            ValueError: places or codes mean different things.
        """
        return self._combined(other, 1)

    def __sub__(self, other: HourlyChannels) -> HourlyChannels:
        """Counts without the frames of ``other``, which must be among them.

        Raises:
            ValueError: ``other`` holds more than these counts do.
        """
        return self._combined(other, -1)

    def __eq__(self, other: object) -> bool:
        """Same meaning, frames and counts in every hour."""
        if not isinstance(other, HourlyChannels):
            return NotImplemented
        return self.meta == other.meta and self._hours == other._hours

    __hash__ = None  # type: ignore[assignment]  # counts change as frames are added

    def save(self, folder: Path) -> None:
        """Write ``channel_counts.parquet`` and ``.json``; equal counts give equal bytes."""
        tables = [
            _rows_of(hour, channel, self._hours[hour])
            for hour in sorted(self._hours)
            for channel in self.meta.grids
        ]
        table = pa.concat_tables([CHANNELS_BY_HOUR.empty_table(), *tables]).unify_dictionaries()
        pq.write_table(
            table,
            folder / CHANNELS_FILE,
            compression="zstd",
            compression_level=9,
            use_dictionary=[name for name in CHANNELS_BY_HOUR.names if name != "n"],
            column_encoding={"n": "DELTA_BINARY_PACKED"},  # neighbours count alike: a third less
        )
        told = self.meta.document() | {
            "frames": self.frames,
            "frames_by_hour": {str(hour): n for hour, n in self.frames_by_hour.items()},
        }
        text = json.dumps(told, indent=1, sort_keys=True)
        (folder / CHANNELS_META_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> HourlyChannels | None:
        """Read what :meth:`save` wrote; None for a day counted before there were channels."""
        path = folder / CHANNELS_META_FILE
        if not path.is_file():
            return None
        told = json.loads(path.read_text(encoding="utf-8"))
        frames = {int(hour): int(n) for hour, n in told.pop("frames_by_hour").items()}
        del told["frames"]
        counts = cls(codes_meta_of(told))
        table = pq.read_table(folder / CHANNELS_FILE)
        for hour, n in frames.items():
            of_hour = table.filter(pc.equal(table["local_hour"], hour))
            counts._hours[hour] = ChannelCounts.of_sparse(
                counts.meta.grids, n, dict(_sparse(of_hour, counts.meta.grids))
            )
        return counts

    def _empty(self) -> ChannelCounts:
        return ChannelCounts(self.meta.grids)

    def _combined(self, other: HourlyChannels, sign: int) -> HourlyChannels:
        if self.meta != other.meta:
            raise ValueError(
                f"channel counts of {self.meta} and of {other.meta} do not add; label and count "
                "the days again with one configuration"
            )
        result = HourlyChannels(self.meta)
        for hour in sorted(self._hours.keys() | other._hours.keys()):
            mine = self._hours.get(hour) or self._empty()
            theirs = other._hours.get(hour) or self._empty()
            counts = mine + theirs if sign > 0 else mine - theirs
            if counts.frames:
                result._hours[hour] = counts
        return result


def count_codes(labels_dir: Path, hours: Mapping[int, int]) -> HourlyChannels | None:
    """Count the codes of a camera-day; None for a day labelled before there were channels.

    Args:
        labels_dir: folder of ``codes.parquet``.
        hours: frame_id -> local hour, of the usable frames.
    """
    meta = read_codes_meta(labels_dir)
    if meta is None:
        return None
    counts = HourlyChannels(meta)
    for frame in iterate_codes(labels_dir, meta):
        counts.add(frame.codes, hours[frame.frame_id])
    return counts


def _rows_of(hour: int, channel: str, counts: ChannelCounts) -> pa.Table:
    by_code = np.ascontiguousarray(np.moveaxis(counts.of(channel), 2, 0))
    code, y, x = np.nonzero(by_code)
    values = {"local_hour": np.full(y.size, hour), "code": code, "y": y, "x": x}
    values["n"] = by_code[code, y, x]
    columns = {
        name: pa.array(column).cast(CHANNELS_BY_HOUR.field(name).type)
        for name, column in values.items()
    }
    names = pa.array(np.zeros(y.size, np.int8))
    columns["channel"] = pa.DictionaryArray.from_arrays(names, pa.array([channel]))
    arrays = [columns[name] for name in CHANNELS_BY_HOUR.names]
    return pa.Table.from_arrays(arrays, schema=CHANNELS_BY_HOUR)


def _sparse(table: pa.Table, channels: Iterable[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Channel -> (4, N) y, x, code, n."""
    names = pc.cast(table["channel"], pa.string())
    for channel in channels:
        part = table.filter(pc.equal(names, channel))
        yield channel, np.stack([np.asarray(part[c], np.int64) for c in ("y", "x", "code", "n")])
