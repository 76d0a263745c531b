"""Walk a review through FiftyOne in a process of its own, and print what was seen as JSON.

FiftyOne can be pointed at a database once per process, and the last step kills that database.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.cleaning import clean
from dataset_build.config import DatasetConfig
from dataset_build.decisions import read_decisions
from dataset_build.ledger import read_ledger
from dataset_build.mask_pack import MASK_INDEX, pack_mask
from dataset_build.review import rank_queue
from dataset_build.review_database import ReviewUnavailableError
from dataset_build.review_fiftyone import configure_fiftyone, pull_decisions, push_queue
from tests.dataset_build.factories_ledger import by_id, new_folder, sample, sha, write_ledger_file
from tests.dataset_build.factories_sources import photograph, write_image

DATASET = "walk"
NAMES = ("a", "b", "c", "d")


def write_pack(folder: Path) -> Path:
    """A pack in which every mask shows one human pixel and one ignored one."""
    mask = np.zeros((24, 32), np.uint8)
    mask[0, 0], mask[0, 1] = 1, 255
    blob = pack_mask(mask)
    rows = [
        {
            "sample_id": f"voc/{name}",
            "offset": i * len(blob),
            "length": len(blob),
            "height": 24,
            "width": 32,
            "sha256": sha("mask"),
        }
        for i, name in enumerate(NAMES)
    ]
    new_folder(folder)
    (folder / "masks.pack").write_bytes(blob * len(NAMES))
    pq.write_table(pa.Table.from_pylist(rows, schema=MASK_INDEX), folder / "masks.parquet")
    return folder


class Walk:
    """The folders of one review."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pulls = 0
        self.root = folder / "voc"
        rows = [sample(name) for name in NAMES]
        rows[0] |= {"luma_mean": 21.0}
        for seed, row in enumerate(rows):
            write_image(self.root / row["image_path"], photograph(seed=seed))
        self.ledger = write_ledger_file(folder / "ledger", rows)
        rank_queue(self.ledger, new_folder(folder / "queue"), limit=4)
        self.pack = write_pack(folder / "pack")

    def push(self) -> int:
        return push_queue(
            self.folder / "queue" / "queue.parquet",
            self.ledger,
            {"voc": self.root},
            {"voc": self.pack},
            dataset_name=DATASET,
            mask_dir=self.folder / "masks",
        )

    def pull(self, previous: Path | None = None) -> Path:
        self.pulls += 1
        out = new_folder(self.folder / f"decisions{self.pulls}")
        return pull_decisions(DATASET, out, previous=previous).path


def decided(path: Path) -> dict[str, str]:
    """Image name -> decision."""
    names = {sha(f"voc/{name}"): name for name in NAMES}
    return {names[key]: row.decision for key, row in read_decisions(path).items()}


def tag(dataset, name: str, *tags: str) -> None:
    found = dataset.one({"key": sha(f"voc/{name}")})
    found.tags = list(tags)
    found.save()


def main(folder: Path) -> dict[str, object]:
    configure_fiftyone(folder / "database", uri=None)
    walk = Walk(folder)
    seen: dict[str, object] = {"pushed": walk.push()}
    import fiftyone

    dataset = fiftyone.load_dataset(DATASET)
    seen["persistent"] = dataset.persistent
    seen["active"] = dataset.app_config.active_fields.paths
    seen["order"] = dataset.load_saved_view("queue").values("sample_id")
    seen["why"] = dataset.load_saved_view("queue").values("why")[0]
    seen["mask"] = dataset.first().ground_truth.get_mask()[0, :3].tolist()
    seen["images_exist"] = all(Path(path).is_file() for path in dataset.values("filepath"))

    seen["untouched"] = decided(walk.pull())
    tag(dataset, "a", "reject", "glare")
    tag(dataset, "b", "keep")
    tag(dataset, "c", "keep", "reject")
    dataset.set_values("why", {sha("voc/d"): "outdated"}, key_field="key")
    first = walk.pull()
    seen["first"] = decided(first)
    walk.push()
    dataset.reload()
    seen["size_after_second_push"] = len(dataset)
    seen["why_after_second_push"] = dataset.one({"key": sha("voc/d")}).why
    again = walk.pull(first)
    seen["same_bytes"] = first.read_bytes() == again.read_bytes()

    clean(walk.ledger, new_folder(folder / "cleaned"), config=DatasetConfig(), decisions=again)
    rows = by_id(read_ledger(folder / "cleaned"))
    seen["fates"] = {name: rows[f"voc/{name}"]["reason"] for name in NAMES}

    tag(dataset, "b")
    withdrawn = walk.pull(again)
    seen["withdrawn"] = decided(withdrawn)
    fiftyone.delete_dataset(DATASET)
    seen["lost"] = decided(walk.pull(withdrawn))
    walk.push()
    seen["created_anew"] = decided(walk.pull(withdrawn))

    (server,) = [p for p in psutil.Process().children(recursive=True) if p.name() == "mongod"]
    server.kill()
    server.wait(10)
    started = time.monotonic()
    try:
        walk.pull(withdrawn)
    except ReviewUnavailableError as error:
        seen["killed"] = str(error)
    seen["killed_wait_s"] = time.monotonic() - started
    return seen


if __name__ == "__main__":
    result = main(Path(sys.argv[1]))
    Path(sys.argv[1], "seen.json").write_text(json.dumps(result))
    os._exit(0)  # FiftyOne's farewell would wait half a minute for the killed database
