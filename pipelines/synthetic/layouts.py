"""Published layouts of VOC, COCO-Stuff 164k and ADE20K: paths, class ids, encodings of masks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pipelines.synthetic.canvas import Material
from pipelines.synthetic.figures import ImageArray
from pipelines.synthetic.samples import Drawn

#: Share of samples in the official validation list.
VALIDATION_SHARE = 0.2
JPEG_QUALITY = 90

M = Material
#: VOC 2012 classes; everything else is background (0), borders are 255.
VOC_IDS = {M.PERSON: 15, M.CAR: 7, M.ANIMAL: 12, M.FURNITURE: 9}
#: COCO-Stuff 164k pixel ids (the label list less one); 255 is unlabelled.
COCO_IDS = {
    M.UNLABELLED: 255,
    M.PERSON: 0,
    M.SKY: 156,
    M.BUILDING: 95,
    M.ROAD: 148,
    M.PAVEMENT: 139,
    M.GRASS: 123,
    M.TREE: 168,
    M.WALL: 171,
    M.FLOOR: 114,
    M.CEILING: 101,
    M.DOOR: 111,
    M.WINDOW: 180,
    M.SHELF: 155,
    M.CAR: 2,
    M.POST: 163,
    M.ANIMAL: 17,
    M.STATUE: 161,
    M.POSTER: 138,
    M.FURNITURE: 122,
    M.BAG: 32,
}
#: ADE20K SceneParsing ids; 0 is unlabelled, and there is no 255.
ADE_IDS = {
    M.UNLABELLED: 0,
    M.PERSON: 13,
    M.SKY: 3,
    M.BUILDING: 2,
    M.ROAD: 7,
    M.PAVEMENT: 12,
    M.GRASS: 10,
    M.TREE: 5,
    M.WALL: 1,
    M.FLOOR: 4,
    M.CEILING: 6,
    M.DOOR: 15,
    M.WINDOW: 9,
    M.SHELF: 25,
    M.CAR: 21,
    M.POST: 94,
    M.ANIMAL: 127,
    M.STATUE: 133,
    M.POSTER: 101,
    M.FURNITURE: 16,
    M.BAG: 116,
}


class Layout:
    """Where one published dataset keeps images and masks, and how its masks are encoded."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name
        self.listed: dict[str, list[str]] = {"train": [], "val": []}

    def sample_id(self, index: int, split: str) -> str:
        """The project's id of a sample."""
        folders, stem = _FOLDERS[self.name], self.stem(index, split)
        return (
            f"{self.name}/{stem}" if self.name == "voc" else f"{self.name}/{folders[split]}/{stem}"
        )

    def stem(self, index: int, split: str) -> str:
        """File name without suffix, numbered as published."""
        if self.name == "voc":
            return f"{2007 + index % 6}_{index + 1:06d}"
        if self.name == "coco_stuff":
            return f"{index * 37 + 9 + 500_000 * (split == 'val'):012d}"
        return f"ADE_{split}_{index + 1:08d}"

    def image_path(self, index: int, split: str) -> Path:
        """Path of the image; its folder exists afterwards."""
        return self._path(_IMAGES[self.name], index, split, ".jpg")

    def mask_path(self, index: int, split: str) -> Path:
        """Path of the mask; its folder exists afterwards."""
        return self._path(_MASKS[self.name], index, split, ".png")

    def add(self, index: int, split: str) -> str:
        """Register a sample in its list; returns its id."""
        self.listed[split].append(self.stem(index, split))
        return self.sample_id(index, split)

    def finish(self) -> None:
        """Write what lists the samples, where the layout has such lists."""
        if self.name != "voc":
            return
        folder = self.root / "VOCdevkit" / "VOC2012" / "ImageSets" / "Segmentation"
        folder.mkdir(parents=True, exist_ok=True)
        everything = {**self.listed, "trainval": self.listed["train"] + self.listed["val"]}
        for split, stems in everything.items():
            lines = "".join(f"{stem}\n" for stem in sorted(stems))
            (folder / f"{split}.txt").write_text(lines, encoding="ascii")

    def _path(self, pattern: str, index: int, split: str, suffix: str) -> Path:
        folder = self.root / pattern.format(_FOLDERS[self.name][split])
        folder.mkdir(parents=True, exist_ok=True)
        return folder / (self.stem(index, split) + suffix)


