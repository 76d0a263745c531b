"""Decisions win, rules name themselves, duplicates go, and the totals balance."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow.parquet as pq
from PIL import Image

from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.ledger.cleaning import clean, draw_removed
from dataset_build.ledger.decisions import Decision, write_decisions
from dataset_build.ledger.ledger import balance, read_ledger
from dataset_build.sources.sources import source_rank
from tests.dataset_build.factories_ledger import (
    THUMBNAIL,
    by_id,
    ledger_table,
    new_folder,
    reject,
    sample,
    sha,
    write_ledger_file,
)

CONFIG = DatasetConfig(cleaning=CleaningRules(version=3))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def cleaned(tmp_path, rows, decisions=None, config=CONFIG):
    """Rows by id after cleaning; ``decisions`` are image names of voc -> decision."""
    ledger = write_ledger_file(tmp_path / "merged", rows)
    decided = None
    if decisions is not None:
        decided = write_decisions(
            [
                Decision(
                    image_sha256=sha(f"voc/{name}"),
                    decision=what,
                    tags=(what,),
                    decided_by="reviewer",
                    decided_at=NOON,
                )
                for name, what in decisions.items()
            ],
            new_folder(tmp_path / "decisions"),
        ).path
    clean(ledger, new_folder(tmp_path / "out"), config=config, decisions=decided)
    table = read_ledger(tmp_path / "out")
    assert balance(table, ledger_table(rows)) == []
    return by_id(table)


def test_a_removal_names_rule_value_stage_and_version(tmp_path):
    rows = cleaned(tmp_path, [sample("a"), sample("b", luma_mean=3.0), reject("c")])
    assert rows["voc/a"]["fate"] == "kept"
    assert rows["voc/b"]["fate"] == "removed"
    assert rows["voc/b"]["reason"] == "image_dark"
    assert rows["voc/b"]["measured"] == "luma_mean 3 < 20"
    assert rows["voc/b"]["stage"] == "clean"
    assert [row["rule_version"] for row in rows.values()] == [3, 3, 0]
    assert rows["voc/c"]["reason"] == "mask_missing"


def test_a_rejected_image_goes_even_if_no_rule_complains(tmp_path):
    decided = {"a": "reject", "b": "keep"}
    row = cleaned(tmp_path, [sample("a"), sample("b")], decided)["voc/a"]
    assert (row["fate"], row["reason"], row["stage"]) == ("removed", "review_reject", "review")
    assert row["measured"] == "rejected by reviewer on 2026-03-01"
    audit = pq.read_table(tmp_path / "out" / "rejected_by_review.parquet")
    assert audit["image_sha256"].to_pylist() == [sha("voc/a")]


def test_a_kept_image_stays_against_a_rule_but_not_against_a_fault(tmp_path):
    rows = [sample("blurred", sharpness=1.0), reject("broken", "image_undecodable")]
    rows = cleaned(tmp_path, rows, {"blurred": "keep", "broken": "keep"})
    assert rows["voc/blurred"]["fate"] == "kept"
    assert rows["voc/broken"]["reason"] == "image_undecodable"


def test_near_duplicates_across_sources_keep_the_larger(tmp_path):
    rows = cleaned(
        tmp_path,
        [
            sample("a", phash=0),
            sample("b", source="coco_stuff", phash=0b11, width=1280, height=960),
        ],
    )
    assert rows["coco_stuff/b"]["fate"] == "kept"
    assert rows["voc/a"]["reason"] == "duplicate_near"
    assert rows["voc/a"]["measured"] == (
        "thumbnails correlate by 1.000, hash 2 of 64 bits from coco_stuff/b"
    )
    smallest = min(row["image_sha256"] for row in rows.values())
    assert {row["duplicate_group"] for row in rows.values()} == {smallest}


def test_equal_hashes_of_different_pictures_are_neither_removed_nor_grouped(tmp_path):
    upside_down = THUMBNAIL[::-1]
    rows = cleaned(tmp_path, [sample("a", phash=0), sample("b", phash=0, thumbnail=upside_down)])
    assert {row["fate"] for row in rows.values()} == {"kept"}
    assert len({row["duplicate_group"] for row in rows.values()}) == 2


def test_of_one_photograph_in_two_sources_the_better_mask_stays(tmp_path):
    twins = [sample(source, source=source, phash=0) for source in ("coco_panoptic", "voc")]
    larger = sample("large", source="ade20k", phash=1, width=6400, height=4800)
    best = min(("coco_panoptic", "voc", "ade20k"), key=source_rank)
    kept = [
        row["source"]
        for row in cleaned(tmp_path, [*twins, larger]).values()
        if row["fate"] == "kept"
    ]
    assert kept == [best]


def test_equal_bytes_are_removed_once(tmp_path):
    twin = sha("voc/a")
    rows = cleaned(tmp_path, [sample("a"), sample("b", image_sha256=twin, phash=0)])
    assert rows["voc/b"]["reason"] == "duplicate_exact"
    assert rows["voc/b"]["measured"] == "same bytes as voc/a"


def test_a_kept_near_duplicate_stays_and_equal_bytes_do_not(tmp_path):
    pair = [sample("a", phash=0), sample("b", phash=1)]
    rows = cleaned(tmp_path, pair, {"a": "keep", "b": "keep"})
    assert {row["fate"] for row in rows.values()} == {"kept"}
    assert len({row["duplicate_group"] for row in rows.values()}) == 1


def test_a_removed_image_neither_groups_nor_replaces_another(tmp_path):
    rows = cleaned(tmp_path, [sample("dark", phash=0, luma_mean=1.0), sample("good", phash=0)])
    assert rows["voc/good"]["fate"] == "kept"
    assert rows["voc/good"]["duplicate_group"] == sha("voc/good")


def test_duplicate_rules_can_be_disabled_and_still_group(tmp_path):
    config = DatasetConfig(cleaning=CleaningRules(disabled=("duplicate_near",)))
    rows = cleaned(tmp_path, [sample("a", phash=0), sample("b", phash=1)], config=config)
    assert {row["fate"] for row in rows.values()} == {"kept"}
    assert len({row["duplicate_group"] for row in rows.values()}) == 1


def test_nothing_left_is_said(tmp_path):
    ledger = write_ledger_file(tmp_path / "merged", [sample("a", luma_mean=0.0)])
    summary = clean(ledger, new_folder(tmp_path / "out"), config=CONFIG, decisions=None)
    assert summary.findings == (
        "no image of 1 is left after cleaning, mostly image_dark (1); see rejects.md",
    )


def test_rejects_and_picture_are_written_and_cleaning_twice_gives_the_same_bytes(tmp_path):
    rows = [sample("a", luma_mean=1.0), sample("b"), reject("c", source="ade20k")]
    ledger = write_ledger_file(tmp_path / "merged", rows)
    for name in ("one", "two"):
        clean(ledger, new_folder(tmp_path / name), config=CONFIG, decisions=None)
        assert draw_removed(tmp_path / name) == tmp_path / name / "removed.png"
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == [
        "ledger.md",
        "ledger.parquet",
        "rejected_by_review.parquet",
        "rejects.md",
        "removed.png",
    ]
    for name in files:
        one, two = tmp_path / "one" / name, tmp_path / "two" / name
        assert one.read_bytes() == two.read_bytes()
    text = (tmp_path / "one" / "rejects.md").read_text()
    assert "| voc | clean | image_dark | 1 |" in text
    assert "| voc/a | image_dark | luma_mean 1 < 20 |" in text
    assert "| all | | | 2 |" in text
    with Image.open(tmp_path / "one" / "removed.png") as picture:
        assert picture.size[0] == 900


def test_a_ledger_without_removals_can_be_drawn(tmp_path):
    assert cleaned(tmp_path, [sample("a")])["voc/a"]["fate"] == "kept"


def test_a_name_cannot_end_its_cell_of_the_rejects(tmp_path):
    ledger = write_ledger_file(tmp_path / "merged", [sample("a|b\nc", luma_mean=1.0), sample("d")])
    clean(ledger, new_folder(tmp_path / "out"), config=CONFIG, decisions=None)
    table = (tmp_path / "out" / "rejects.md").read_text()
    assert "a/b c | image_dark |" in table
