"""One pass over a source: one row per image, readable or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.config import DatasetConfig
from dataset_build.faults import RejectReason, SampleFault, Side, undecodable
from dataset_build.image_files import (
    LoadedFile,
    decode_luma,
    load_file,
    read_header,
    require_size,
)
from dataset_build.mask_files import human_mask
from dataset_build.quality import MEASURED_WIDTH_PX, THUMBNAIL_BYTES, measure_image, measure_mask
from dataset_build.readers import SampleFiles, SourceFiles
from dataset_build.sources import SourceSpec, open_source, source_spec

SAMPLES_FILE = "samples.parquet"
#: Rows per row group: the most that are held in memory.
ROW_GROUP = 1024

#: One row per image of a source; measurements are null where the sample was rejected.
SAMPLES = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("official_split", pa.string(), nullable=False),
        pa.field("image_path", pa.string(), nullable=False),
        pa.field("mask_path", pa.string(), nullable=False),
        pa.field("image_bytes", pa.int64(), nullable=False),
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("mask_sha256", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("human_share", pa.float64()),
        pa.field("ignore_share", pa.float64()),
        pa.field("human_px", pa.int64()),
        pa.field("human_regions", pa.int32()),
        pa.field("tallest_region_share", pa.float64()),
        pa.field("border_touch_share", pa.float64()),
        pa.field("person_regions", pa.int32()),
        pa.field("largest_person_share", pa.float64()),
        pa.field("headroom_share", pa.float64()),
        pa.field("cut_share", pa.float64()),
        pa.field("head_cut_share", pa.float64()),
        pa.field("ground_agreement", pa.float64()),
        pa.field("surveillance_score", pa.float64()),
        pa.field("luma_mean", pa.float64()),
        pa.field("luma_std", pa.float64()),
        pa.field("sharpness", pa.float64()),
        pa.field("entropy_bits", pa.float64()),
        pa.field("phash", pa.int64()),
        pa.field("thumbnail", pa.binary(THUMBNAIL_BYTES)),
        pa.field("reject_reason", pa.string(), nullable=False),
        pa.field("reject_detail", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    """One row of ``SAMPLES``; shares are fractions in [0, 1], measurements None for rejects."""

    sample_id: str
    source: str
    official_split: str
    image_path: str
    mask_path: str
    image_bytes: int
    image_sha256: str
    mask_sha256: str
    licence: str
    width: int
    height: int
    human_share: float | None = None
    ignore_share: float | None = None
    human_px: int | None = None
    human_regions: int | None = None
    tallest_region_share: float | None = None
    border_touch_share: float | None = None
    person_regions: int | None = None
    largest_person_share: float | None = None
    headroom_share: float | None = None
    cut_share: float | None = None
    head_cut_share: float | None = None
    ground_agreement: float | None = None
    surveillance_score: float | None = None
    luma_mean: float | None = None
    luma_std: float | None = None
    sharpness: float | None = None
    entropy_bits: float | None = None
    phash: int | None = None
    thumbnail: bytes | None = None
    reject_reason: str = ""
    reject_detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ScanSummary:
    """What a scan found: samples = readable + the sum of ``rejects``.

    Args:
        rejects: reason code -> samples.
        official_splits: split -> samples found; compare with the source's official counts.
        strays: files in the source's folders that are neither image nor mask.
        table: the Parquet file written.
    """

    source: str
    samples: int
    readable: int
    with_humans: int
    rejects: Mapping[str, int]
    official_splits: Mapping[str, int]
    strays: tuple[str, ...]
    table: Path


def scan_source(
    source: str,
    root: Path,
    out: Path,
    *,
    config: DatasetConfig,
    progress: Callable[[int, int], None] | None = None,
) -> ScanSummary:
    """Read every image and mask of a source once and write ``samples.parquet``.

    Memory does not grow with the number of pixels read: rows leave in groups of ``ROW_GROUP``.

    Args:
        source: a name in ``SOURCES``.
        root: the folder that holds the source in its published layout.
        out: an existing folder.
        config: limits and number of threads; the result does not depend on the threads.
        progress: called with samples done and samples in all.

    Raises:
        SourceLayoutError: the folder is missing, empty or laid out differently.
    """
    spec = source_spec(source)
    files = open_source(spec, root)
    scanner = _Scanner(spec=spec, root=root, files=files, config=config)
    tally: Counter[str] = Counter()
    table = out / SAMPLES_FILE
    with (
        pq.ParquetWriter(table, SAMPLES, compression="zstd") as writer,
        ThreadPoolExecutor(max_workers=config.workers) as pool,
    ):
        for done, rows in _groups(files.samples, lambda part: pool.map(scanner.row, part)):
            writer.write_table(pa.Table.from_pylist([asdict(row) for row in rows], SAMPLES))
            tally.update(row.reject_reason for row in rows)
            tally["with humans"] += sum(bool(row.human_px) for row in rows)
            if progress:
                progress(done, len(files.samples))
    return ScanSummary(
        source=source,
        samples=len(files.samples),
        readable=tally[""],
        with_humans=tally["with humans"],
        rejects={reason: tally[reason] for reason in RejectReason if tally[reason]},
        official_splits=dict(sorted(Counter(s.official_split for s in files.samples).items())),
        strays=files.strays,
        table=table,
    )


def _groups(
    samples: Sequence[SampleFiles],
    scan: Callable[[Sequence[SampleFiles]], Iterable[SampleRow]],
) -> Iterator[tuple[int, list[SampleRow]]]:
    for start in range(0, len(samples), ROW_GROUP):
        part = samples[start : start + ROW_GROUP]
        yield start + len(part), list(scan(part))


@dataclass(frozen=True, kw_only=True)
class _Scanner:
    """Turns one pair of files into one row; safe to call from several threads."""

    spec: SourceSpec
    root: Path
    files: SourceFiles
    config: DatasetConfig

    def row(self, sample: SampleFiles) -> SampleRow:
        """The row of a sample, with its measurements or with the reason why not."""
        image = self._load(sample.image_path, "image", sample)
        mask = self._load(sample.mask_path, "mask", sample)
        row = SampleRow(
            sample_id=f"{self.spec.name}/{_printable(sample.key)}",
            source=self.spec.name,
            official_split=sample.official_split,
            image_path=_printable(sample.image_path),
            mask_path=_printable(sample.mask_path),
            image_bytes=image.size_bytes,
            image_sha256=image.sha256,
            mask_sha256=mask.sha256,
            licence=self.spec.licence,
            width=0,
            height=0,
        )
        try:
            header = read_header(image.require(), "image")
            row = replace(row, width=header.width, height=header.height)
            if _printable(sample.key) != sample.key:
                raise undecodable("image", "the file name is not UTF-8")
            return self._measured(row, image.require(), mask.require(), sample.key)
        except SampleFault as fault:
            return replace(
                row, reject_reason=str(fault.reason), reject_detail=_printable(fault.detail)
            )

    def _load(self, path: str, side: Side, sample: SampleFiles) -> LoadedFile:
        absent = f"no {side} file for {_printable(sample.key)!r}"
        return load_file(
            self.root / path if path else None,
            side,
            max_px=self.config.max_image_px,
            absent=absent,
        )

    def _measured(self, row: SampleRow, image: bytes, mask: bytes, key: str) -> SampleRow:
        """Refuse by the headers first: no pixel is decoded before both sizes are known good."""
        limit = self.config.max_image_px
        require_size(row.width, row.height, "image", max_px=limit)
        size = self.files.decoder.size(mask)
        require_size(*size, "mask", max_px=limit)
        if size != (row.width, row.height):
            raise SampleFault(
                RejectReason.SIZE_MISMATCH,
                f"image {row.width} x {row.height} px, mask {size[0]} x {size[1]} px",
            )
        luma = decode_luma(image, "image", min_width_px=MEASURED_WIDTH_PX)
        mask_hw = human_mask(mask, key, self.files.decoder, self.spec.labels)
        found = measure_mask(mask_hw, min_region_px=self.config.min_region_px)
        return replace(row, **asdict(measure_image(luma)), **asdict(found))


def _printable(text: str) -> str:
    """Text that UTF-8 can hold: undecodable bytes of a file name become backslash escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