_FOLDERS = {
    "voc": {"train": "", "val": ""},
    "coco_stuff": {"train": "train2017", "val": "val2017"},
    "ade20k": {"train": "training", "val": "validation"},
}
_IMAGES = {
    "voc": "VOCdevkit/VOC2012/JPEGImages",
    "coco_stuff": "images/{}",
    "ade20k": "ADEChallengeData2016/images/{}",
}
_MASKS = {
    "voc": "VOCdevkit/VOC2012/SegmentationClass",
    "coco_stuff": "stuffthingmaps/{}",
    "ade20k": "ADEChallengeData2016/annotations/{}",
}
SOURCES = tuple(_FOLDERS)


def split_of(index: int) -> str:
    """Official split of a sample: every fifth is validation."""
    return "val" if index % round(1 / VALIDATION_SHARE) == 3 else "train"


PERSON_ID = {
    "voc": VOC_IDS[M.PERSON],
    "coco_stuff": COCO_IDS[M.PERSON],
    "ade20k": ADE_IDS[M.PERSON],
}


def class_ids(name: str, drawn: Drawn, rng: np.random.Generator) -> ImageArray:
    """The (H, W) ids of a sample as its source encodes them, unlabelled pixels included."""
    table = {"voc": VOC_IDS, "coco_stuff": COCO_IDS, "ade20k": ADE_IDS}[name]
    lookup = np.zeros(256, np.uint8)
    for material, class_id in table.items():
        lookup[material] = class_id
    ids = lookup[drawn.material]
    if name == "voc":
        return _with_border(ids, drawn.instance)
    return _with_gaps(ids, drawn.material, rng, void=lookup[Material.UNLABELLED])


def _with_border(ids: ImageArray, instance: ImageArray) -> ImageArray:
    """A 255 line around every thing, as wide as a small thing can bear."""
    labelled = np.where(ids > 0, instance, 0).astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    edge = cv2.dilate(labelled, kernel) != cv2.erode(labelled, kernel)
    return np.where(edge, np.uint8(255), ids)


def _with_gaps(
    ids: ImageArray, material: ImageArray, rng: np.random.Generator, *, void: int
) -> ImageArray:
    """Unlabelled patches where annotators left some: outlines of scenery, a blot or two."""
    height, width = ids.shape
    gaps = np.zeros(ids.shape, np.uint8)
    for _ in range(int(rng.integers(0, 4))):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(4, width // 6)), int(rng.integers(3, height // 8)))
        cv2.ellipse(gaps, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    gaps[material == Material.PERSON] = 0
    return np.where(gaps > 0, np.uint8(void), ids)


def write_jpeg(path: Path, rgb: ImageArray, quality: int = JPEG_QUALITY) -> None:
    """Write an RGB picture."""
    jpeg = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    path.write_bytes(jpeg.tobytes())


def write_mask(name: str, path: Path, ids: ImageArray) -> None:
    """Write class ids as the source does: a palette for VOC, grey for the others."""
    image = Image.fromarray(ids)
    if name == "voc":
        image = Image.frombytes("P", (ids.shape[1], ids.shape[0]), ids.tobytes())
        image.putpalette(voc_palette())
    image.save(path, format="PNG", compress_level=4)


def voc_palette() -> list[int]:
    """The published 256 colours: bits of the id dealt to red, green and blue from the top."""
    palette = []
    for class_id in range(256):
        for channel in range(3):
            value = sum(((class_id >> (3 * bit + channel)) & 1) << (7 - bit) for bit in range(3))
            palette.append(value)
    return palette
