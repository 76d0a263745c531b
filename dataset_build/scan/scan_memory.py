"""What the last scan of a source looked at, so that the next one reads only files that changed.

The memory lies outside the versions and may be lost at any time: that costs a full scan, nothing
else. It holds, per sample, what the file system says of its two files; a sample is taken over from
the earlier scan only if all of that is unchanged and so is everything else that decides a row
(``scan_rules.fingerprint``).
"""

from __future__ import annotations

import itertools
import logging
import os
import shutil
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.digests import sha256_of
from dataset_build.scan.mask_pack import INDEX_FILE, PACK_FILE
from dataset_build.scan.mask_preview import PREVIEW_FILE, PREVIEW_SAMPLES, choose_samples
from dataset_build.sources.readers import SampleFiles

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: A file that changed so shortly before the scan may change again without its times showing it.
RACY_NS = 2_000_000_000
#: Per sample, of the image and then of the mask; zeros where the source has no such file.
_STATS = (
    "image_bytes",
    "image_modified_ns",
    "image_changed_ns",
    "mask_bytes",
    "mask_modified_ns",
    "mask_changed_ns",
)
_NO_FILE = (0, 0, 0)
_TIMES = (1, 2, 4, 5)  # places of the times among them
_TRUSTED = "trusted"
_RULES, _SAMPLES, _MASKS = b"rules", b"samples_sha256", b"masks_sha256"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PreviousScan:
    """Where an earlier scan of a source lies; any of it may be absent or of another scan.

    Args:
        samples: its ``samples.parquet``.
        masks: the folder of its pack.
        memory: what :meth:`ScanMemory.save` wrote after it.
    """

    samples: Path
    masks: Path
    memory: Path


@dataclass(frozen=True, kw_only=True)
class FileStats:
    """What the file system says of the files of N samples.

    Args:
        values: (N, 6) int64, columns as in ``_STATS``; bytes and nanoseconds.
        known: (N,) bool; False where a listed file could not be asked.
    """

    values: IntArray
    known: BoolArray

    @classmethod
    def of(cls, root: Path, samples: Sequence[SampleFiles]) -> FileStats:
        """Ask the file system; no file is opened."""
        values = array("q")  # grows by six numbers a sample: a row of an array costs more to set
        known = np.ones(len(samples), np.bool_)
        below, stat = f"{os.fspath(root)}/", os.stat
        for place, sample in enumerate(samples):
            for path in (sample.image_path, sample.mask_path):
                if not path:
                    values.extend(_NO_FILE)
                    continue
                try:
                    found = stat(below + path)
                except OSError:
                    known[place] = False
                    values.extend(_NO_FILE)
                else:
                    values.extend((found.st_size, found.st_mtime_ns, found.st_ctime_ns))
        shape = (len(samples), len(_STATS))
        return cls(values=np.array(values, np.int64).reshape(shape), known=known)

    def settled_before(self, start_ns: int) -> BoolArray:
        """(N,) bool: no file is younger than ``RACY_NS`` before the given time."""
        youngest = self.values[:, _TIMES].max(axis=1, initial=0)
        settled: BoolArray = self.known & (youngest < start_ns - RACY_NS)
        return settled


