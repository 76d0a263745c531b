"""Walk a review through FiftyOne in a process of its own, and print what was seen as JSON.

FiftyOne can be pointed at a database once per process, and the last step kills that database.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import psutil

from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.ledger.cleaning import clean
from dataset_build.ledger.corrections import open_corrections, write_masks
from dataset_build.ledger.decisions import read_decisions, read_invalid
from dataset_build.ledger.ledger import read_ledger
from dataset_build.review import review_fiftyone
from dataset_build.review.review import QueueInputs, rank_queue
from dataset_build.review.review_database import ReviewUnavailableError
from dataset_build.review.review_fiftyone import configure_fiftyone, pull_decisions, push_queue
from dataset_build.review.review_samples import QueueFiles
from dataset_build.review.review_views import KIND_VIEWS
from dataset_build.sources.mask_pictures import to_greys
from tests.dataset_build.factories_ledger import by_id, new_folder, sample, sha, write_ledger_file
from tests.dataset_build.factories_sources import photograph, write_image

DATASET = "walk"
NAMES = ("a", "b", "c", "d")
#: The images are as small as their masks.
ANY_SIZE = DatasetConfig(cleaning=CleaningRules(min_side_px=1))


def shown_mask() -> np.ndarray:
    """One human pixel and one ignored one."""
    mask = np.zeros((24, 32), np.uint8)
    mask[0, 0], mask[0, 1] = 1, 255
    return mask


def corrected_mask() -> np.ndarray:
    """A person of 8 x 10 px."""
    mask = np.zeros((24, 32), np.uint8)
    mask[4:14, 4:12] = 1
    return mask


class Walk:
    """The folders of one review."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pulls = 0
        self.root = folder / "voc"
        rows = [sample(name, width=32, height=24) for name in NAMES]
        rows[0] |= {"luma_mean": 21.0}
        for seed, row in enumerate(rows):
            write_image(self.root / row["image_path"], photograph(seed=seed))
        self.ledger = write_ledger_file(folder / "ledger", rows)
        new_folder(folder / "queue")
        self.rank(limit=4)
        self.pack, self.predictions = new_folder(folder / "pack"), new_folder(folder / "seen")
        write_masks({f"voc/{name}": shown_mask() for name in NAMES}, self.pack)
        write_masks({sha("voc/a"): corrected_mask()}, self.predictions)

    def rank(self, limit: int) -> None:
        inputs = QueueInputs(rules=ANY_SIZE.cleaning)
        rank_queue(self.ledger, self.folder / "queue", limit=limit, inputs=inputs)

    def push(self) -> int:
        files = QueueFiles(
            queue=self.folder / "queue" / "queue.parquet",
            ledger=self.ledger,
            source_roots={"voc": self.root},
            packs={"voc": self.pack},
            predictions=self.predictions,
        )
        return push_queue(files, dataset_name=DATASET, mask_dir=self.folder / "masks")

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


def relabel(dataset, seen: dict[str, object]) -> None:
    """Paint on the picture of ``b`` and set the array of ``d``; ``c`` keeps its mask."""
    b = dataset.one({"key": sha("voc/b")})
    cv2.imwrite(b.ground_truth.mask_path, to_greys(corrected_mask()))
    d = dataset.one({"key": sha("voc/d")})
    d.ground_truth.mask = to_greys(corrected_mask()[::-1])
    d.save()
    for name in "bcd":
        tag(dataset, name, "relabel")
    seen["painted_on"] = b.ground_truth.mask_path


def look(dataset) -> dict[str, object]:
    """What a reviewer has on screen after the first push."""
    queue = dataset.load_saved_view("queue")
    first = queue.first()
    return {
        "persistent": dataset.persistent,
        "active": dataset.app_config.active_fields.paths,
        "order": queue.values("sample_id"),
        "why": first.why,
        "kinds": queue.values("kind"),
        "views": dataset.list_saved_views(),
        "in_views": {k: len(dataset.load_saved_view(v)) for k, (v, _) in KIND_VIEWS.items()},
        "mask": first.ground_truth.get_mask()[0, :3].tolist(),
        "prediction": int((first.prediction.get_mask() == 255).sum()),
        "predictions": dataset.count("prediction"),
        "size": [first.metadata.width, first.metadata.height],
        "images_exist": all(Path(path).is_file() for path in dataset.values("filepath")),
    }


