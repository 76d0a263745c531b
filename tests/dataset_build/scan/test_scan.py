from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dataset_build.config import DatasetConfig
from dataset_build.scan.sample_rows import SAMPLES
from dataset_build.scan.scan import ScanSummary, scan_source
from tests.dataset_build import factories_sources as draw
from tests.dataset_build.sources.test_image_files import png_of_size

CONFIG = DatasetConfig()


def scan(source: str, root: Path, config: DatasetConfig = CONFIG) -> tuple[ScanSummary, dict]:
    """The summary, and the rows by sample id."""
    out = root.parent / f"{root.name}-out"
    out.mkdir(exist_ok=True)
    summary = scan_source(source, root, out, out, config=config)
    table = pq.read_table(summary.table)
    assert table.schema.equals(SAMPLES)
    return summary, {row["sample_id"]: row for row in table.to_pylist()}


def test_a_voc_sample_is_measured(tmp_path: Path):
    root = tmp_path / "voc"
    ids = draw.class_map(15)
    ids[:12] = 255
    draw.write_voc(root, {"2007_000032": ids})
    summary, rows = scan("voc", root)
    row = rows["voc/2007_000032"]
    assert (summary.samples, summary.readable, summary.with_humans) == (1, 1, 1)
    assert row["official_split"] == "train"
    assert (row["width"], row["height"]) == (32, 24)
    assert row["ignore_share"] == 0.5
    assert row["human_px"] == 60
    assert row["human_share"] == 60 / (12 * 32)
    assert (row["human_regions"], row["border_touch_share"]) == (1, 1.0)
    assert row["tallest_region_share"] == 10 / 24
    assert row["image_path"] == "VOCdevkit/VOC2012/JPEGImages/2007_000032.jpg"
    assert row["image_bytes"] == (root / row["image_path"]).stat().st_size


@pytest.mark.parametrize(
    ("source", "human_id", "write", "sample_id"),
    [
        ("coco_stuff", 0, draw.write_coco_stuff, "coco_stuff/train2017/000000000009"),
        ("ade20k", 13, draw.write_ade20k, "ade20k/training/000000000009"),
        ("penn_fudan", 2, draw.write_penn_fudan, "penn_fudan/000000000009"),
        ("ccp", 41, draw.write_ccp, "ccp/000000000009"),
    ],
)
def test_each_source_finds_the_same_drawn_person(
    source: str, human_id: int, write: Callable, sample_id: str, tmp_path: Path
):
    background = 0 if source in ("penn_fudan", "ccp") else 3
    root = write(tmp_path / source, {"000000000009": draw.class_map(human_id, other=background)})
    _, rows = scan(source, root)
    assert rows[sample_id]["human_px"] == 60
    assert rows[sample_id]["reject_reason"] == ""


def test_the_panoptic_reader_finds_the_drawn_person(tmp_path: Path):
    segments = draw.class_map(200).astype(np.int64) * 300
    listed = [
        {"id": 60_000, "category_id": 1, "iscrowd": 0},
        {"id": 900, "category_id": 184, "iscrowd": 0},
    ]
    draw.write_panoptic(tmp_path / "coco", "000000000009", segments, listed)
    _, rows = scan("coco_panoptic", tmp_path / "coco")
    assert rows["coco_panoptic/train2017/000000000009"]["human_px"] == 60


def _paths(root: Path) -> tuple[Path, Path]:
    return root / "images" / "training" / "a.jpg", root / "annotations" / "training" / "a.png"


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 8] ^= 0xFF
    path.write_bytes(bytes(data))


def _ids(path: Path, **changes: int) -> None:
    ids = draw.class_map(13)
    for value in changes.values():
        ids[0, value % 32] = value
    draw.write_ids(path, ids)


FAULTS: dict[str, Callable[[Path, Path], object]] = {
    "image_missing": lambda image, mask: image.unlink(),
    "mask_missing": lambda image, mask: mask.unlink(),
    "image_undecodable": lambda image, mask: _cut(image),
    "mask_undecodable": lambda image, mask: _flip(mask),
    "image_too_large": lambda image, mask: image.write_bytes(png_of_size(60_000, 60_000)),
    "mask_too_large": lambda image, mask: mask.write_bytes(png_of_size(60_000, 60_000)),
    "size_mismatch": lambda image, mask: draw.write_image(image, draw.photograph(24, 33)),
    "unknown_class_id": lambda image, mask: _ids(mask, a=151),
    "mask_stained": lambda image, mask: _ids(mask, a=151, b=160, c=170, d=180, e=190),
    "mask_all_ignore": lambda image, mask: draw.write_ids(mask, np.zeros((24, 32), np.uint8)),
}


