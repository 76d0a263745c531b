"""All masks of a source in one file: written once, memory-mapped, exact.

``masks.pack`` is the blobs one after another, each zlib (level 1) over two bit planes, human then
ignore, each packed row by row, eight pixels a byte. ``masks.parquet`` says where each one lies.
"""

from __future__ import annotations

import hashlib
import mmap
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN

PACK_FILE = "masks.pack"
INDEX_FILE = "masks.parquet"

#: Where each mask of a pack lies; sha256 is of the raw (H, W) uint8 bytes.
MASK_INDEX = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
    ]
)

_FAST = 1  # zlib level; higher ones gain little on bit planes
_COPIED_AT_ONCE = 8 << 20  # bytes of another pack held in memory


class MaskPackError(ValueError):
    """A pack is damaged."""


@dataclass(frozen=True, kw_only=True)
class PackedMask:
    """One mask as it lies in a pack.

    Args:
        blob: what ``pack_mask`` makes of it.
        sha256: of the raw (H, W) uint8 bytes.
    """

    blob: bytes
    height: int
    width: int
    sha256: str

    @classmethod
    def of(cls, mask_hw: npt.NDArray[np.uint8]) -> PackedMask:
        """Pack a mask of NOT_HUMAN, HUMAN and IGNORE; ValueError for any other value."""
        height, width = mask_hw.shape
        digest = hashlib.sha256(np.ascontiguousarray(mask_hw).data).hexdigest()
        return cls(blob=pack_mask(mask_hw), height=height, width=width, sha256=digest)


@dataclass(frozen=True, kw_only=True)
class PackSummary:
    """What was packed.

    Args:
        masks: masks in the pack, one per readable sample.
        pack_bytes: size of ``masks.pack``.
        mask_bytes: size of the same masks as raw uint8.
    """

    masks: int
    pack_bytes: int
    mask_bytes: int
    pack: Path
    index: Path


def pack_mask(mask_hw: npt.NDArray[np.uint8]) -> bytes:
    """A human mask -> its blob.

    Args:
        mask_hw: (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.

    Raises:
        ValueError: any other value, which the two bit planes could not hold.
    """
    human = mask_hw == HUMAN
    ignore = mask_hw == IGNORE
    if np.count_nonzero(mask_hw) != np.count_nonzero(human) + np.count_nonzero(ignore):
        raise ValueError(
            f"mask values {np.unique(mask_hw)[:8].tolist()}; expected only"
            f" {NOT_HUMAN}, {HUMAN} and {IGNORE}: binarize the mask first"
        )
    return zlib.compress(np.packbits(human).tobytes() + np.packbits(ignore).tobytes(), _FAST)


def unpack_mask(blob: bytes, height: int, width: int) -> npt.NDArray[np.uint8]:
    """The inverse of :func:`pack_mask`.

    Returns:
        (height, width) uint8, writable.

    Raises:
        MaskPackError: the blob is damaged or of another size.
    """
    pixels = height * width
    plane_bytes = (pixels + 7) // 8
    try:
        planes = zlib.decompress(blob, bufsize=2 * plane_bytes or 1)
    except zlib.error as error:
        raise MaskPackError(f"damaged blob: {error}") from error
    if len(planes) != 2 * plane_bytes:
        raise MaskPackError(
            f"blob of {len(planes)} bytes; {height} x {width} px need {2 * plane_bytes}"
        )
    packed = np.frombuffer(planes, dtype=np.uint8)
    mask = np.unpackbits(packed[:plane_bytes], count=pixels)  # HUMAN is 1, as is its bit
    mask[np.unpackbits(packed[plane_bytes:], count=pixels).view(np.bool_)] = IGNORE
    return mask.reshape(height, width)


