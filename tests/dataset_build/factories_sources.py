"""Tiny sources in their published layouts, drawn so that every answer is visible."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import scipy.io
import scipy.sparse
from PIL import Image


def photograph(height: int = 24, width: int = 32, seed: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: a bright square that moves with the seed, over a ramp."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[...] = np.linspace(20, 200, width, dtype=np.uint8)[None, :, None]
    top = seed % max(1, height - 8)
    rgb[top : top + 8, 4:12] = (250, 120, 30)
    return rgb


def class_map(human_id: int, *, height: int = 24, width: int = 32, other: int = 3) -> np.ndarray:
    """(H, W) uint8: a person of 10 x 6 px standing on the lower border, the rest another class."""
    ids = np.full((height, width), other, np.uint8)
    ids[height - 10 :, 8:14] = human_id
    return ids


def write_image(path: Path, rgb: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path, **options)
    return path


def write_ids(path: Path, ids: np.ndarray, *, palette: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(ids)
    if palette:
        picture.putpalette([(37 * i) % 256 for i in range(768)])  # turns L into P, ids kept
    picture.save(path)
    return path


def write_voc(root: Path, masks: Mapping[str, np.ndarray], *, val: tuple[str, ...] = ()) -> Path:
    """VOC2012 below root/VOCdevkit; one photograph per mask."""
    base = root / "VOCdevkit" / "VOC2012"
    for seed, (name, ids) in enumerate(masks.items()):
        write_image(base / "JPEGImages" / f"{name}.jpg", photograph(*ids.shape, seed=seed))
        write_ids(base / "SegmentationClass" / f"{name}.png", ids, palette=True)
    lists = base / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True, exist_ok=True)
    train = [name for name in masks if name not in val]
    (lists / "train.txt").write_text("".join(f"{name}\n" for name in train))
    (lists / "val.txt").write_text("".join(f"{name}\n" for name in val))
    return base


def write_coco_stuff(root: Path, masks: Mapping[str, np.ndarray]) -> Path:
    """COCO-Stuff train2017."""
    for seed, (name, ids) in enumerate(masks.items()):
        write_image(
            root / "images" / "train2017" / f"{name}.jpg", photograph(*ids.shape, seed=seed)
        )
        write_ids(root / "stuffthingmaps" / "train2017" / f"{name}.png", ids)
    return root


def write_ade20k(root: Path, masks: Mapping[str, np.ndarray], part: str = "training") -> Path:
    for seed, (name, ids) in enumerate(masks.items()):
        write_image(root / "images" / part / f"{name}.jpg", photograph(*ids.shape, seed=seed))
        write_ids(root / "annotations" / part / f"{name}.png", ids)
    return root


def write_panoptic(root: Path, name: str, segments: np.ndarray, listed: list[dict]) -> Path:
    """One sample: (H, W) segment ids and their entries in the JSON."""
    write_image(root / "train2017" / f"{name}.jpg", photograph(*segments.shape))
    rgb = np.stack([segments & 255, segments >> 8 & 255, segments >> 16 & 255], -1)
    write_image(root / "annotations" / "panoptic_train2017" / f"{name}.png", rgb.astype(np.uint8))
    document = {
        "images": [{"id": 1, "file_name": f"{name}.jpg"}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [{"image_id": 1, "file_name": f"{name}.png", "segments_info": listed}],
    }
    (root / "annotations" / "panoptic_train2017.json").write_text(json.dumps(document))
    return root


def write_penn_fudan(root: Path, masks: Mapping[str, np.ndarray]) -> Path:
    for seed, (name, ids) in enumerate(masks.items()):
        write_image(root / "PNGImages" / f"{name}.png", photograph(*ids.shape, seed=seed))
        write_ids(root / "PedMasks" / f"{name}_mask.png", ids)
    return root


def write_ccp(root: Path, masks: Mapping[str, np.ndarray]) -> Path:
    for seed, (name, ids) in enumerate(masks.items()):
        write_image(root / "photos" / f"{name}.jpg", photograph(*ids.shape, seed=seed))
        path = root / "annotations" / "pixel-level" / f"{name}.mat"
        path.parent.mkdir(parents=True, exist_ok=True)
        scipy.io.savemat(path, {"groundtruth": ids}, do_compression=True)
    return root


def write_sbd(root: Path, masks: Mapping[str, np.ndarray], *, val: tuple[str, ...] = ()) -> Path:
    """SBD as it is published: a structure of which the second field is the mask."""
    base = root / "benchmark_RELEASE" / "dataset"
    for seed, (name, ids) in enumerate(masks.items()):
        write_image(base / "img" / f"{name}.jpg", photograph(*ids.shape, seed=seed))
        path = base / "cls" / f"{name}.mat"
        path.parent.mkdir(parents=True, exist_ok=True)
        boundaries = np.empty((20, 1), object)
        boundaries[:, 0] = [scipy.sparse.csc_matrix(ids == 15) for _ in range(20)]
        present = np.unique(ids[ids > 0])[:, None]
        fields = {"Boundaries": boundaries, "Segmentation": ids, "CategoriesPresent": present}
        scipy.io.savemat(path, {"GTcls": fields}, do_compression=True)
    for split, names in {"train": [n for n in masks if n not in val], "val": val}.items():
        (base / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
    return base


def write_instances(root: Path, images: list[dict], annotations: list[dict]) -> Path:
    """COCO val2017: the JSON, and a photograph for each of its images."""
    for seed, image in enumerate(images):
        rgb = photograph(image["height"], image["width"], seed=seed)
        write_image(root / "val2017" / image["file_name"], rgb)
    table = root / "annotations" / "instances_val2017.json"
    table.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "info": {"year": 2017},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person"}],
    }
    table.write_text(json.dumps(document))
    return table


def write_ade20k_full(root: Path, classes: Mapping[str, np.ndarray]) -> Path:
    """Full ADE20K of 2021: (H, W) class numbers up to 3,688, coded in red and green."""
    folder = root / "ADE20K_2021_17_01" / "images" / "ADE" / "training" / "urban" / "street"
    for seed, (name, ids) in enumerate(classes.items()):
        write_image(folder / f"ADE_train_{name}.jpg", photograph(*ids.shape, seed=seed))
        instance = np.unique(ids, return_inverse=True)[1].reshape(ids.shape)
        rgb = np.stack([ids // 256 * 10, ids % 256, instance], -1).astype(np.uint8)
        write_image(folder / f"ADE_train_{name}_seg.png", rgb)
        write_image(folder / f"ADE_train_{name}_parts_1.png", rgb)
        write_ids(folder / f"ADE_train_{name}" / "instance_000.png", np.zeros((4, 4), np.uint8))
    return root / "ADE20K_2021_17_01"
