"""The champion's worst samples in FiftyOne: its answer beside the mask, the lowest IoU first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from dataset_build.ledger.fates import REMOVED
from dataset_build.ledger.ledger import read_ledger
from dataset_build.review.review_database import database
from dataset_build.review.review_fiftyone import as_sample, segmentation, set_field
from dataset_build.review.review_samples import QueuedSample, QueueFiles, shown_samples
from dataset_build.review.review_views import open_dataset, save_worst_view


@dataclass(frozen=True, kw_only=True)
class WorstFiles:
    """Where the champion's worst answers and what they are about lie.

    Args:
        worst: ``worst.parquet``, the lowest IoU first.
        predictions: folder of the packed masks that it answered, by image sha256.
        champion: names the model, for the reader.
        ledger: ``ledger.parquet`` with the paths of the images.
        source_roots: source -> folder that image paths are relative to.
        packs: source -> folder of its packed masks.
    """

    worst: Path
    predictions: Path
    champion: str
    ledger: Path
    source_roots: Mapping[str, Path]
    packs: Mapping[str, Path]


def worst_samples(files: WorstFiles, mask_dir: Path) -> list[tuple[QueuedSample, float]]:
    """The worst samples that are still what was judged, with the IoU; the worst first.

    Args:
        files: see there.
        mask_dir: receives the mask pictures.
    """
    names = ("sample_id", "image_sha256", "fate")
    known = zip(*(read_ledger(files.ledger)[name].to_pylist() for name in names), strict=True)
    judged = {(sample_id, image) for sample_id, image, fate in known if fate != REMOVED}
    rows = [
        {**row, "kind": "", "pair": "", "why": "", "priority": 0.0}
        for row in pq.read_table(files.worst).to_pylist()
        if (row["sample_id"], row["image_sha256"]) in judged
    ]
    shown = QueueFiles(
        queue=files.worst,
        ledger=files.ledger,
        source_roots=files.source_roots,
        packs=files.packs,
        predictions=files.predictions,
    )
    samples = shown_samples(rows, shown, mask_dir)
    return [(one, float(row["iou"])) for one, row in zip(samples, rows, strict=True)]


def push_worst(files: WorstFiles, *, dataset_name: str, mask_dir: Path) -> int:
    """Show the champion's worst samples in the dataset of the review, as a view of their own.

    A sample that is there already keeps its place in the queue, its tags and its mask; one that is
    no longer among the worst loses its IoU.

    Args:
        files: what to show.
        dataset_name: in FiftyOne; made where there is none.
        mask_dir: receives one PNG per mask and per answer.

    Returns:
        Samples in the view.

    Raises:
        ReviewUnavailableError: the database does not answer.
        ValueError: a source without root or pack.
    """
    worst = worst_samples(files, mask_dir)
    with database() as fiftyone:
        dataset = open_dataset(fiftyone, dataset_name)
        known = set(dataset.values("key"))
        new = [sample for sample, _ in worst if sample.key not in known]
        dataset.add_samples([as_sample(fiftyone, sample) for sample in new], dynamic=False)
        places = {sample.key: place for place, (sample, _) in enumerate(worst, start=1)}
        values: dict[str, Callable[[QueuedSample, float], object]] = {
            "champion": lambda *_: files.champion,
            "champion_iou": lambda _, iou: iou,
            "champion_place": lambda sample, _: places[sample.key],
        }
        for field, value_of in values.items():
            gone = dict.fromkeys(known - places.keys())
            set_field(dataset, field, gone | {s.key: value_of(s, iou) for s, iou in worst})
        answers = {s.key: segmentation(fiftyone, s.prediction_path) for s, _ in worst}
        dataset.set_values("prediction", answers, key_field="key")
        save_worst_view(fiftyone, dataset)
    return len(worst)
