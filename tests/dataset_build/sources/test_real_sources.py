"""The readers on real files of the published sources: counts, ids, and two codings that agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from dataset_build.config import DatasetConfig
from dataset_build.scan.mask_pack import MaskPack
from dataset_build.scan.scan import scan_source

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize(
    ("source", "folder", "with_humans", "splits"),
    [
        ("voc", "VOCdevkit", 226, {"train": 244, "val": 82}),
        ("coco_panoptic", "coco", 51, {"train": 100}),
        ("ade20k", "ADEChallengeData2016", 1, {"train": 1, "val": 3}),
        ("penn_fudan", "PennFudanPed", 34, {"none": 34}),
        ("ccp", "ccp", 168, {"none": 168}),
    ],
)
def test_every_sample_of_a_real_source_is_read(
    source: str, folder: str, with_humans: int, splits: dict, samples: Path, tmp_path: Path
):
    summary = scan_source(source, samples / folder, tmp_path, tmp_path, config=DatasetConfig())
    assert summary.rejects == {}
    assert summary.official_splits == splits
    assert summary.with_humans == with_humans
    shares = pq.read_table(summary.table)["human_share"].to_numpy()
    assert shares.max() < 0.9


def link_coco_stuff(root: Path, images: Path, masks: Path) -> Path:
    (root / "images").mkdir(parents=True)
    (root / "stuffthingmaps").mkdir()
    (root / "images" / "train2017").symlink_to(images)
    (root / "stuffthingmaps" / "train2017").symlink_to(masks)
    return root


def test_coco_stuff_and_panoptic_agree_on_who_is_human(samples: Path, tmp_path: Path):
    coco = samples / "coco"
    stuff = link_coco_stuff(
        tmp_path / "stuff", coco / "train2017", coco / "stuffthingmaps_derived" / "train2017"
    )
    packs = {}
    for source, root in (("coco_stuff", stuff), ("coco_panoptic", coco)):
        out = tmp_path / f"out-{source}"
        out.mkdir()
        scan_source(source, root, out, out, config=DatasetConfig())
        packs[source] = MaskPack(out)
    assert len(packs["coco_stuff"]) == len(packs["coco_panoptic"]) == 100
    human_px = disagreeing_px = 0
    for sample_id in packs["coco_stuff"].sample_ids:
        stuff_mask = packs["coco_stuff"].read(sample_id)
        panoptic_mask = packs["coco_panoptic"].read(sample_id.replace("stuff", "panoptic"))
        both = (stuff_mask != 255) & (panoptic_mask != 255)
        human_px += int(np.count_nonzero(stuff_mask[both] == 1))
        disagreeing_px += int(np.count_nonzero((stuff_mask != panoptic_mask) & both))
    assert human_px > 1_000_000
    assert disagreeing_px == 0


def test_original_coco_stuff_maps_are_read(samples: Path, tmp_path: Path):
    spade = samples / "cocostuff_spade"
    root = link_coco_stuff(tmp_path / "stuff", spade / "train_img", spade / "train_label")
    summary = scan_source("coco_stuff", root, tmp_path, tmp_path, config=DatasetConfig())
    assert (summary.samples, summary.rejects) == (13, {})
