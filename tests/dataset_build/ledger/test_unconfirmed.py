"""A mask that nobody has confirmed never counts as truth; frames of one view may look alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dataset_build.config import DatasetConfig
from dataset_build.ledger.cleaning import clean
from dataset_build.ledger.decisions import KEEP, REJECT, Decision, write_decisions
from dataset_build.ledger.ledger import read_ledger
from dataset_build.ledger.merging import merge_sources
from dataset_build.ledger.split_sizes import split_sizes
from dataset_build.ledger.splits import split_dataset
from dataset_build.ledger.unconfirmed import UNCONFIRMED
from dataset_build.review.review import QUEUE_FILE, rank_queue
from dataset_build.scan.mask_pack import MaskPack
from dataset_build.scan.scan import scan_source
from dataset_build.sources.custom_sources import CustomSource
from tests.dataset_build.factories_ledger import (
    by_id,
    entry,
    new_folder,
    sample,
    write_ledger_file,
)

DOOR = CustomSource(
    human=(255,), ignore=(128,), other=(0,), drafts="drafts", train_only=True, fixed_camera=True
)
CONFIG = DatasetConfig(custom_sources={"door": DOOR}, val_share=0.3, test_share=0.3)


def test_a_draft_stands_in_for_a_missing_mask_and_stays_out(tmp_path: Path):
    root = tmp_path / "door"
    random = np.random.default_rng(0)
    for name in ("seen", "unseen", "bare"):
        _png(root / "images" / f"{name}.png", random.integers(0, 256, (96, 128, 3), np.uint8))
    person = np.zeros((96, 128), np.uint8)
    person[20:70, 30:50] = 255
    _png(root / "drafts" / "seen.png", person)
    _png(root / "drafts" / "unseen.png", person)
    _png(root / "drafts" / "stray.png", person)
    _png(root / "masks" / "seen.png", np.roll(person, 40, axis=1))
    samples, merged, cleaned = (new_folder(tmp_path / name) for name in "abc")
    config = replace(CONFIG, source_roots={"door": root})
    scan_source("door", root, samples, samples, config=config)
    merge_sources({"door": samples}, merged)
    clean(merged, cleaned, config=config, decisions=None)
    rows = by_id(read_ledger(cleaned))
    assert {name: (row["fate"], row["reason"]) for name, row in rows.items()} == {
        "door/seen": ("kept", ""),
        "door/unseen": ("removed", UNCONFIRMED),
        "door/bare": ("removed", "mask_missing"),
    }
    assert rows["door/unseen"]["stage"] == "review"
    assert rows["door/seen"]["mask_path"] == "masks/seen.png"
    assert MaskPack(samples).read("door/seen")[30, 80] == 1


@pytest.mark.parametrize(
    ("decision", "fate", "reason"),
    [(None, "removed", UNCONFIRMED), (KEEP, "kept", ""), (REJECT, "removed", "review_reject")],
)
def test_a_reviewer_confirms_a_draft(tmp_path: Path, decision, fate, reason):
    row = sample("a", source="door", mask_path="drafts/a.png")
    decisions = _decide(tmp_path, str(row["image_sha256"]), decision) if decision else None
    ledger = write_ledger_file(tmp_path / "merged", [row])
    out = new_folder(tmp_path / "cleaned")
    clean(ledger, out, config=CONFIG, decisions=decisions)
    found = by_id(read_ledger(out))["door/a"]
    assert (found["fate"], found["reason"]) == (fate, reason)


def test_drafts_of_another_source_mean_nothing(tmp_path: Path):
    ledger = write_ledger_file(tmp_path / "in", [sample("a", mask_path="drafts/a.png")])
    clean(ledger, new_folder(tmp_path / "out"), config=CONFIG, decisions=None)
    assert by_id(read_ledger(tmp_path / "out"))["voc/a"]["fate"] == "kept"


@pytest.mark.parametrize(("fixed", "kept"), [(True, 3), (False, 1)])
def test_frames_of_one_view_may_look_alike(tmp_path: Path, fixed: bool, kept: int):
    rows = [sample(name, source="door", phash=7) for name in "abc"]
    config = replace(CONFIG, custom_sources={"door": replace(DOOR, fixed_camera=fixed)})
    ledger = write_ledger_file(tmp_path / "in", rows)
    summary = clean(ledger, new_folder(tmp_path / "out"), config=config, decisions=None)
    assert summary.kept == kept


def test_the_same_bytes_are_kept_once_even_of_one_view(tmp_path: Path):
    first = sample("a", source="door")
    again = sample("b", source="door") | {
        name: first[name] for name in ("image_sha256", "phash", "thumbnail")
    }
    ledger = write_ledger_file(tmp_path / "in", [first, again])
    summary = clean(ledger, new_folder(tmp_path / "out"), config=CONFIG, decisions=None)
    assert dict(summary.by_reason) == {"duplicate_exact": 1}


def test_a_train_only_source_is_never_held_out(tmp_path: Path):
    rows = [sample(f"{n}", source=source) for n in range(40) for source in ("door", "voc")]
    config = replace(CONFIG, negative_share=0.0)
    split_dataset(
        write_ledger_file(tmp_path / "in", rows), new_folder(tmp_path / "out"), config=config
    )
    table = read_ledger(tmp_path / "out")
    assert {size.of for size in split_sizes(table)} == {40}  # those that were drawn
    found = table.to_pylist()
    assert {row["split"] for row in found if row["source"] == "door"} == {"train"}
    assert {row["split"] for row in found if row["source"] == "voc"} == {"train", "val", "test"}


def test_a_held_out_look_alike_of_a_trained_frame_goes(tmp_path: Path):
    """The test split must not hold the view that the network was trained on."""
    frames = [sample(name, source="door", duplicate_group="g") for name in "abc"]
    rows = [*map(_kept, frames), _kept(sample("twin", source="voc", duplicate_group="g"))]
    config = replace(CONFIG, held_out_sources=("voc",), negative_share=0.0, negative_tolerance=1.0)
    split_dataset(
        write_ledger_file(tmp_path / "in", rows), new_folder(tmp_path / "out"), config=config
    )
    twin = by_id(read_ledger(tmp_path / "out"))["voc/twin"]
    assert (twin["fate"], twin["reason"], twin["stage"]) == ("removed", "duplicate_near", "split")


def test_a_source_is_not_held_out_and_train_only():
    with pytest.raises(ValueError, match=r"door.*train_only and held out"):
        replace(CONFIG, held_out_sources=("door",))


def test_unconfirmed_masks_come_first_in_the_queue(tmp_path: Path):
    waiting = [sample(f"w{n}", source="door", mask_path=f"drafts/w{n}.png") for n in range(3)]
    others = [sample(f"{n}") for n in range(30)]
    ledger = write_ledger_file(tmp_path / "in", [*waiting, *others])
    clean(ledger, new_folder(tmp_path / "out"), config=CONFIG, decisions=None)
    summary = rank_queue(tmp_path / "out", new_folder(tmp_path / "queue"), limit=10)
    rows = pq.read_table(tmp_path / "queue" / QUEUE_FILE).to_pylist()
    assert [row["sample_id"] for row in rows[:3]] == ["door/w0", "door/w1", "door/w2"]
    assert {row["kind"] for row in rows[:3]} == {"unconfirmed"}
    assert "draft" in rows[0]["why"]
    assert summary.kinds["unconfirmed"] == 3


def test_a_private_source_shows_masks_without_photographs(tmp_path: Path):
    root = tmp_path / "door"
    _png(root / "images" / "a.png", np.full((96, 128, 3), (255, 0, 255), np.uint8))
    _png(root / "masks" / "a.png", np.zeros((96, 128), np.uint8))
    shown = {}
    for private in (False, True):
        out = new_folder(tmp_path / f"out-{private}")
        own = replace(DOOR, private=private)
        config = DatasetConfig(source_roots={"door": root}, custom_sources={"door": own})
        scan_source("door", root, out, out, config=config)
        sheet = np.asarray(Image.open(out / "preview.png").convert("RGB"))
        shown[private] = bool((sheet == (255, 0, 255)).all(axis=2).any())
    assert shown == {False: True, True: False}


def _png(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


def _kept(row: dict[str, object]) -> dict[str, object]:
    group = row.pop("duplicate_group")
    return entry(row, duplicate_group=group)


def _decide(folder: Path, image_sha256: str, decision: str) -> Path:
    out = new_folder(folder / "decisions")
    row = Decision(
        image_sha256=image_sha256,
        decision=decision,
        tags=(decision,),
        decided_by="ann",
        decided_at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    write_decisions([row], out, invalid=[], conflicts=0, carried_over=0)
    return out
