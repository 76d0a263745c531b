from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dataset_build.sources.coco_readers import read_coco_panoptic
from dataset_build.sources.readers import SourceLayoutError, read_voc
from dataset_build.sources.sources import SOURCES, open_source
from tests.dataset_build import factories_sources as draw


def test_voc_lists_decide_the_split_and_unlisted_files_are_rows(tmp_path: Path):
    ids = draw.class_map(15)
    base = draw.write_voc(tmp_path, {"a": ids, "b": ids, "c": ids}, val=("b",))
    lists = base / "ImageSets" / "Segmentation"
    (lists / "train.txt").write_text("a\nghost\n")
    found = {s.key: s.official_split for s in read_voc(base).samples}
    assert found == {"a": "train", "b": "val", "c": "none", "ghost": "train"}


def test_files_on_one_side_only_leave_the_other_side_empty(tmp_path: Path):
    ids = draw.class_map(15)
    base = draw.write_voc(tmp_path, {"a": ids, "b": ids})
    (base / "JPEGImages" / "a.jpg").unlink()
    (base / "SegmentationClass" / "b.png").unlink()
    a, b = read_voc(base).samples
    assert (a.image_path, a.mask_path) == ("", "SegmentationClass/a.png")
    assert (b.image_path, b.mask_path) == ("JPEGImages/b.jpg", "")


def test_a_missing_list_is_named(tmp_path: Path):
    base = draw.write_voc(tmp_path, {"a": draw.class_map(15)})
    (base / "ImageSets" / "Segmentation" / "val.txt").unlink()
    with pytest.raises(SourceLayoutError, match=r"no val\.txt"):
        read_voc(base)


def test_files_that_are_neither_image_nor_mask_are_strays(tmp_path: Path):
    base = draw.write_voc(tmp_path, {"a": draw.class_map(15)})
    (base / "JPEGImages" / "Thumbs.db").touch()
    (base / "JPEGImages" / "._a.jpg").touch()
    (base / "JPEGImages" / "folder.jpg").mkdir()
    (base / "JPEGImages" / "loop.jpg").symlink_to("loop.jpg")
    files = read_voc(base)
    assert [s.key for s in files.samples] == ["a"]
    assert len(files.strays) == 4


def test_a_twin_but_for_the_case_of_its_suffix_is_a_row_of_its_own(tmp_path: Path):
    base = draw.write_voc(tmp_path, {"a": draw.class_map(15)})
    (base / "JPEGImages" / "a.JPG").touch()
    found = {s.key: (s.image_path, s.mask_path) for s in read_voc(base).samples}
    assert found == {
        "a": ("JPEGImages/a.JPG", "SegmentationClass/a.png"),
        "a.jpg": ("JPEGImages/a.jpg", ""),
    }


def test_upper_case_suffixes_are_read(tmp_path: Path):
    base = draw.write_voc(tmp_path, {"a": draw.class_map(15)})
    (base / "JPEGImages" / "a.jpg").rename(base / "JPEGImages" / "a.JPG")
    assert read_voc(base).samples[0].image_path == "JPEGImages/a.JPG"


def test_panoptic_samples_come_from_files_and_from_the_json(tmp_path: Path):
    listed = [{"id": 5, "category_id": 1, "iscrowd": 0, "bbox": [0, 0, 1, 1], "area": 1}]
    draw.write_panoptic(tmp_path, "a", np.full((4, 6), 5), listed)
    (tmp_path / "train2017" / "a.jpg").unlink()
    (tmp_path / "annotations" / "panoptic_train2017" / "a.png").unlink()
    draw.write_image(tmp_path / "train2017" / "b.jpg", draw.photograph())
    found = {s.key: (s.official_split, s.image_path) for s in read_coco_panoptic(tmp_path).samples}
    assert found == {"train2017/a": ("train", ""), "train2017/b": ("train", "train2017/b.jpg")}


@pytest.mark.parametrize("text", ["{", "[]", '{"annotations": [{"id": 3}]}'])
def test_a_broken_panoptic_json_is_named(tmp_path: Path, text: str):
    draw.write_panoptic(tmp_path, "a", np.full((4, 6), 5), [])
    (tmp_path / "annotations" / "panoptic_train2017.json").write_text(text)
    with pytest.raises(SourceLayoutError, match=r"panoptic_train2017\.json: not a COCO panoptic"):
        read_coco_panoptic(tmp_path)


def test_a_panoptic_folder_without_its_json_says_so(tmp_path: Path):
    draw.write_panoptic(tmp_path, "a", np.full((4, 6), 5), [])
    (tmp_path / "annotations" / "panoptic_train2017.json").unlink()
    with pytest.raises(SourceLayoutError, match=r"no panoptic_train2017\.json"):
        read_coco_panoptic(tmp_path)


def test_samples_are_sorted_whatever_the_folder_order(tmp_path: Path):
    ids = draw.class_map(13)
    draw.write_ade20k(tmp_path, {"z": ids, "b": ids}, "validation")
    draw.write_ade20k(tmp_path, {"y": ids, "a": ids}, "training")
    keys = [s.key for s in SOURCES["ade20k"].read(tmp_path).samples]
    assert keys == ["training/a", "training/y", "validation/b", "validation/z"]


def test_sbd_lists_decide_the_split_and_masks_lie_in_structures(tmp_path: Path):
    ids = draw.class_map(15)
    draw.write_sbd(tmp_path, {"2008_000002": ids, "2008_000003": ids}, val=("2008_000003",))
    files = open_source(SOURCES["sbd"], tmp_path)
    assert [(s.key, s.official_split) for s in files.samples] == [
        ("2008_000002", "train"),
        ("2008_000003", "val"),
    ]
    data = (tmp_path / files.samples[0].mask_path).read_bytes()
    assert files.decoder.size(data) == (32, 24)
    assert np.array_equal(files.decoder.class_ids(data, "2008_000002"), ids)


def test_sbd_without_a_list_is_named(tmp_path: Path):
    (draw.write_sbd(tmp_path, {"a": draw.class_map(15)}) / "val.txt").unlink()
    with pytest.raises(SourceLayoutError, match=r"no val\.txt"):
        open_source(SOURCES["sbd"], tmp_path)


def test_full_ade20k_pairs_files_in_scene_folders_and_leaves_parts_and_instances(tmp_path: Path):
    draw.write_ade20k_full(tmp_path, {"00016869": np.full((24, 32), 312)})
    (sample,) = open_source(SOURCES["ade20k_full"], tmp_path).samples
    assert sample.key == "training/urban/street/train_00016869"
    assert sample.official_split == "train"
    assert sample.image_path.endswith("urban/street/ADE_train_00016869.jpg")
    assert sample.mask_path.endswith("urban/street/ADE_train_00016869_seg.png")


def test_full_ade20k_of_2016_is_not_taken_for_that_of_2021(tmp_path: Path):
    (tmp_path / "ADE20K_2016_07_26" / "images" / "training" / "s" / "street").mkdir(parents=True)
    with pytest.raises(SourceLayoutError, match="ADE20K_2021_17_01"):
        open_source(SOURCES["ade20k_full"], tmp_path / "ADE20K_2016_07_26")