@dataclass(frozen=True, kw_only=True)
class ScanMemory:
    """What a scan looked at, for the next one.

    Args:
        rules: fingerprint of everything but the files that decided the rows; "" if unknown.
        stats: of the files, taken before they were read.
        trusted: (N,) bool; the others are read again whatever the file system says.
        samples_sha256: of the table that the scan wrote.
        masks_sha256: of the index of its pack.
    """

    rules: str
    stats: FileStats
    trusted: BoolArray
    samples_sha256: str
    masks_sha256: str

    def save(self, path: Path) -> None:
        """Write the memory, whole or not at all; call it once the scan's version is current.

        Args:
            path: its folder is made if need be.
        """
        columns = {name: self.stats.values[:, i] for i, name in enumerate(_STATS)}
        table = pa.table({**columns, _TRUSTED: self.trusted}).replace_schema_metadata(
            {
                _RULES: self.rules,
                _SAMPLES: self.samples_sha256,
                _MASKS: self.masks_sha256,
            }
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.{os.getpid()}.part")
        pq.write_table(table, aside, compression="zstd")
        aside.replace(path)


@dataclass(frozen=True, kw_only=True)
class Run:
    """Samples in a row that are all read, or all taken over from rows in a row.

    Args:
        start: place of the first sample.
        row: row of the earlier scan that the first one is taken from; -1 if they are read.
    """

    start: int
    count: int
    row: int


@dataclass(frozen=True, kw_only=True)
class EarlierScan:
    """An earlier scan whose rows may be taken over.

    Args:
        table: its ``samples.parquet``.
        samples: the rows of that table, in the order of its pack.
        index: of its pack, one row per readable sample.
        masks_before: (N + 1,) readable samples before each row.
    """

    table: Path
    samples: pa.Table
    index: pa.Table
    pack: Path
    masks_before: IntArray
    stats: IntArray
    trusted: BoolArray

    def rows_for(self, wanted: pa.Table, stats: FileStats) -> IntArray:
        """Which row of the earlier scan still holds for each sample.

        Args:
            wanted: (M,) rows of sample_id, official_split, image_path and mask_path.
            stats: of the M samples' files now.

        Returns:
            (M,) row numbers, -1 where the sample has to be read.
        """
        found = pc.index_in(wanted["sample_id"], value_set=self.samples["sample_id"])
        rows: IntArray = found.fill_null(-1).to_numpy().astype(np.int64)
        if not len(self.stats):
            return rows
        same = (rows >= 0) & stats.known & self.trusted[rows]
        same &= np.all(self.stats[rows] == stats.values, axis=1)
        taken = pa.array(np.maximum(rows, 0))
        for name in ("official_split", "image_path", "mask_path"):
            same &= pc.equal(wanted[name], self.samples[name].take(taken)).to_numpy()
        rows[~same] = -1
        return rows

    def masks_of(self, run: Run) -> pa.Table:
        """Index rows of the readable samples of a run; they follow each other in the pack."""
        first, last = self.masks_before[run.row], self.masks_before[run.row + run.count]
        return self.index.slice(first, last - first)

    def preview_if_same(self, rows: IntArray, samples: Path, masks_out: Path) -> Path | None:
        """Copy the earlier picture where the new one would show the same unchanged samples.

        Args:
            rows: of the new scan, as ``rows_for`` gives them.
            samples: the table that the new scan wrote.
            masks_out: receives the picture.
        """
        earlier = self.pack.with_name(PREVIEW_FILE)
        shown = choose_samples(samples, limit=PREVIEW_SAMPLES)
        before = choose_samples(self.table, limit=PREVIEW_SAMPLES)
        if shown != before or not earlier.exists():
            return None
        ids = pq.read_table(samples, columns=["sample_id"])["sample_id"]
        is_shown = pc.is_in(ids, value_set=pa.array(sorted(shown), pa.string())).to_numpy()
        if np.any(rows[is_shown] < 0):
            return None
        return Path(shutil.copyfile(earlier, masks_out / PREVIEW_FILE))


def recall(previous: PreviousScan | None, rules: str) -> EarlierScan | None:
    """Open an earlier scan, or say in the log why every file is to be read.

    Args:
        previous: None reads everything.
        rules: what decides the rows now; "" if that cannot be known.
    """
    if previous is None or not rules:
        return None
    try:
        memory = pq.read_table(previous.memory)
        metadata = memory.schema.metadata or {}
        if metadata.get(_RULES) != rules.encode():
            _log.info("every file is read: code, settings or label map changed since the last scan")
            return None
        if _stale(metadata, previous):
            _log.info("every file is read: the last scan is not the one that is remembered")
            return None
        return _opened(previous, memory)
    except (OSError, pa.ArrowException, KeyError) as error:
        _log.info("every file is read: no memory of the last scan (%s)", error)
        return None


def runs_of(rows: IntArray, first: int = 0) -> Iterator[Run]:
    """Cut rows into the longest runs.

    Args:
        rows: (n,) as ``rows_for`` gives them.
        first: place of the first of them.
    """
    if not len(rows):
        return
    read = rows < 0
    goes_on = np.where(read[:-1], read[1:], np.diff(rows) == 1)
    edges = [0, *(np.flatnonzero(~goes_on) + 1).tolist(), len(rows)]
    for start, stop in itertools.pairwise(edges):
        yield Run(start=first + start, count=stop - start, row=int(rows[start]))


def _opened(previous: PreviousScan, memory: pa.Table) -> EarlierScan:
    samples = pq.read_table(previous.samples)
    readable = pc.equal(samples["reject_reason"], "").to_numpy()
    return EarlierScan(
        table=previous.samples,
        samples=samples,
        index=pq.read_table(previous.masks / INDEX_FILE),
        pack=previous.masks / PACK_FILE,
        masks_before=np.concatenate([[0], np.cumsum(readable)]).astype(np.int64),
        stats=np.stack([memory[name].to_numpy() for name in _STATS], axis=1),
        trusted=memory[_TRUSTED].to_numpy(),
    )


def _stale(metadata: dict[bytes, bytes], previous: PreviousScan) -> bool:
    digests = {_SAMPLES: previous.samples, _MASKS: previous.masks / INDEX_FILE}
    return any(metadata.get(key) != sha256_of(path).encode() for key, path in digests.items())
