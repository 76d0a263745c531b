"""How often each pixel was each class, per local hour: the statistic that adds up.

Counts of two sets of frames add to the counts of both, exactly, and subtract again. So any window
(a day, a week, everything but one block) is a sum of stored counts, never a second look at the
label maps.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from camera_analysis.normal.count_tables import (
    COUNTS_BY_HOUR,
    COUNTS_FILE,
    CountArray,
    plane_of,
    plane_table,
)

LabelArray = npt.NDArray[np.uint8]

COUNTS_META_FILE = "counts.json"

#: Frames an 8-bit accumulator holds before it must be emptied into the 32-bit counts.
FLUSH_AFTER = 255
HOURS_PER_DAY = 24


class ClassCounts:
    """Counts of (hour, class) per pixel; every pixel of an hour sums to the hour's frames.

    Adding a frame changes the counts in place; ``+`` and ``-`` return new counts. Only the planes
    that hold a count take memory, so hours without frames and classes never seen are absent.

    Args:
        height: rows of the label maps; 0 together with width for a day without frames.
        width: columns of the label maps.
        classes: class names; the position is the class id.
        segmenter: version of what labelled the frames; "" where that is not known.

    Raises:
        ValueError: negative size, or no classes, or more than a uint8 label can name.
    """

    def __init__(
        self, height: int, width: int, classes: tuple[str, ...], *, segmenter: str = ""
    ) -> None:
        if height < 0 or width < 0 or not 1 <= len(classes) <= 256:
            raise ValueError(
                f"counts of {height} x {width} pixels and {len(classes)} classes cannot be kept; "
                "expected sizes >= 0 and 1 to 256 classes"
            )
        self.height = height
        self.width = width
        self.classes = classes
        self.segmenter = segmenter
        self._planes: dict[tuple[int, int], CountArray] = {}
        self._frames: dict[int, int] = {}
        self._pending: dict[int, LabelArray] = {}  # class -> counts of the running hour, uint8
        self._pending_hour = 0
        self._pending_frames = 0

    @property
    def frames(self) -> int:
        """Number of frames counted."""
        return sum(self._frames.values())

    @property
    def frames_by_hour(self) -> Mapping[int, int]:
        """Local hour -> frames, ascending; hours without frames are absent."""
        return dict(sorted(self._frames.items()))

    def add(self, labels_hw: LabelArray, hour: int) -> None:
        """Count one label map.

        Args:
            labels_hw: (H, W) uint8 class ids.
            hour: local hour, 0-23.

        Raises:
            ValueError: another size, an id without a class, or no hour of a day.
        """
        self._require_label_map(labels_hw, hour)
        if hour != self._pending_hour or self._pending_frames == FLUSH_AFTER:
            self._flush()
            self._pending_hour = hour
        for class_id in self._present(labels_hw):
            plane = self._pending.get(class_id)
            if plane is None:
                plane = np.zeros((self.height, self.width), np.uint8)
                self._pending[class_id] = plane
            # Of two classes, a label is its own comparison.
            plane += labels_hw if len(self.classes) == 2 else (labels_hw == class_id).view(np.uint8)
        self._pending_frames += 1
        self._frames[hour] = self._frames.get(hour, 0) + 1

    def hour(self, hour: int) -> CountArray:
        """(K, H, W) counts of one local hour; zeros for an hour without frames."""
        self._flush()
        total = np.zeros((len(self.classes), self.height, self.width), np.uint32)
        for (plane_hour, class_id), plane in self._planes.items():
            if plane_hour == hour:
                total[class_id] = plane
        return total

    def total(self) -> CountArray:
        """(K, H, W) counts of all hours."""
        self._flush()
        total = np.zeros((len(self.classes), self.height, self.width), np.uint32)
        for (_, class_id), plane in self._planes.items():
            total[class_id] += plane
        return total

    def of_hours(self, hours: Collection[int] | None) -> ClassCounts:
        """Counts of some local hours alone; None takes all."""
        self._flush()
        picked = ClassCounts(self.height, self.width, self.classes, segmenter=self.segmenter)
        wanted = set(self._frames if hours is None else hours)
        picked._planes = {
            key: plane.copy() for key, plane in self._planes.items() if key[0] in wanted
        }
        picked._frames = {hour: n for hour, n in self._frames.items() if hour in wanted}
        return picked

    def __add__(self, other: ClassCounts) -> ClassCounts:
        """Counts of the frames of both."""
        return self._combine(other, 1)

    def __sub__(self, other: ClassCounts) -> ClassCounts:
        """Counts without the frames of ``other``, which must be among them.

        Raises:
            ValueError: ``other`` holds a frame or a count that these counts do not.
        """
        return self._combine(other, -1)

    def __eq__(self, other: object) -> bool:
        """Same size, classes, segmenter, frames per hour and counts."""
        if not isinstance(other, ClassCounts):
            return NotImplemented
        self._flush()
        other._flush()
        return (
            self._grid() == other._grid()
            and self._frames == other._frames
            and self._planes.keys() == other._planes.keys()
            and all(
                np.array_equal(plane, other._planes[key]) for key, plane in self._planes.items()
            )
        )

    __hash__ = None  # type: ignore[assignment]  # counts change as frames are added

    def save(self, folder: Path) -> None:
        """Write ``counts.parquet`` and ``counts.json``; equal counts give equal bytes."""
        self._flush()
        with pq.ParquetWriter(
            folder / COUNTS_FILE, COUNTS_BY_HOUR, compression="zstd", compression_level=9
        ) as writer:
            for hour, class_id in sorted(key for key in self._planes if key[1]):
                keys = {"local_hour": hour, "class_id": class_id}
                writer.write_table(plane_table(self._planes[hour, class_id], keys, COUNTS_BY_HOUR))
        meta = {
            "height": self.height,
            "width": self.width,
            "classes": list(self.classes),
            "segmenter": self.segmenter,
            "frames": self.frames,
            "frames_by_hour": {str(hour): n for hour, n in self.frames_by_hour.items()},
        }
        text = json.dumps(meta, indent=1, sort_keys=True)
        (folder / COUNTS_META_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ClassCounts:
        """Read what :meth:`save` wrote.

        Raises:
            ValueError: the planes do not fit the size or exceed the frames of their hour.
        """
        meta = json.loads((folder / COUNTS_META_FILE).read_text(encoding="utf-8"))
        counts = cls(
            int(meta["height"]),
            int(meta["width"]),
            tuple(meta["classes"]),
            segmenter=str(meta.get("segmenter", "")),
        )
        counts._frames = {int(hour): int(n) for hour, n in meta["frames_by_hour"].items()}
        with pq.ParquetFile(folder / COUNTS_FILE) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                key = (table["local_hour"][0].as_py(), table["class_id"][0].as_py())
                counts._planes[key] = plane_of(table, counts.height, counts.width, folder.name)
        counts._complete(folder.name)
        return counts

    def _grid(self) -> tuple[object, ...]:
        return (self.height, self.width, self.classes, self.segmenter)

    def _require_label_map(self, labels_hw: LabelArray, hour: int) -> None:
        if labels_hw.dtype != np.uint8 or labels_hw.shape != (self.height, self.width):
            raise ValueError(
                f"label map is {labels_hw.dtype} {labels_hw.shape}, expected uint8 "
                f"({self.height}, {self.width}); frames of another size need counts of their own"
            )
        if not 0 <= hour < HOURS_PER_DAY:
            raise ValueError(f"local hour {hour} is not in 0-23")
        if labels_hw.size and int(labels_hw.max()) >= len(self.classes):
            raise ValueError(
                f"label {int(labels_hw.max())} has no class among {list(self.classes)}; "
                "state all class names when counting"
            )

    def _present(self, labels_hw: LabelArray) -> Iterator[int]:
        """Class ids worth comparing: few classes are all tried, many are looked up first.

        Class 0 is left out: it is what the others leave of the frames.
        """
        if len(self.classes) <= 4:
            yield from range(1, len(self.classes))
        else:
            yield from (np.flatnonzero(np.bincount(labels_hw.ravel())[1:]) + 1).tolist()

    def _flush(self) -> None:
        if self._pending_frames:
            rest = np.full((self.height, self.width), self._pending_frames, np.uint8)
            for pending in self._pending.values():
                rest -= pending
            self._pending[0] = rest
        for class_id, pending in self._pending.items():
            key = (self._pending_hour, class_id)
            if key in self._planes:
                self._planes[key] += pending
            elif pending.any():
                self._planes[key] = pending.astype(np.uint32)
        self._pending = {}
        self._pending_frames = 0

    def _combine(self, other: ClassCounts, sign: int) -> ClassCounts:
        self._flush()
        other._flush()
        require_same_grid(self, other)
        result = ClassCounts(self.height, self.width, self.classes, segmenter=self.segmenter)
        zero = np.zeros((self.height, self.width), np.int64)
        for key in self._planes.keys() | other._planes.keys():
            plane = self._planes.get(key, zero) + sign * other._planes.get(key, zero).astype(int)
            if (plane < 0).any():
                raise ValueError(
                    f"hour {key[0]}, class {key[1]}: more would be taken than is there"
                )
            if plane.any():
                result._planes[key] = plane.astype(np.uint32)
        for hour in self._frames.keys() | other._frames.keys():
            frames = self._frames.get(hour, 0) + sign * other._frames.get(hour, 0)
            if frames < 0:
                raise ValueError(
                    f"hour {hour}: {-frames} more frames would be taken than are there"
                )
            if frames:
                result._frames[hour] = frames
        return result

    def _complete(self, name: str) -> None:
        """Class 0 is what the others leave of an hour's frames.

        Raises:
            ValueError: they leave less than nothing, or belong to an hour without frames.
        """
        self._planes = {key: plane for key, plane in self._planes.items() if key[1]}
        wrong = {hour for hour, _ in self._planes if hour not in self._frames}
        for hour, frames in self._frames.items():
            rest = np.full((self.height, self.width), frames, np.int64)
            for (of_hour, _), plane in self._planes.items():
                if of_hour == hour:
                    rest -= plane
            if (rest < 0).any():
                wrong.add(hour)
            elif rest.any():
                self._planes[hour, 0] = rest.astype(np.uint32)
        if wrong:
            raise ValueError(
                f"{name}: the counts of hours {sorted(wrong)} exceed the frames of the hour; "
                "count the day again"
            )


def shares_by_hour(counts: ClassCounts) -> dict[int, npt.NDArray[np.float64]]:
    """Local hour -> (K,) shares of the hour's pixels that were each class; they sum to 1."""
    shares = {}
    for hour, frames in counts.frames_by_hour.items():
        pixels = counts.hour(hour).sum(axis=(1, 2), dtype=np.float64)
        shares[hour] = pixels / (frames * counts.height * counts.width)
    return shares


def require_same_grid(one: ClassCounts, other: ClassCounts) -> None:
    """Refuse to combine counts of different sizes, classes or segmenters.

    Raises:
        ValueError: with both sizes, both lists of classes, or both segmenters.
    """
    if (one.height, one.width) != (other.height, other.width):
        raise ValueError(
            f"counts of {one.width} x {one.height} and of {other.width} x {other.height} pixels do "
            "not add; the camera's resolution changed"
        )
    if one.classes != other.classes:
        raise ValueError(
            f"counts of classes {list(one.classes)} and {list(other.classes)} do not add; "
            "the segmenter changed"
        )
    if one.segmenter != other.segmenter:
        raise ValueError(
            f"counts of segmenters {one.segmenter!r} and {other.segmenter!r} do not add: their "
            "labels mean different things; label and count the days again by one of them"
        )


def counted_by(folder: Path) -> str:
    """Version of the segmenter behind stored counts; "" where they do not say."""
    meta = json.loads((folder / COUNTS_META_FILE).read_text(encoding="utf-8"))
    return str(meta.get("segmenter", ""))
