"""Show a champion's worst samples in FiftyOne in a process of its own, and print what was seen."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from dataset_build.review.review_fiftyone import configure_fiftyone, push_queue
from dataset_build.review.review_samples import QueueFiles
from dataset_build.review.review_views import WORST_VIEW
from dataset_build.review.review_worst import push_worst
from tests.dataset_build.factories_ledger import new_folder
from tests.dataset_build.review.test_review_worst import judged_dataset, rank, worst_files

DATASET = "worst"


def view(dataset) -> list[list[object]]:
    dataset.reload()
    shown = dataset.load_saved_view(WORST_VIEW)
    names = ["sample_id", "champion_iou", "champion", "kind", "tags"]
    return [list(row) for row in zip(*shown.values(names), strict=True)]


def main(folder: Path) -> dict[str, object]:
    configure_fiftyone(folder / "database", uri=None)
    files = judged_dataset(folder)
    queue = rank(files, new_folder(folder / "queue"), limit=1)
    queued = QueueFiles(
        queue=queue, ledger=files.ledger, source_roots=files.source_roots, packs=files.packs
    )
    masks = folder / "masks"
    push_queue(queued, dataset_name=DATASET, mask_dir=masks)
    import fiftyone

    dataset = fiftyone.load_dataset(DATASET)
    first = dataset.first()
    first.tags = ["keep"]
    first.save()
    seen: dict[str, object] = {"queued": first.sample_id}
    seen["pushed"] = push_worst(files, dataset_name=DATASET, mask_dir=masks)
    seen["view"] = view(dataset)
    worst = dataset.load_saved_view(WORST_VIEW).first()
    seen["answered_px"] = int((worst.prediction.get_mask() == 255).sum())
    seen["mask_px"] = int((worst.ground_truth.get_mask() == 255).sum())
    seen["in_queue"] = len(dataset.load_saved_view("queue"))
    seen["active"] = dataset.app_config.active_fields.paths
    push_queue(queued, dataset_name=DATASET, mask_dir=masks)
    fewer = worst_files(files, [("b", 0.7)], new_folder(folder / "later"), champion="stdc1 222")
    push_worst(fewer, dataset_name=DATASET, mask_dir=masks)
    seen["later"] = view(dataset)
    return seen


if __name__ == "__main__":
    result = main(Path(sys.argv[1]))
    Path(sys.argv[1], "seen.json").write_text(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)
