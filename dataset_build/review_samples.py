"""Queued samples as a viewer needs them: absolute image path, visible mask picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.label_maps import HUMAN, IGNORE
from dataset_build.ledger import read_ledger
from dataset_build.mask_pack import MaskPack

#: Values of the mask pictures, far apart so that any viewer shows them.
HUMAN_GREY, IGNORE_GREY = 255, 128


@dataclass(frozen=True, kw_only=True)
class QueuedSample:
    """One sample as FiftyOne shall show it."""

    key: str
    filepath: str
    sample_id: str
    source: str
    why: str
    priority: float
    mask_path: str


def queued_samples(
    queue: Path,
    ledger: Path,
    source_roots: Mapping[str, Path],
    packs: Mapping[str, Path],
    mask_dir: Path,
) -> Iterator[QueuedSample]:
    """Join queue and ledger, and write one mask picture per sample into ``mask_dir``.

    Raises:
        ValueError: a source without root or pack, or a sample that the ledger does not know.
        OSError: a picture could not be written.
    """
    queued = pq.read_table(queue)
    rows = queued.to_pylist()
    table = read_ledger(ledger)
    wanted = table.filter(pc.is_in(table["sample_id"], pc.unique(queued["sample_id"])))
    image_path = dict(
        zip(wanted["sample_id"].to_pylist(), wanted["image_path"].to_pylist(), strict=True)
    )
    _require_known("root or pack", {row["source"] for row in rows}, source_roots.keys() & packs)
    _require_known("ledger row", {row["sample_id"] for row in rows}, image_path)
    opened = {source: MaskPack(packs[source]) for source in {row["source"] for row in rows}}
    mask_dir.mkdir(parents=True, exist_ok=True)
    for row in rows:
        mask_path = mask_dir / f"{row['image_sha256']}.png"
        _write_mask(opened[row["source"]].read(row["sample_id"]), mask_path)
        yield QueuedSample(
            key=row["image_sha256"],
            filepath=str((source_roots[row["source"]] / image_path[row["sample_id"]]).resolve()),
            sample_id=row["sample_id"],
            source=row["source"],
            why=row["why"],
            priority=row["priority"],
            mask_path=str(mask_path.resolve()),
        )


def _require_known(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    missing = sorted(set(names) - set(known))
    if missing:
        raise ValueError(
            f"no {what} for {', '.join(missing[:5])}; build the queue again from the current ledger"
        )


def _write_mask(mask_hw: npt.NDArray[np.uint8], path: Path) -> None:
    grey_of = np.zeros(256, np.uint8)
    grey_of[HUMAN], grey_of[IGNORE] = HUMAN_GREY, IGNORE_GREY
    if not cv2.imwrite(str(path), grey_of[mask_hw]):
        raise OSError(f"{path.name} could not be written; is the disk of mask_dir full?")
