"""Tiny sample and ledger tables, one keyword per thing that the test is about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.ledger.ledger import LEDGER
from dataset_build.scan.sample_rows import SAMPLES

Row = dict[str, object]
#: The same small picture for all, so that the hash alone says who is near whom.
THUMBNAIL = bytes(range(256))


def sha(text: str) -> str:
    """What the bytes of the drawn image would hash to."""
    return hashlib.sha256(text.encode()).hexdigest()


def sample(name: str, *, source: str = "voc", **changes: object) -> Row:
    """An ordinary readable sample: two whole persons in 5 % of a sharp 640 x 480 photograph."""
    digest = sha(f"{source}/{name}")
    row: Row = {
        "sample_id": f"{source}/{name}",
        "source": source,
        "official_split": "train",
        "image_path": f"images/{name}.jpg",
        "mask_path": f"masks/{name}.png",
        "image_bytes": 50_000,
        "image_sha256": digest,
        "mask_sha256": sha(f"mask of {source}/{name}"),
        "licence": "CC0-1.0",
        "width": 640,
        "height": 480,
        "human_share": 0.05,
        "ignore_share": 0.0,
        "human_px": 15_360,
        "human_regions": 2,
        "tallest_region_share": 0.4,
        "border_touch_share": 0.0,
        "person_regions": 2,
        "largest_person_share": 0.03,
        "headroom_share": 0.3,
        "cut_share": 0.0,
        "head_cut_share": 0.0,
        "ground_agreement": 1.0,
        "surveillance_score": 0.95,
        "luma_mean": 120.0,
        "luma_std": 50.0,
        "sharpness": 500.0,
        "entropy_bits": 7.0,
        "phash": int.from_bytes(bytes.fromhex(digest[:16]), "big", signed=True),
        "thumbnail": THUMBNAIL,
        "reject_reason": "",
        "reject_detail": "",
    }
    return row | changes


def negative(name: str, **changes: object) -> Row:
    """The same photograph without anybody in it."""
    empty: Row = dict.fromkeys(("human_share", "tallest_region_share", "largest_person_share"), 0.0)
    empty |= dict.fromkeys(("human_px", "human_regions", "person_regions"), 0)
    empty |= {"headroom_share": 1.0, "ground_agreement": None, "surveillance_score": None}
    return sample(name, **(empty | changes))


def reject(name: str, reason: str = "mask_missing", **changes: object) -> Row:
    """A sample that the scan could not read."""
    nullable = [field.name for field in SAMPLES if field.nullable]
    unread: Row = dict.fromkeys(nullable)
    unread |= {"reject_reason": reason, "reject_detail": "no such file", "mask_path": ""}
    return sample(name, **(unread | {"mask_sha256": ""} | changes))


def entry(row: Row, **changes: object) -> Row:
    """A ledger row in which the sample is kept, unless changed."""
    fate: Row = {
        "fate": "removed" if row["reject_reason"] else "kept",
        "reason": row["reject_reason"],
        "measured": row["reject_detail"],
        "stage": "scan" if row["reject_reason"] else "",
        "rule_version": 0,
        "duplicate_group": row["image_sha256"],
        "split": "",
        "mask_correction": "",
    }
    return row | fate | changes


def samples_table(rows: Iterable[Row]) -> pa.Table:
    """Rows of ``sample`` and ``reject``, sorted as a scan would."""
    return pa.Table.from_pylist(list(rows), schema=SAMPLES).sort_by("sample_id")


def ledger_table(rows: Iterable[Row]) -> pa.Table:
    """Rows of ``entry``, or of ``sample`` which are then kept."""
    return pa.Table.from_pylist(
        [row if "fate" in row else entry(row) for row in rows], schema=LEDGER
    ).sort_by("sample_id")


def write_samples(folder: Path, rows: Iterable[Row]) -> Path:
    """A ``samples.parquet`` in a new folder."""
    folder.mkdir(parents=True)
    path = folder / "samples.parquet"
    pq.write_table(samples_table(rows), path)
    return path


def write_ledger_file(folder: Path, rows: Iterable[Row]) -> Path:
    """A ``ledger.parquet`` in a new folder."""
    folder.mkdir(parents=True)
    path = folder / "ledger.parquet"
    pq.write_table(ledger_table(rows), path)
    return path


def by_id(table: pa.Table) -> Mapping[str, Row]:
    """Rows by sample id."""
    return {str(row["sample_id"]): row for row in table.to_pylist()}


def new_folder(path: Path) -> Path:
    """An existing empty folder."""
    path.mkdir(parents=True)
    return path