class PackWriter:
    """Writes a pack mask by mask, in the order of their samples; use it in a ``with`` block.

    Args:
        folder: an existing folder; receives masks.pack and masks.parquet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fresh: list[dict[str, object]] = []
        self._pieces: list[pa.Table] = []
        self._masks = self._written_bytes = self._indexed_bytes = self._mask_bytes = 0

    def __enter__(self) -> PackWriter:
        self._pack: IO[bytes] = (self._folder / PACK_FILE).open("wb")
        self._index = pq.ParquetWriter(self._folder / INDEX_FILE, MASK_INDEX, compression="zstd")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.end_group()
        finally:
            self._pack.close()
            self._index.close()

    def add(self, sample_id: str, mask: PackedMask) -> None:
        """Append one mask."""
        self._pack.write(mask.blob)
        self._written_bytes += len(mask.blob)
        self._fresh.append(
            {
                "sample_id": sample_id,
                "offset": 0,  # known at the end of the group
                "length": len(mask.blob),
                "height": mask.height,
                "width": mask.width,
                "sha256": mask.sha256,
            }
        )

    def copy(self, index: pa.Table, pack: Path) -> None:
        """Append masks of another pack that follow each other there, without decoding them.

        Args:
            index: their rows of that pack's ``masks.parquet``.
            pack: its ``masks.pack``.

        Raises:
            MaskPackError: the other pack is shorter than its index says.
        """
        if not index.num_rows:
            return
        self._end_fresh()
        self._pieces.append(index)
        left = pc.sum(index["length"]).as_py()
        self._written_bytes += left
        with pack.open("rb") as source:
            source.seek(index["offset"][0].as_py())
            while left:
                piece = source.read(min(left, _COPIED_AT_ONCE))
                if not piece:
                    raise MaskPackError(f"{pack}: ends {left} bytes early; pack the source again")
                self._pack.write(piece)
                left -= len(piece)

    def end_group(self) -> None:
        """Write the index of what was appended since the last call as one row group."""
        self._end_fresh()
        if not self._pieces:
            return
        group = pa.concat_tables(self._pieces).combine_chunks()
        self._pieces.clear()
        ends = np.cumsum(group["length"].to_numpy()) + self._indexed_bytes
        offsets = pa.array(ends - group["length"].to_numpy(), pa.int64())
        group = group.set_column(1, MASK_INDEX.field("offset"), offsets)
        self._index.write_table(group)
        self._indexed_bytes = self._written_bytes
        self._masks += group.num_rows
        sizes = group["height"].to_numpy().astype(np.int64) * group["width"].to_numpy()
        self._mask_bytes += int(sizes.sum())

    def summary(self) -> PackSummary:
        """Totals of what was written up to the last ``end_group``."""
        return PackSummary(
            masks=self._masks,
            pack_bytes=self._written_bytes,
            mask_bytes=self._mask_bytes,
            pack=self._folder / PACK_FILE,
            index=self._folder / INDEX_FILE,
        )

    def _end_fresh(self) -> None:
        if self._fresh:
            self._pieces.append(pa.Table.from_pylist(self._fresh, MASK_INDEX))
            self._fresh = []


class MaskPack:
    """Masks by sample id, from a folder that a :class:`PackWriter` wrote.

    The pack is memory-mapped on first use; a pickled copy opens the file again.

    Raises:
        FileNotFoundError: the folder holds no pack.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        index = pq.read_table(folder / INDEX_FILE, schema=MASK_INDEX)
        self.sample_ids: tuple[str, ...] = tuple(index["sample_id"].to_pylist())
        self._rows = {sample_id: row for row, sample_id in enumerate(self.sample_ids)}
        self._offset = index["offset"].to_numpy()
        self._length = index["length"].to_numpy()
        self._height = index["height"].to_numpy()
        self._width = index["width"].to_numpy()
        self._bytes: mmap.mmap | None = None

    def read(self, sample_id: str) -> npt.NDArray[np.uint8]:
        """The mask of a sample, (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.

        Raises:
            KeyError: the pack holds no such sample.
            MaskPackError: the pack is damaged or shorter than its index says.
        """
        if sample_id not in self._rows:
            raise KeyError(f"{sample_id}: not among the {len(self)} masks of {self._folder}")
        row = self._rows[sample_id]
        start = int(self._offset[row])
        blob = self._mapped()[start : start + int(self._length[row])]
        try:
            return unpack_mask(blob, int(self._height[row]), int(self._width[row]))
        except MaskPackError as error:
            raise MaskPackError(
                f"{self._folder / PACK_FILE}: {sample_id}: {error}; pack the source again"
            ) from error

    def __len__(self) -> int:
        return len(self.sample_ids)

    def __contains__(self, sample_id: object) -> bool:
        return sample_id in self._rows

    def __reduce__(self) -> tuple[type[MaskPack], tuple[Path]]:
        return MaskPack, (self._folder,)

    def _mapped(self) -> mmap.mmap:
        if self._bytes is None:
            with (self._folder / PACK_FILE).open("rb") as pack:
                self._bytes = mmap.mmap(pack.fileno(), 0, access=mmap.ACCESS_READ)
        return self._bytes
