"""The champion's worst samples: which are shown, with what, and in which order."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_build.config import CleaningRules
from dataset_build.ledger.corrections import write_masks
from dataset_build.review.review import QueueInputs, rank_queue
from dataset_build.review.review_worst import WorstFiles, worst_samples
from tests.dataset_build.factories_ledger import new_folder, sample, sha, write_ledger_file
from tests.dataset_build.factories_sources import photograph, write_image

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("a", "b", "c")


def box(height: int) -> np.ndarray:
    """A person of 8 x ``height`` px."""
    mask = np.zeros((24, 32), np.uint8)
    mask[2 : 2 + height, 4:12] = 1
    return mask


def judged_dataset(folder: Path) -> WorstFiles:
    """Three images with people of 160 px; the champion found ever more of them."""
    root = folder / "voc"
    rows = [sample(name, width=32, height=24) for name in NAMES]
    for seed, row in enumerate(rows):
        write_image(root / row["image_path"], photograph(seed=seed))
    pack = new_folder(folder / "pack")
    write_masks({f"voc/{name}": box(20) for name in NAMES}, pack)
    files = WorstFiles(
        worst=folder / "worst.parquet",
        predictions=folder / "none",
        champion="unet 111",
        ledger=write_ledger_file(folder / "ledger", rows),
        source_roots={"voc": root},
        packs={"voc": pack},
    )
    return worst_files(files, [("c", 0.1), ("a", 0.5)], new_folder(folder / "judged"))


def worst_files(files, ious, folder, *, champion="unet 111") -> WorstFiles:
    """``files`` with other worst samples: name and IoU, the lowest first."""
    rows = [
        {
            "sample_id": f"voc/{name}",
            "image_sha256": sha(f"voc/{name}"),
            "source": "voc",
            "iou": iou,
        }
        for name, iou in ious
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "worst.parquet")
    answers = new_folder(folder / "predictions")
    write_masks({sha(f"voc/{name}"): box(round(20 * iou)) for name, iou in ious}, answers)
    return WorstFiles(
        worst=folder / "worst.parquet",
        predictions=answers,
        champion=champion,
        ledger=files.ledger,
        source_roots=files.source_roots,
        packs=files.packs,
    )


def rank(files: WorstFiles, out: Path, *, limit: int) -> Path:
    inputs = QueueInputs(rules=CleaningRules(min_side_px=1))
    return rank_queue(files.ledger, out, limit=limit, inputs=inputs).path


def test_the_worst_comes_first_with_mask_and_answer(tmp_path):
    found = worst_samples(judged_dataset(tmp_path), tmp_path / "masks")
    assert [(one.sample_id, iou) for one, iou in found] == [("voc/c", 0.1), ("voc/a", 0.5)]
    pixels = [
        [int((cv2.imread(path, cv2.IMREAD_GRAYSCALE) == 255).sum()) for path in paths]
        for paths in ((one.mask_path, one.prediction_path) for one, _ in found)
    ]
    assert pixels == [[160, 16], [160, 80]]
    assert all(one.kind == one.why == "" for one, _ in found)


def test_what_is_no_longer_what_was_judged_is_left_out(tmp_path):
    files = judged_dataset(tmp_path)
    table = pq.read_table(files.worst).to_pylist()
    table[0]["image_sha256"] = "0" * 64  # another image took the name
    pq.write_table(pa.Table.from_pylist(table), files.worst)
    found = worst_samples(files, tmp_path / "masks")
    assert [one.sample_id for one, _ in found] == ["voc/a"]


def test_nothing_that_was_worst_is_nothing_to_show(tmp_path):
    files = judged_dataset(tmp_path)
    pq.write_table(pq.read_table(files.worst).slice(0, 0), files.worst)
    assert worst_samples(files, tmp_path / "masks") == []


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What FiftyOne showed in a process of its own."""
    folder = tmp_path_factory.mktemp("walk")
    command = [sys.executable, "-m", "tests.dataset_build.review.walk_review_worst", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert run.returncode == 0, run.stderr[-4000:]
    return json.loads((folder / "seen.json").read_text())


@pytest.mark.slow
def test_the_view_is_sorted_by_iou_and_leaves_the_queue_as_it_is(seen):
    assert seen["pushed"] == 2
    assert [row[:3] for row in seen["view"]] == [
        ["voc/c", 0.1, "unet 111"], ["voc/a", 0.5, "unet 111"],
    ]  # fmt: skip
    assert (seen["mask_px"], seen["answered_px"]) == (160, 16)
    assert seen["in_queue"] == 1
    assert {"champion_iou", "champion", "prediction"} <= set(seen["active"])
    queued = [row for row in seen["view"] if row[0] == seen["queued"]]
    assert all((row[3], row[4]) == ("audit", ["keep"]) for row in queued)


@pytest.mark.slow
def test_another_champion_has_other_worst_samples(seen):
    assert [row[:3] for row in seen["later"]] == [["voc/b", 0.7, "stdc1 222"]]
