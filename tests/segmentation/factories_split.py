"""A drawn split on disk: bright figures on dark ground, with ledger, mask pack and images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.scan.mask_pack import INDEX_FILE, MASK_INDEX, PACK_FILE, pack_mask
from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.config import TrainConfig
from segmentation.data import SplitData
from tests.dataset_build.factories_ledger import entry, ledger_table, sample

#: Trains in a second: the least that the recipe allows.
TINY = TrainConfig(
    crop_px=32,
    batch_size=2,
    steps=6,
    warmup_steps=1,
    max_side_px=64,
    checkpoint_every=2,
    validate_every=3,
    validation_images=2,
    validation_side_px=48,
    threads=1,
    workers=0,
    min_person_px=8,
    max_person_px=24,
)


@dataclass(frozen=True)
class Drawn:
    """A drawn image with its mask."""

    source: str
    name: str
    image_hwc_rgb: np.ndarray
    mask_hw: np.ndarray
    split: str = "train"
    fate: str = "kept"

    @property
    def sample_id(self) -> str:
        return f"{self.source}/{self.name}"


def draw(name: str, *, people: int = 1, size_hw=(48, 64), source="voc", seed=0, **other) -> Drawn:
    """Dark noise; each person is a bright upright ellipse with an ignored outline."""
    rng = np.random.default_rng((seed, len(name), *name.encode()))
    image = rng.integers(0, 60, (*size_hw, 3), dtype=np.uint8)
    mask = np.zeros(size_hw, np.uint8)
    for _ in range(people):
        centre = (int(rng.integers(10, size_hw[1] - 10)), int(rng.integers(16, size_hw[0] - 15)))
        cv2.ellipse(mask, centre, (7, 15), 0, 0, 360, IGNORE, thickness=-1)
        cv2.ellipse(mask, centre, (6, 14), 0, 0, 360, HUMAN, thickness=-1)
        cv2.ellipse(image, centre, (6, 14), 0, 0, 360, (230, 200, 180), thickness=-1)
    return Drawn(source, name, image, mask, **other)


def write_split(folder: Path, drawn: Sequence[Drawn], split: str = "train") -> SplitData:
    """Images, packs and ledger on disk, opened as a split."""
    sources = sorted({d.source for d in drawn})
    for source in sources:
        write_source(folder, [d for d in drawn if d.source == source])
    pq.write_table(ledger_table([_row(d) for d in drawn]), folder / "ledger.parquet")
    return open_split(folder, sources, split)


def open_split(folder: Path, sources: Sequence[str], split: str) -> SplitData:
    packs = {source: folder / "packs" / source for source in sources}
    roots = {source: folder / "roots" / source for source in sources}
    return SplitData(folder / "ledger.parquet", packs, roots, split)


def write_source(folder: Path, drawn: Sequence[Drawn]) -> None:
    root, pack = folder / "roots" / drawn[0].source, folder / "packs" / drawn[0].source
    root.mkdir(parents=True)
    pack.mkdir(parents=True)
    index, offset = [], 0
    with (pack / PACK_FILE).open("wb") as blobs:
        for d in sorted(drawn, key=lambda d: d.sample_id):
            cv2.imwrite(str(root / f"{d.name}.png"), d.image_hwc_rgb[..., ::-1])
            blob = pack_mask(d.mask_hw)
            blobs.write(blob)
            index.append(_index_row(d, offset, len(blob)))
            offset += len(blob)
    pq.write_table(pa.Table.from_pylist(index, MASK_INDEX), pack / INDEX_FILE)


def _index_row(d: Drawn, offset: int, length: int) -> dict[str, object]:
    height, width = d.mask_hw.shape
    digest = hashlib.sha256(d.mask_hw.tobytes()).hexdigest()
    return {
        "sample_id": d.sample_id,
        "offset": offset,
        "length": length,
        "height": height,
        "width": width,
        "sha256": digest,
    }


def _row(d: Drawn) -> dict[str, object]:
    height, width = d.mask_hw.shape
    people = (d.mask_hw == HUMAN).any(axis=1)
    row = sample(
        d.name,
        source=d.source,
        image_path=f"{d.name}.png",
        width=width,
        height=height,
        human_px=int((d.mask_hw == HUMAN).sum()),
        tallest_region_share=28 / height if people.any() else 0.0,
        image_sha256=hashlib.sha256(d.image_hwc_rgb.tobytes()).hexdigest(),
    )
    removed = d.fate == "removed"
    return entry(row, split="" if removed else d.split, fate=d.fate)


def small_split(folder: Path) -> SplitData:
    """Three images with people and one without, of two sources."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_split(
        folder,
        [
            draw("a"),
            draw("b", people=2),
            draw("c", source="ade20k"),
            draw("empty", people=0),
        ],
    )
