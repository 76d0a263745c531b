from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.checks_sources import official_counts_match
from dataset_build.scan.sample_rows import SAMPLES


def write(folder: Path, source: str, splits: dict[str, int], *, without_mask: int = 0) -> Path:
    """A table of readable samples; the first human of each split, the first few without a mask."""
    split = [name for name, count in splits.items() for _ in range(count)]
    size = len(split)
    columns = {
        "source": [source] * size,
        "official_split": split,
        "image_path": ["a.jpg"] * size,
        "mask_path": [""] * without_mask + ["a.png"] * (size - without_mask),
        "human_px": [None] * without_mask + [9] * (size - without_mask),
    }
    schema = pa.schema([SAMPLES.field(name) for name in columns])
    pq.write_table(pa.table(columns, schema), folder / "samples.parquet")
    return folder


def test_a_source_with_a_few_masks_missing_fails_with_the_numbers(tmp_path: Path):
    found = official_counts_match(
        write(tmp_path, "voc", {"train": 1464, "val": 1449}, without_mask=4)
    )
    assert (found.passed, found.seen) == (False, "train: 1,460 of 1,464")


def test_every_image_with_humans_is_one_too_many(tmp_path: Path):
    found = official_counts_match(write(tmp_path, "voc", {"train": 1464, "val": 1449}))
    assert (found.passed, found.seen) == (False, "total: 2,913 images with humans of 888")


@pytest.mark.parametrize(
    ("source", "splits", "seen"),
    [
        ("voc", {"train": 200, "val": 126}, "a sample: 326 of 2,913"),
        ("penn_fudan", {"none": 170}, "none: 170 of 170"),
        ("our_yard", {"none": 9}, "a source of one's own: no official counts"),
    ],
)
def test_what_passes_says_what_it_saw(tmp_path: Path, source: str, splits: dict, seen: str):
    found = official_counts_match(write(tmp_path, source, splits))
    assert (found.passed, found.seen) == (True, seen)