def walk_relabel(walk: Walk, dataset, previous: Path) -> dict[str, object]:
    """Two masks corrected, one only tagged; push again, rebuild, push again."""
    seen: dict[str, object] = {}
    relabel(dataset, seen)
    first = walk.pull(previous)
    seen["decided"] = decided(first)
    seen["invalid"] = [[one.sample_id, one.problem] for one in read_invalid(first.parent)]
    seen["by"] = sorted({row.decided_by for row in read_decisions(first).values()})
    pack = open_corrections(first)
    seen["pixels"] = {name: int(np.sum(pack.read(sha(f"voc/{name}")) == 1)) for name in ("b", "d")}
    walk.push()
    dataset.reload()
    kept = dataset.one({"key": sha("voc/b")}).ground_truth.mask_path
    seen["painting_survives_a_push"] = kept == seen.pop("painted_on")
    clean(walk.ledger, new_folder(walk.folder / "again"), config=ANY_SIZE, decisions=first)
    walk.ledger = walk.folder / "again" / "ledger.parquet"
    rows = by_id(read_ledger(walk.ledger))
    seen["human_px"] = {name: rows[f"voc/{name}"]["human_px"] for name in ("b", "d")}
    walk.push()
    dataset.reload()
    shown = dataset.one({"key": sha("voc/b")})
    seen["shown_after"] = int((shown.ground_truth.get_mask() == 255).sum())
    seen["same_bytes"] = walk.pull(first).read_bytes() == first.read_bytes()
    return seen


def walk_leftovers(walk: Walk, dataset) -> dict[str, object]:
    """Three samples leave the queue: one is tagged, one painted on, one neither."""
    tag(dataset, "b", "keep")
    painted = Path(dataset.one({"key": sha("voc/c")}).ground_truth.mask_path)
    cv2.imwrite(str(painted), to_greys(corrected_mask()))
    walk.rank(limit=1)
    seen: dict[str, object] = {"queued": walk.push()}
    dataset.reload()
    seen["at_first"] = sorted(dataset.values("sample_id"))
    review_fiftyone.UNUSED_FOR = timedelta(0)
    walk.push()
    dataset.reload()
    seen["later"] = sorted(dataset.values("sample_id"))
    pictures = [path.name for path in walk.folder.joinpath("masks").glob("*.png")]
    seen["pictures"] = [
        name for name in NAMES if any(p.startswith(sha(f"voc/{name}")) for p in pictures)
    ]
    seen["painted_is_there"] = painted.is_file()
    return seen


def main(folder: Path) -> dict[str, object]:
    configure_fiftyone(folder / "database", uri=None)
    walk = Walk(folder)
    seen: dict[str, object] = {"pushed": walk.push()}
    import fiftyone

    dataset = fiftyone.load_dataset(DATASET)
    seen |= look(dataset)
    dataset.info["reviewers"] = [{"name": "ann", "at": datetime.now(UTC).isoformat()}]
    dataset.save()

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

    clean(walk.ledger, new_folder(folder / "cleaned"), config=ANY_SIZE, decisions=again)
    rows = by_id(read_ledger(folder / "cleaned"))
    seen["fates"] = {name: rows[f"voc/{name}"]["reason"] for name in NAMES}

    tag(dataset, "b")
    withdrawn = walk.pull(again)
    seen["withdrawn"] = decided(withdrawn)
    seen["relabel"] = walk_relabel(walk, dataset, withdrawn)
    fiftyone.delete_dataset(DATASET)
    seen["lost"] = decided(walk.pull(withdrawn))
    walk.push()
    seen["created_anew"] = decided(walk.pull(withdrawn))
    seen["leftovers"] = walk_leftovers(walk, fiftyone.load_dataset(DATASET))

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
