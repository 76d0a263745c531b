"""The samples of all sources -> one ledger: every image once, readable or removed with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.ledger.fates import KEPT, REMOVED, LedgerSummary
from dataset_build.ledger.ledger import LEDGER, write_ledger
from dataset_build.scan.sample_rows import SAMPLES, SAMPLES_FILE


def merge_sources(samples: Mapping[str, Path], out: Path) -> LedgerSummary:
    """Put the samples of all sources into one ledger; what could not be read is removed.

    Args:
        samples: source name -> its ``samples.parquet``, or the folder that holds it.
        out: existing folder; receives ``ledger.parquet``.

    Raises:
        ValueError: no images at all, a table of another source, or one sample id twice.
    """
    tables = [_read_samples(source, samples[source]) for source in sorted(samples)]
    if sum(table.num_rows for table in tables) == 0:
        raise ValueError(
            f"no images in any source ({', '.join(sorted(samples)) or 'none configured'}); point"
            " source_roots at folders in the published layouts and scan again"
        )
    merged = pa.concat_tables(tables)
    _require_unique(merged)
    return write_ledger(_with_scan_fates(merged), out)


def _read_samples(source: str, path: Path) -> pa.Table:
    table = pq.read_table(path / SAMPLES_FILE if path.is_dir() else path)
    strangers = set(table["source"].unique().to_pylist()) - {source}
    if strangers:
        raise ValueError(
            f"samples of {source} hold rows of {', '.join(sorted(strangers))}; scan {source} again"
        )
    return table.select(SAMPLES.names).cast(SAMPLES)


def _require_unique(table: pa.Table) -> None:
    if len(table["sample_id"].unique()) == table.num_rows:
        return
    twice = [name for name, count in Counter(table["sample_id"].to_pylist()).items() if count > 1]
    if twice:
        raise ValueError(
            f"{len(twice)} sample ids occur twice, first {min(twice)}; give each source its own"
            " name and scan again"
        )


def _with_scan_fates(samples: pa.Table) -> pa.Table:
    bad = pc.not_equal(samples["reject_reason"], "")
    nothing = pa.repeat("", samples.num_rows)
    columns = {
        "fate": pc.if_else(bad, REMOVED, KEPT),
        "reason": samples["reject_reason"],
        "measured": samples["reject_detail"],
        "stage": pc.if_else(bad, "scan", ""),
        "rule_version": pa.repeat(pa.scalar(0, pa.int32()), samples.num_rows),  # a fact, no rule
        "duplicate_group": samples["image_sha256"],
        "split": nothing,
        "mask_correction": nothing,  # sha256 of a reviewer's mask, if any
    }
    return pa.Table.from_arrays([*samples.columns, *columns.values()], schema=LEDGER)
