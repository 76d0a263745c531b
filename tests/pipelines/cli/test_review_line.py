"""Review through the real FiftyOne: the next rebuild drops what was tagged ``reject``, and trains
on the masks that were corrected.

FiftyOne's database is chosen once per process, so the walk runs in a process of its own:
``python -m tests.pipelines.cli.test_review_line <home>`` leaves ``seen.json`` in the home.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import dagster as dg
import numpy as np
import pyarrow.parquet as pq
import pytest

from dataset_build.review.review_views import WORST_VIEW
from dataset_build.sources.mask_pictures import HUMAN_GREY
from pipelines.resources import open_store
from pipelines.settings import load_settings
from pipelines.shell.runs import Planned, Runner
from segmentation.data import SplitData
from tests.pipelines.factories_walk import walk_and_leave, walked


@pytest.fixture(scope="module")
def seen(line, tmp_path_factory):
    """What the walk saw, over a copy of the finished line's dataset."""
    home = tmp_path_factory.mktemp("review")
    return walked("tests.pipelines.cli.test_review_line", line, home, patience_s=280)


def test_the_queue_is_shown_with_masks(seen):
    assert seen["shown"] == seen["queued"] > 0
    assert seen["worst"] > 0
    assert seen["masks_are_there"]


def test_a_rejected_sample_is_removed_by_the_next_rebuild(seen):
    assert seen["before"]["fate"] != "removed"
    assert seen["before"]["split"] == "train"
    after = seen["after"]
    assert (after["fate"], after["reason"], after["split"]) == ("removed", "review_reject", "")
    assert after["stage"] == "review"


def test_everything_else_keeps_its_place(seen):
    assert seen["left_their_split"] == []


def test_decisions_are_kept_by_the_images_hash(seen):
    assert sorted(seen["decisions"]) == sorted(
        [
            [seen["before"]["image_sha256"], "reject"],
            [seen["relabelled"]["image_sha256"], "relabel"],
        ]
    )


def test_a_corrected_mask_is_measured_and_stays_in_its_split(seen):
    row = seen["relabelled"]
    assert row["human_px"] == seen["painted_px"] > 0
    assert len(row["mask_correction"]) == 64
    assert (row["fate"], row["split"]) != ("removed", "")


def test_training_reads_the_corrected_mask(seen):
    assert seen["trained_px"] == seen["painted_px"]
    assert seen["digest_changed"]


def test_the_mask_on_screen_after_the_rebuild_is_the_corrected_one(seen):
    assert seen["shown_px"] == seen["painted_px"]
    assert seen["pulled_again"] == seen["decisions"]


def test_rejected_sample_is_not_queued_again(seen):
    assert seen["before"]["sample_id"] not in seen["queued_again"]


def rows_of(runner: Runner, asset: str, file: str) -> dict[str, dict[str, object]]:
    """Sample id -> row of a current version's table."""
    store = open_store(runner.settings)
    rows = pq.read_table(store.path(store.require(asset)) / file).to_pylist()
    return {row["sample_id"]: row for row in rows}


def push(runner: Runner) -> None:
    """Materialize the queue alone, as a click in Dagster's UI does."""
    job = runner._definitions.resolve_job_def("dataset_job")
    job.execute_in_process(instance=runner.instance, asset_selection=[dg.AssetKey("review_queue")])


def split_data(runner: Runner) -> SplitData:
    """The training split as the training reads it."""
    store, settings = open_store(runner.settings), runner.settings
    roots = settings.dataset_config().source_roots
    packs = {name: store.path(store.require("human_masks", name)) for name in roots}
    return SplitData(store.path(store.require("dataset_split")), packs, roots, "train")


def decisions_of(runner: Runner) -> list[list[str]]:
    store = open_store(runner.settings)
    decided = pq.read_table(store.path(store.require("review_decisions")) / "decisions.parquet")
    return [[row["image_sha256"], row["decision"]] for row in decided.to_pylist()]


def paint(sample) -> int:
    """Correct a mask: a rectangle in the middle of the frame; returns its pixels."""
    path = sample.ground_truth.mask_path
    mask = np.zeros_like(cv2.imread(path, cv2.IMREAD_UNCHANGED))
    height, width = mask.shape
    mask[height // 4 : height // 2, width // 4 : width // 2] = HUMAN_GREY
    cv2.imwrite(path, mask)
    return int(np.count_nonzero(mask))


def walk(home: Path) -> dict[str, object]:
    """Push the queue, reject one sample, correct another's mask, rebuild."""
    runner = Runner(load_settings(home))
    push(runner)
    import fiftyone

    dataset = fiftyone.load_dataset(runner.settings.review_dataset)
    before = rows_of(runner, "dataset_split", "ledger.parquet")
    queued = rows_of(runner, "review_queue", "queue.parquet")
    chosen, other = [
        before[key]
        for key in sorted(queued)
        if before[key]["split"] == "train" and before[key]["human_px"] > 0
    ][:2]
    seen: dict[str, object] = {
        "queued": len(queued),
        "shown": len(dataset.load_saved_view("queue")),
        "worst": len(dataset.load_saved_view(WORST_VIEW)),
        "masks_are_there": all(Path(p).is_file() for p in dataset.values("ground_truth.mask_path")),
        "before": chosen,
    }
    digest = split_data(runner).digest
    painted = dataset.one({"sample_id": other["sample_id"]})
    seen["painted_px"] = paint(painted)
    for sample, tag in (
        (dataset.one({"sample_id": chosen["sample_id"]}), "reject"),
        (painted, "relabel"),
    ):
        sample.tags = [tag]
        sample.save()
    runner.run(Planned(job="dataset_job"))
    after = rows_of(runner, "dataset_split", "ledger.parquet")
    seen["after"] = after[chosen["sample_id"]]
    seen["relabelled"] = after[other["sample_id"]]
    seen["decisions"] = decisions_of(runner)
    data = split_data(runner)
    read = data.load(data.sample_ids.index(other["sample_id"]))
    seen["trained_px"] = int(np.count_nonzero(read.mask_hw == 1))
    seen["digest_changed"] = data.digest != digest
    seen["queued_again"] = sorted(rows_of(runner, "review_queue", "queue.parquet"))
    seen["left_their_split"] = [
        key
        for key, row in before.items()
        if row["split"] and after[key]["split"] not in ("", row["split"])
    ]
    dataset.reload()
    shown = cv2.imread(painted.ground_truth.mask_path, cv2.IMREAD_UNCHANGED)
    seen["shown_px"] = int(np.count_nonzero(shown == HUMAN_GREY))
    runner.run(Planned(job="review_job"))
    seen["pulled_again"] = decisions_of(runner)
    return seen


if __name__ == "__main__":
    walk_and_leave(walk)
