"""Queued samples as a viewer needs them: absolute image path, mask pictures that can be edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.ledger.corrections import SampleMasks
from dataset_build.ledger.ledger import read_ledger
from dataset_build.scan.mask_pack import MaskPack
from dataset_build.sources.mask_pictures import write_picture

PREDICTIONS = "predictions"
_COLUMNS = ["sample_id", "image_path", "width", "height"]


@dataclass(frozen=True, kw_only=True)
class QueueFiles:
    """Where the queue and everything that it shows lie.

    Args:
        queue: ``queue.parquet``.
        ledger: ``ledger.parquet`` with the paths of the images, corrected masks beside it.
        source_roots: source -> folder that image paths are relative to.
        packs: source -> folder of its packed masks.
        predictions: folder of packed masks as the model sees them, by the image's sha256, so that
            none is shown beside another image of the same name; None before there is a model.
    """

    queue: Path
    ledger: Path
    source_roots: Mapping[str, Path]
    packs: Mapping[str, Path]
    predictions: Path | None = None


@dataclass(frozen=True, kw_only=True)
class QueuedSample:
    """One sample as FiftyOne shall show it.

    Args:
        place: 1 is the most urgent; members of a pair follow each other.
        prediction_path: what the model sees; "" where it was not asked.
    """

    key: str
    filepath: str
    sample_id: str
    source: str
    kind: str
    pair: str
    why: str
    priority: float
    place: int
    width: int
    height: int
    mask_path: str
    prediction_path: str


def queued_samples(files: QueueFiles, mask_dir: Path) -> Iterator[QueuedSample]:
    """Join queue and ledger, and see that ``mask_dir`` holds the mask pictures of each sample.

    A picture that is there already, maybe painted on by the reviewer, is left as it is.

    Raises:
        ValueError: a source without root or pack, or a sample that the ledger does not know.
        OSError: a picture could not be written.
    """
    yield from shown_samples(pq.read_table(files.queue).to_pylist(), files, mask_dir)


def shown_samples(
    rows: Sequence[Mapping[str, Any]], files: QueueFiles, mask_dir: Path
) -> Iterator[QueuedSample]:
    """The same for rows with the columns of ``queue.parquet``, in this order.

    Raises:
        ValueError: a source without root or pack, or a sample that the ledger does not know.
        OSError: a picture could not be written.
    """
    table = read_ledger(files.ledger)
    names = pa.array(sorted({row["sample_id"] for row in rows}), pa.string())
    wanted = table.filter(pc.is_in(table["sample_id"], names))
    known = {row["sample_id"]: row for row in wanted.select(_COLUMNS).to_pylist()}
    sources = {row["source"] for row in rows}
    _require_known("root or pack", sources, files.source_roots.keys() & files.packs)
    _require_known("ledger row", {row["sample_id"] for row in rows}, known)
    masks = SampleMasks({source: files.packs[source] for source in sources}, files.ledger)
    predicted = MaskPack(files.predictions) if files.predictions else None
    (mask_dir / PREDICTIONS).mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(rows):
        sample_id, key = row["sample_id"], row["image_sha256"]
        entry = known[sample_id]
        root = files.source_roots[row["source"]]
        mask_path = write_picture(masks.read(row["source"], sample_id), mask_dir, key)
        size_wh = entry["width"], entry["height"]
        seen = _write_prediction(predicted, mask_dir / PREDICTIONS, key, size_wh)
        yield QueuedSample(
            key=key,
            filepath=str((root / entry["image_path"]).resolve()),
            **{name: row[name] for name in ("sample_id", "source", "kind", "pair", "why")},
            priority=row["priority"],
            place=number + 1,
            width=entry["width"],
            height=entry["height"],
            mask_path=str(mask_path.resolve()),
            prediction_path=str(seen.resolve()) if seen else "",
        )


def _write_prediction(
    predicted: MaskPack | None, folder: Path, key: str, size_wh: tuple[int, int]
) -> Path | None:
    """What the model sees, at the size of the image."""
    if predicted is None or key not in predicted:
        return None
    mask = cv2.resize(predicted.read(key), size_wh, interpolation=cv2.INTER_NEAREST_EXACT)
    return write_picture(mask, folder, key)


def _require_known(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    missing = sorted(set(names) - set(known))
    if missing:
        raise ValueError(
            f"no {what} for {', '.join(missing[:5])}; build the queue again from the current ledger"
        )
