"""One pass over a source: one row per image, readable or not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.config import DatasetConfig
from dataset_build.digests import sha256_of
from dataset_build.scan.mask_pack import INDEX_FILE, PackSummary, PackWriter
from dataset_build.scan.mask_preview import write_preview
from dataset_build.scan.sample_reader import Reading, SampleReader, printable, read_ahead
from dataset_build.scan.sample_rows import REPEATED, SAMPLES, SAMPLES_FILE, SampleRow
from dataset_build.scan.scan_memory import (
    EarlierScan,
    FileStats,
    IntArray,
    PreviousScan,
    Run,
    ScanMemory,
    recall,
    runs_of,
)
from dataset_build.scan.scan_rules import ReadLimits, fingerprint
from dataset_build.sources.faults import RejectReason
from dataset_build.sources.readers import SampleFiles
from dataset_build.sources.sources import open_source, source_spec

#: Rows per row group: the most that are held in memory.
ROW_GROUP = 1024


@dataclass(frozen=True, kw_only=True)
class ScanSummary:
    """What a scan found: samples = readable + the sum of ``rejects``.

    Args:
        files_read: samples whose files were read; the others were taken from the earlier scan.
        rejects: reason code -> samples.
        official_splits: split -> samples found; compare with the source's official counts.
        strays: files in the source's folders that are neither image nor mask.
        table: the Parquet file written.
        masks: the pack written.
        memory: for the next scan; save it once this one is current.
    """

    source: str
    samples: int
    files_read: int
    readable: int
    with_humans: int
    rejects: Mapping[str, int]
    official_splits: Mapping[str, int]
    strays: tuple[str, ...]
    table: Path
    masks: PackSummary
    memory: ScanMemory


def scan_source(
    source: str,
    root: Path,
    samples_out: Path,
    masks_out: Path,
    *,
    config: DatasetConfig,
    previous: PreviousScan | None = None,
    progress: Callable[[int, int], None] | None = None,
    clock_ns: Callable[[], int] = time.time_ns,
) -> ScanSummary:
    """Read every image and mask of a source once: one row and, if readable, one packed mask each.

    Memory does not grow with the number of pixels read: rows leave in groups of ``ROW_GROUP``,
    masks at once. The files are the same whatever the threads, and whatever ``previous`` saved.

    Args:
        source: a name in ``SOURCES`` or in ``config.custom_sources``.
        root: the folder that holds the source in its layout.
        samples_out: an existing folder; receives ``samples.parquet``.
        masks_out: the same or another; receives masks.pack, masks.parquet and preview.png.
        config: limits and number of threads.
        previous: an earlier scan, from which samples with unchanged files are taken.
        progress: called with samples done and samples in all.
        clock_ns: the time of day; files younger than it are read again the next time.

    Raises:
        SourceLayoutError: the folder is missing, empty or laid out differently.
        MaskPackError: the earlier pack is shorter than its index says.
    """
    plan = plan_scan(source, root, config=config, previous=previous, clock_ns=clock_ns)
    summary = plan.carry_out(samples_out, masks_out, workers=config.workers, progress=progress)
    plan.draw(samples_out, masks_out)
    return summary


def plan_scan(
    source: str,
    root: Path,
    *,
    config: DatasetConfig,
    previous: PreviousScan | None = None,
    clock_ns: Callable[[], int] = time.time_ns,
) -> ScanPlan:
    """List a source and ask what changed since an earlier scan; no image and no mask is opened.

    Arguments and errors are those of :func:`scan_source`, which carries the plan out.
    """
    start_ns = clock_ns()
    spec = source_spec(source, config.custom_sources)
    files = open_source(spec, root)
    limits = ReadLimits.of(config)
    rules = fingerprint(spec, files, limits)
    with ThreadPoolExecutor(max_workers=1) as beside:  # unpacks tables while each file is asked for
        earlier = beside.submit(recall, previous, rules)
        stats = FileStats.of(root, files.samples)
    scan = _Scan(
        source=source,
        licence=spec.licence,
        samples=files.samples,
        trusted=stats.settled_before(start_ns),
        earlier=earlier.result(),
    )
    return ScanPlan(
        reader=SampleReader(spec=spec, root=root, files=files, limits=limits),
        stats=stats,
        rules=rules,
        rows=scan.rows_to_take(stats),
        scan=scan,
    )


@dataclass(frozen=True, kw_only=True)
class ScanPlan:
    """Which samples of a source will be read, and which are taken over; to be carried out once.

    Args:
        rows: (N,) row of the earlier scan for each sample, -1 where its files have to be read.
    """

    reader: SampleReader
    stats: FileStats
    rules: str
    rows: IntArray
    scan: _Scan

    @property
    def untouched(self) -> bool:
        """Whether every earlier row would be taken over, in its order, and none added."""
        earlier = self.scan.earlier
        return earlier is not None and np.array_equal(self.rows, np.arange(len(earlier.samples)))

    def carry_out(
        self,
        samples_out: Path,
        masks_out: Path,
        *,
        workers: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> ScanSummary:
        """Read what has to be read; write what :func:`scan_source` promises, but its picture."""
        scan, rows, files = self.scan, self.rows, self.reader.files
        wanted = [files.samples[place] for place in np.flatnonzero(rows < 0)]
        table = samples_out / SAMPLES_FILE
        with (
            pq.ParquetWriter(
                table, SAMPLES, compression="zstd", use_dictionary=[*REPEATED]
            ) as writer,
            PackWriter(masks_out) as pack,
            read_ahead(self.reader, wanted, workers) as readings,
        ):
            for done, group in scan.groups(rows, readings, pack):
                writer.write_table(group)
                if progress:
                    progress(done, len(rows))
        return ScanSummary(
            source=scan.source,
            samples=len(rows),
            files_read=len(wanted),
            readable=scan.tally[""],
            with_humans=scan.with_humans,
            rejects={reason: scan.tally[reason] for reason in RejectReason if scan.tally[reason]},
            official_splits=dict(sorted(Counter(s.official_split for s in files.samples).items())),
            strays=files.strays,
            table=table,
            masks=pack.summary(),
            memory=ScanMemory(
                rules=self.rules,
                stats=self.stats,
                trusted=scan.trusted,
                samples_sha256=sha256_of(table),
                masks_sha256=sha256_of(masks_out / INDEX_FILE),
            ),
        )

    def draw(self, samples_out: Path, masks_out: Path) -> Path | None:
        """Draw ``preview.png`` beside the pack that was written; None without a mask to show."""
        table, earlier = samples_out / SAMPLES_FILE, self.scan.earlier
        same = earlier.preview_if_same(self.rows, table, masks_out) if earlier else None
        private = self.reader.spec.private
        return same or write_preview(table, self.reader.root, masks_out, private=private)


@dataclass(kw_only=True)
class _Scan:
    """The state of one scan: what is taken over, what was counted, what may be taken next time."""

    source: str
    licence: str
    samples: Sequence[SampleFiles]
    trusted: npt.NDArray[np.bool_]
    earlier: EarlierScan | None
    tally: Counter[str] = field(default_factory=Counter)
    with_humans: int = 0

    def rows_to_take(self, stats: FileStats) -> IntArray:
        """(N,) row of the earlier scan for each sample, -1 where its files have to be read."""
        if self.earlier is None:
            return np.full(len(self.samples), -1, np.int64)
        columns = {
            "sample_id": [self._sample_id(sample) for sample in self.samples],
            "official_split": [sample.official_split for sample in self.samples],
            "image_path": [printable(sample.image_path) for sample in self.samples],
            "mask_path": [printable(sample.mask_path) for sample in self.samples],
        }
        return self.earlier.rows_for(pa.table(columns), stats)

    def groups(
        self, rows: IntArray, readings: Iterator[Reading], pack: PackWriter
    ) -> Iterator[tuple[int, pa.Table]]:
        """Samples done, and the table of the last ``ROW_GROUP`` of them; counts them."""
        for start in range(0, len(rows), ROW_GROUP):
            group = rows[start : start + ROW_GROUP]
            table = self._table(list(runs_of(group, start)), readings, pack)
            pack.end_group()
            for pair in pc.value_counts(table["reject_reason"]).to_pylist():
                self.tally[pair["values"]] += pair["counts"]
            self.with_humans += pc.sum(pc.greater(table["human_px"], 0)).as_py() or 0
            yield start + len(group), table

    def _table(
        self, runs: Sequence[Run], readings: Iterator[Reading], pack: PackWriter
    ) -> pa.Table:
        """The rows of some runs, those that are read made at once; their masks go into the pack."""
        read: list[dict[str, object]] = []
        for run in runs:
            if run.row >= 0 and self.earlier is not None:
                pack.copy(self.earlier.masks_of(run), self.earlier.pack)
            else:
                read += self._read(run, readings, pack)
        fresh, taken = pa.Table.from_pylist(read, SAMPLES), 0
        pieces = []
        for run in runs:
            if run.row >= 0 and self.earlier is not None:
                pieces.append(self.earlier.samples.slice(run.row, run.count))
            else:
                pieces.append(fresh.slice(taken, run.count))
                taken += run.count
        return pa.concat_tables(pieces).combine_chunks()

    def _read(
        self, run: Run, readings: Iterator[Reading], pack: PackWriter
    ) -> Iterator[dict[str, object]]:
        """The rows of a run, from its files."""
        for place in range(run.start, run.start + run.count):
            reading = next(readings)
            row = self._row(self.samples[place], reading)
            named = row.sample_id == f"{self.source}/{self.samples[place].key}"
            self.trusted[place] &= reading.settled and named
            if reading.packed is not None:
                pack.add(row.sample_id, reading.packed)
            yield vars(row)

    def _row(self, sample: SampleFiles, reading: Reading) -> SampleRow:
        measured = {**vars(reading.image), **vars(reading.mask)} if reading.image else {}
        fault = reading.fault
        return SampleRow(
            sample_id=self._sample_id(sample),
            source=self.source,
            official_split=sample.official_split,
            image_path=printable(sample.image_path),
            mask_path=printable(sample.mask_path),
            image_bytes=reading.image_bytes,
            image_sha256=reading.image_sha256,
            mask_sha256=reading.mask_sha256,
            licence=self.licence,
            width=reading.width,
            height=reading.height,
            reject_reason=str(fault.reason) if fault else "",
            reject_detail=printable(fault.detail) if fault else "",
            **measured,
        )

    def _sample_id(self, sample: SampleFiles) -> str:
        return f"{self.source}/{printable(sample.key)}"
