"""COCO's instances: one JSON in place of masks, and images beside it or in a shared folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from dataset_build.config import DatasetConfig
from dataset_build.scan.mask_pack import MaskPack
from dataset_build.scan.scan import scan_source
from dataset_build.sources.coco_readers import read_coco_instances
from dataset_build.sources.readers import SourceLayoutError
from tests.dataset_build import factories_sources as draw

IMAGES = [
    {"id": 5, "file_name": "000000000005.jpg", "height": 24, "width": 32},
    {"id": 9, "file_name": "000000000009.jpg", "height": 24, "width": 32},
    {"id": 11, "file_name": "000000000011.jpg", "height": 24, "width": 32},
]
PERSON = {
    "id": 1,
    "image_id": 9,
    "category_id": 1,
    "iscrowd": 0,
    "segmentation": [[8, 14, 14, 14, 14, 24, 8, 24]],
}
CROWD = {
    "id": 2,
    "image_id": 9,
    "category_id": 1,
    "iscrowd": 1,
    "segmentation": {"counts": [24 * 28, 24 * 4], "size": [24, 32]},
}
DOG = {**PERSON, "id": 3, "image_id": 5, "category_id": 18}


def scan(root: Path, out: Path) -> dict[str, dict]:
    out.mkdir(exist_ok=True)
    summary = scan_source("coco_instances", root, out, out, config=DatasetConfig())
    return {row["sample_id"]: row for row in pq.read_table(summary.table).to_pylist()}


def test_outlines_become_masks_with_the_crowd_ignored(tmp_path: Path):
    draw.write_instances(tmp_path / "coco", IMAGES, [PERSON, CROWD, DOG])
    rows = scan(tmp_path / "coco", tmp_path / "out")
    assert [row["reject_reason"] for row in rows.values()] == ["", "", ""]
    person = rows["coco_instances/val2017/000000000009"]
    assert (person["human_px"], person["official_split"]) == (60, "val")
    assert person["ignore_share"] == 4 / 32
    assert person["mask_path"] == "annotations/instances_val2017.json"
    assert rows["coco_instances/val2017/000000000005"]["human_px"] == 0
    expected = np.zeros((24, 32), np.uint8)
    expected[14:, 8:14] = 1
    expected[:, 28:] = 255
    read = MaskPack(tmp_path / "out").read("coco_instances/val2017/000000000009")
    assert np.array_equal(read, expected)


def test_each_sample_has_the_digest_of_its_own_outlines(tmp_path: Path):
    draw.write_instances(tmp_path / "coco", IMAGES, [PERSON])
    before = scan(tmp_path / "coco", tmp_path / "one")
    moved = {**PERSON, "segmentation": [[9, 14, 15, 14, 15, 24, 9, 24]]}
    draw.write_instances(tmp_path / "coco", IMAGES, [moved])
    after = scan(tmp_path / "coco", tmp_path / "two")
    changed = {key for key in before if before[key]["mask_sha256"] != after[key]["mask_sha256"]}
    assert changed == {"coco_instances/val2017/000000000009"}


def test_faults_are_rows_of_their_own_sample(tmp_path: Path):
    wrong_size = {**IMAGES[0], "width": 40}
    listed_only = {"id": 20, "file_name": "000000000020.jpg", "height": 24, "width": 32}
    two_corners = {**PERSON, "image_id": 11, "segmentation": [[1, 1, 2, 2]]}
    draw.write_instances(tmp_path / "coco", IMAGES, [])
    table = tmp_path / "coco" / "annotations" / "instances_val2017.json"
    images = [wrong_size, IMAGES[2], listed_only]  # and 9 is not listed
    table.write_text(json.dumps({"images": images, "annotations": [two_corners]}))
    rows = scan(tmp_path / "coco", tmp_path / "out")
    reasons = {key[-2:]: row["reject_reason"] for key, row in rows.items()}
    assert reasons == {
        "05": "size_mismatch",
        "09": "mask_missing",
        "11": "mask_undecodable",
        "20": "image_missing",
    }


def test_images_may_lie_in_the_folder_that_coco_stuff_uses(tmp_path: Path):
    draw.write_instances(tmp_path, IMAGES, [PERSON])
    (tmp_path / "images").mkdir()
    (tmp_path / "val2017").rename(tmp_path / "images" / "val2017")
    paths = [sample.image_path for sample in read_coco_instances(tmp_path).samples]
    assert paths[0] == "images/val2017/000000000005.jpg"


def test_images_without_their_json_are_named(tmp_path: Path):
    draw.write_instances(tmp_path, IMAGES, []).unlink()
    with pytest.raises(SourceLayoutError, match=r"no instances_val2017\.json"):
        read_coco_instances(tmp_path)


def test_a_broken_json_is_named(tmp_path: Path):
    table = draw.write_instances(tmp_path, IMAGES, [PERSON])
    table.write_text(table.read_text()[:-40])
    with pytest.raises(SourceLayoutError, match=r"instances_val2017\.json: .*download it again"):
        read_coco_instances(tmp_path)