@pytest.mark.parametrize("reason", FAULTS)
def test_a_fault_is_a_row_and_its_neighbours_are_read(reason: str, tmp_path: Path):
    root = draw.write_ade20k(tmp_path / "ade", {n: draw.class_map(13) for n in "abc"})
    FAULTS[reason](*_paths(root))
    summary, rows = scan("ade20k", root)
    assert rows["ade20k/training/a"]["reject_reason"] == reason
    assert rows["ade20k/training/a"]["reject_detail"]
    assert str(tmp_path) not in rows["ade20k/training/a"]["reject_detail"]
    assert rows["ade20k/training/a"]["human_share"] is None
    assert summary.rejects == {reason: 1}
    assert summary.readable == 2


def test_every_reason_code_is_tried():
    from dataset_build.sources.faults import RejectReason

    assert FAULTS.keys() == {str(reason) for reason in RejectReason}


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"<html>"])
def test_empty_and_foreign_files_are_rows(content: bytes, tmp_path: Path):
    root = draw.write_ade20k(tmp_path / "ade", {"a": draw.class_map(13)})
    for path in _paths(root):
        path.write_bytes(content)
    _, rows = scan("ade20k", root)
    assert rows["ade20k/training/a"]["reject_reason"] == "image_undecodable"


def test_a_jpeg_saved_as_a_mask_is_stained(tmp_path: Path):
    root = draw.write_ade20k(tmp_path / "ade", {"a": draw.class_map(13)})
    Image.fromarray(draw.class_map(13)).save(_paths(root)[1], "JPEG")
    _, rows = scan("ade20k", root)
    assert rows["ade20k/training/a"]["reject_reason"] == "mask_stained"


def test_a_bomb_costs_no_memory(tmp_path: Path):
    root = draw.write_ade20k(tmp_path / "ade", {"a": draw.class_map(13)})
    _paths(root)[0].write_bytes(png_of_size(60_000, 60_000))
    _paths(root)[1].write_bytes(png_of_size(60_000, 60_000))
    tracemalloc.start()
    _, rows = scan("ade20k", root)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "60000 x 60000 px" in rows["ade20k/training/a"]["reject_detail"]
    assert rows["ade20k/training/a"]["width"] == 60_000
    assert peak < 30_000_000


def test_the_stored_pixels_are_compared_not_the_turned_ones(tmp_path: Path):
    root = draw.write_ade20k(tmp_path / "ade", {"a": draw.class_map(13)})
    exif = Image.Exif()
    exif[0x0112] = 6
    draw.write_image(_paths(root)[0], draw.photograph(), exif=exif)
    _, rows = scan("ade20k", root)
    assert rows["ade20k/training/a"]["reject_reason"] == ""


def test_a_file_name_that_is_not_utf8_is_a_row(tmp_path: Path):
    root = draw.write_ade20k(tmp_path / "ade", {"a": draw.class_map(13)})
    folder = os.fsencode(root / "images" / "training")
    try:
        os.rename(folder + b"/a.jpg", folder + b"/\xff.jpg")  # noqa: PTH104 - bytes, not text
    except OSError:
        pytest.skip("this file system holds only UTF-8 names")
    summary, rows = scan("ade20k", root)
    assert "ade20k/training/\\udcff" in rows
    assert summary.rejects == {"image_missing": 1, "image_undecodable": 1}


def test_rows_are_sorted_and_bytes_do_not_depend_on_threads(tmp_path: Path):
    ids = draw.class_map(13)
    root = draw.write_ade20k(tmp_path / "ade", {f"{n:02d}": ids for n in range(30)})
    first, rows = scan("ade20k", root)
    once = first.table.read_bytes()
    again, _ = scan("ade20k", root, replace(CONFIG, workers=3))
    assert list(rows) == sorted(rows)
    assert again.table.read_bytes() == once
    assert os.fsencode(tmp_path) not in once


def test_rows_leave_in_groups_and_progress_is_told(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("dataset_build.scan.scan.ROW_GROUP", 4)
    root = draw.write_ade20k(tmp_path / "ade", {f"{n}": draw.class_map(13) for n in range(9)})
    told: list[tuple[int, int]] = []
    summary = scan_source(
        "ade20k", root, tmp_path, tmp_path, config=CONFIG, progress=lambda *step: told.append(step)
    )
    assert told == [(4, 9), (8, 9), (9, 9)]
    assert pq.ParquetFile(summary.table).num_row_groups == 3


@pytest.mark.parametrize(("orientation", "said"), [(6, True), (1, False)])
def test_a_mask_of_the_turned_image_is_told_by_its_exif_note(
    orientation: int, said: bool, tmp_path: Path
):
    base = draw.write_voc(tmp_path / "voc", {"a": draw.class_map(15)})
    exif = Image.Exif()
    exif[0x0112] = orientation
    draw.write_image(base / "JPEGImages" / "a.jpg", draw.photograph(32, 24), exif=exif)
    row = scan("voc", tmp_path / "voc")[1]["voc/a"]
    assert row["reject_detail"].startswith("image 24 x 32 px, mask 32 x 24 px")
    assert ("EXIF" in row["reject_detail"]) == said
