"""The samples of one split, read from where they lie: images in their sources, masks in packs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dataset_build.ledger.corrections import SampleMasks
from dataset_build.ledger.fates import REMOVED
from dataset_build.ledger.ledger import read_ledger
from dataset_build.sources.image_files import decode_rgb
from dataset_build.sources.object_kinds import TABLES, ObjectKinds

U8 = npt.NDArray[np.uint8]

_COLUMNS = (
    "sample_id",
    "source",
    "image_path",
    "image_sha256",
    "mask_sha256",
    "mask_correction",
    "licence",
    "width",
    "height",
    "human_px",
    "tallest_region_share",
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An image and its mask.

    Args:
        image_hwc_rgb: (H, W, 3) uint8.
        mask_hw: (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE; where a split tells kinds, also of
            these, all of which are not human.
        image_sha256: of the image file, in a dataset; "" elsewhere.

    Raises:
        ValueError: image and mask differ in size.
    """

    sample_id: str
    source: str
    image_hwc_rgb: U8
    mask_hw: U8
    image_sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse a pair that cannot belong together."""
        if self.image_hwc_rgb.shape != (*self.mask_hw.shape, 3):
            raise ValueError(
                f"{self.sample_id}: image {self.image_hwc_rgb.shape} and mask"
                f" {self.mask_hw.shape} differ in size; scan and pack {self.source} again"
            )


class SplitData:
    """The samples of one split, by number, sorted by sample id.

    Args:
        ledger: ``ledger.parquet`` of the split dataset, or its folder.
        packs: source -> folder of its packed masks.
        roots: source -> folder of its images.
        split: train, val or test.
        kinds: what tells the kinds beside people; None: masks tell people only.

    Raises:
        ValueError: the split is empty, or a source has no pack or no root.
    """

    def __init__(
        self,
        ledger: Path,
        packs: Mapping[str, Path],
        roots: Mapping[str, Path],
        split: str,
        *,
        kinds: ObjectKinds | None = None,
    ) -> None:
        table = read_ledger(ledger).select([*_COLUMNS, "fate", "split"])
        rows = [
            row for row in table.to_pylist() if row["fate"] != REMOVED and row["split"] == split
        ]
        rows.sort(key=lambda row: str(row["sample_id"]))
        self.split = split
        self.sample_ids: tuple[str, ...] = tuple(row["sample_id"] for row in rows)
        self.sources: tuple[str, ...] = tuple(row["source"] for row in rows)
        #: Source -> licence of its images, as the source states it.
        self.licences = {str(row["source"]): str(row["licence"]) for row in rows}
        self._images = tuple(row["image_path"] for row in rows)
        self._images_sha256 = tuple(str(row["image_sha256"]) for row in rows)
        self._sizes_hw = tuple((int(row["height"]), int(row["width"])) for row in rows)
        self._human_px = tuple(int(row["human_px"] or 0) for row in rows)
        self._tallest = tuple(float(row["tallest_region_share"] or 0.0) for row in rows)
        self.digest = _digest(rows)
        self._roots = dict(roots)
        self._kinds = kinds
        self._require_sources(packs)
        self._masks = SampleMasks({name: packs[name] for name in sorted(set(self.sources))}, ledger)

    def __len__(self) -> int:
        return len(self.sample_ids)

    @property
    def tells_kinds(self) -> bool:
        """Whether the masks of any sample tell what is beside people."""
        return self._kinds is not None and any(source in TABLES for source in self.sources)

    def has_people(self, index: int) -> bool:
        """Whether any pixel of the sample's full-size mask is human."""
        return self._human_px[index] > 0

    def tallest_person_share(self, index: int) -> float:
        """Height of the tallest human region as a fraction of the image's; 0 without people."""
        return self._tallest[index]

    def load(self, index: int, *, max_side_px: int | None = None) -> Sample:
        """Decode one sample.

        Args:
            index: 0 .. len - 1.
            max_side_px: the longer side is shrunk to this, never enlarged; None for full size.

        Raises:
            SampleFault: the image is damaged.
            FileNotFoundError: the image is gone.
            ValueError: image and mask no longer fit together.
        """
        sample_id, source = self.sample_ids[index], self.sources[index]
        full_hw = self._sizes_hw[index]
        mask = self._masks.read(source, sample_id)
        if mask.shape != full_hw:
            raise ValueError(
                f"{sample_id}: packed mask {mask.shape}, ledger {full_hw}; pack {source} again"
            )
        if self._kinds is not None:
            mask = self._kinds.told_beside(mask, source, sample_id)
        data = (self._roots[source] / self._images[index]).read_bytes()
        size_hw = fitted_size(full_hw, max_side_px)
        if size_hw == full_hw:
            image = decode_rgb(data)
        else:
            image = resize_image(decode_rgb(data, min_width_px=size_hw[1]), size_hw)
        return Sample(
            sample_id=sample_id,
            source=source,
            image_hwc_rgb=image,
            mask_hw=resize_mask(mask, size_hw),
            image_sha256=self._images_sha256[index],
        )

    def _require_sources(self, packs: Mapping[str, Path]) -> None:
        if not self.sample_ids:
            raise ValueError(
                f"no samples in split {self.split!r}; rebuild the dataset with more images or"
                " other shares"
            )
        for given, what in ((packs, "packed masks"), (self._roots, "folder of images")):
            missing = sorted(set(self.sources) - set(given))
            if missing:
                raise ValueError(
                    f"split {self.split!r} needs {what} of {', '.join(missing)}; got those of"
                    f" {', '.join(sorted(given)) or 'no source'}"
                )


def fitted_size(size_hw: tuple[int, int], max_side_px: int | None) -> tuple[int, int]:
    """Height and width with the same aspect and the longer side at most ``max_side_px``."""
    longer = max(size_hw)
    if max_side_px is None or longer <= max_side_px:
        return size_hw
    height, width = (max(1, round(side * max_side_px / longer)) for side in size_hw)
    return height, width


def resize_image(image_hwc_rgb: U8, size_hw: tuple[int, int]) -> U8:
    """Area average where it shrinks, linear where it grows; the image itself at its own size."""
    height, width = image_hwc_rgb.shape[:2]
    if (height, width) == size_hw:
        return image_hwc_rgb
    shrinks = size_hw[0] * size_hw[1] < height * width
    mode = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image_hwc_rgb, size_hw[::-1], interpolation=mode), np.uint8)


def resize_mask(mask_hw: U8, size_hw: tuple[int, int]) -> U8:
    """Nearest neighbour: no value appears that was not there."""
    if mask_hw.shape == size_hw:
        return mask_hw
    mode = cv2.INTER_NEAREST_EXACT
    return np.asarray(cv2.resize(mask_hw, size_hw[::-1], interpolation=mode), np.uint8)


def _digest(rows: list[dict[str, object]]) -> str:
    """Names the pixels: sample ids with the content hashes of image and mask, corrected or not."""
    digest = hashlib.sha256()
    for row in rows:
        mask = row["mask_correction"] or row["mask_sha256"]
        line = f"{row['sample_id']} {row['image_sha256']} {mask}\n"
        digest.update(line.encode())
    return digest.hexdigest()
