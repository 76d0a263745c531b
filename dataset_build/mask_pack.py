"""All masks of a source in one file: written once, memory-mapped, exact.

``masks.pack`` is the blobs one after another, each zlib (level 1) over two bit planes, human then
ignore, each packed row by row, eight pixels a byte. ``masks.parquet`` says where each one lies.
"""

from __future__ import annotations

import hashlib
import mmap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.label_maps import HUMAN, IGNORE, NOT_HUMAN
from dataset_build.mask_files import human_mask
from dataset_build.mask_preview import PreviewTile, choose_samples, draw_preview
from dataset_build.readers import SourceFiles
from dataset_build.sources import SourceSpec, open_source, source_spec

PACK_FILE = "masks.pack"
INDEX_FILE = "masks.parquet"
PREVIEW_FILE = "preview.png"
#: Most pictures on the preview sheet.
PREVIEW_SAMPLES = 12
#: Rows read and written at a time.
ROW_GROUP = 1024

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

_READ_COLUMNS = ["sample_id", "source", "image_path", "mask_path", "mask_sha256", "reject_reason"]
_FAST = 1  # zlib level; higher ones gain little on bit planes


class MaskPackError(ValueError):
    """A pack is damaged, or its source changed since it was scanned."""


@dataclass(frozen=True, kw_only=True)
class PackSummary:
    """What was packed.

    Args:
        masks: masks in the pack, one per readable sample.
        pack_bytes: size of ``masks.pack``.
        mask_bytes: size of the same masks as raw uint8.
        preview: the picture, or None where there was no mask to show.
    """

    masks: int
    pack_bytes: int
    mask_bytes: int
    pack: Path
    index: Path
    preview: Path | None


@dataclass(frozen=True, kw_only=True)
class _IndexRow:
    sample_id: str
    offset: int
    length: int
    height: int
    width: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class _Readable:
    sample_id: str
    source: str
    image_path: str
    mask_path: str
    mask_sha256: str


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


def pack_masks(
    samples: Path,
    root: Path,
    out: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> PackSummary:
    """Binarize and pack the mask of every readable sample of one source.

    Args:
        samples: ``samples.parquet`` of the source's scan.
        root: the folder it was scanned from.
        out: an existing folder; receives masks.pack, masks.parquet and preview.png.
        progress: called with samples done and samples in all.

    Raises:
        MaskPackError: a mask changed since the scan, or the table holds several sources.
        SourceLayoutError: the source is no longer there.
    """
    table = pq.ParquetFile(samples)
    total = table.metadata.num_rows
    shown = choose_samples(samples, limit=PREVIEW_SAMPLES)
    tiles: list[PreviewTile] = []
    masks = mask_bytes = done = offset = 0
    source: _Source | None = None
    with (
        (out / PACK_FILE).open("wb") as pack,
        pq.ParquetWriter(out / INDEX_FILE, MASK_INDEX, compression="zstd") as index,
    ):
        for rows, seen in _readable(table):
            written: list[_IndexRow] = []
            for row in rows:
                source = source or _Source.open(row.source, root)
                mask = source.mask(row)
                blob = pack_mask(mask)
                pack.write(blob)
                written.append(_index_row(row.sample_id, offset, len(blob), mask))
                offset += len(blob)
                mask_bytes += mask.size
                if row.sample_id in shown:
                    tiles.append(PreviewTile.load(row.sample_id, root / row.image_path, mask))
            index.write_table(pa.Table.from_pylist([asdict(w) for w in written], MASK_INDEX))
            masks += len(written)
            done += seen
            if progress:
                progress(done, total)
    preview = draw_preview(tiles, out / PREVIEW_FILE) if tiles else None
    return PackSummary(
        masks=masks,
        pack_bytes=offset,
        mask_bytes=mask_bytes,
        pack=out / PACK_FILE,
        index=out / INDEX_FILE,
        preview=preview,
    )


class MaskPack:
    """Masks by sample id, from a folder written by :func:`pack_masks`.

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


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A source opened for its masks."""

    spec: SourceSpec
    root: Path
    files: SourceFiles

    @classmethod
    def open(cls, name: str, root: Path) -> _Source:
        spec = source_spec(name)
        return cls(spec=spec, root=root, files=open_source(spec, root))

    def mask(self, row: _Readable) -> npt.NDArray[np.uint8]:
        if row.source != self.spec.name:
            raise MaskPackError(f"{row.sample_id}: source {row.source}, not {self.spec.name}")
        data = (self.root / row.mask_path).read_bytes()
        if hashlib.sha256(data).hexdigest() != row.mask_sha256:
            raise MaskPackError(
                f"{row.sample_id}: {row.mask_path} changed since the scan; scan the source again"
            )
        key = row.sample_id.removeprefix(f"{row.source}/")
        return human_mask(data, key, self.files.decoder, self.spec.labels)


def _readable(table: pq.ParquetFile) -> Iterator[tuple[list[_Readable], int]]:
    """Readable rows of each batch, with the number of all rows in it."""
    for batch in table.iter_batches(batch_size=ROW_GROUP, columns=_READ_COLUMNS):
        rows = batch.to_pylist()
        kept = [
            _Readable(**{name: row[name] for name in _READ_COLUMNS[:-1]})
            for row in rows
            if not row["reject_reason"]
        ]
        yield kept, len(rows)


def _index_row(
    sample_id: str, offset: int, length: int, mask_hw: npt.NDArray[np.uint8]
) -> _IndexRow:
    height, width = mask_hw.shape
    return _IndexRow(
        sample_id=sample_id,
        offset=offset,
        length=length,
        height=height,
        width=width,
        sha256=hashlib.sha256(mask_hw.tobytes()).hexdigest(),
    )
