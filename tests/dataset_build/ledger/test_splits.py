"""Splits follow the bytes of an image, hold the share of negatives, and leak nothing."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.config import DatasetConfig
from dataset_build.ledger.ledger import balance, read_ledger
from dataset_build.ledger.negatives import negative_shares
from dataset_build.ledger.splits import hash_share, split_dataset, split_of
from tests.dataset_build.factories_ledger import (
    by_id,
    entry,
    ledger_table,
    negative,
    new_folder,
    reject,
    sample,
    sha,
    write_ledger_file,
)

CONFIG = DatasetConfig(val_share=0.2, test_share=0.2, negative_share=0.2)


def split(folder: Path, rows, config=CONFIG):
    ledger = write_ledger_file(folder / "cleaned", rows)
    summary = split_dataset(ledger, new_folder(folder / "out"), config=config)
    table = read_ledger(folder / "out")
    assert balance(table, ledger_table(rows)) == []
    return table, summary


def names_in(wanted: str, count: int, config=CONFIG) -> list[str]:
    """Names of voc samples whose bytes fall into the wanted split."""
    names = (f"n{i}" for i in range(10_000))
    fitting = (name for name in names if split_of(sha(f"voc/{name}"), config) == wanted)
    return [next(fitting) for _ in range(count)]


def test_shares_are_met_on_many_images():
    config = DatasetConfig(val_share=0.1, test_share=0.2)
    counts = Counter(split_of(sha(str(i)), config) for i in range(20_000))
    assert counts["val"] == pytest.approx(2_000, rel=0.1)
    assert counts["test"] == pytest.approx(4_000, rel=0.1)


def test_another_seed_or_purpose_gives_another_place():
    one = hash_share(sha("a"), 0, "split")
    assert 0 <= one < 1
    assert one != hash_share(sha("a"), 1, "split")
    assert one != hash_share(sha("a"), 0, "negative")


def test_held_out_sources_are_only_tested_on(tmp_path):
    rows = [sample(name, source="room") for name in "abcdefgh"]
    table, _ = split(tmp_path, rows, DatasetConfig(held_out_sources=("room",)))
    assert set(table["split"].to_pylist()) == {"test"}


def test_a_sample_in_another_split_than_the_official_one_has_moved(tmp_path):
    officials = {"train": "train", "test": "val", "val": "train"}
    rows = []
    for ours, official in officials.items():
        (name,) = names_in(ours, 1)
        rows += [sample(name, official_split=official)]
    rows += [sample("free", official_split="none")]
    table, summary = split(tmp_path, rows)
    fates = {
        row["split"]: row["fate"] for row in table.to_pylist() if row["sample_id"] != "voc/free"
    }
    assert fates == {"train": "kept", "test": "kept", "val": "moved"}
    assert by_id(table)["voc/free"]["fate"] == "kept"
    assert (summary.kept, summary.moved) == (3, 1)


def test_removed_samples_have_no_split(tmp_path):
    table, _ = split(tmp_path, [sample("a"), reject("b")])
    assert by_id(table)["voc/b"]["split"] == ""


def test_surplus_negatives_are_removed_and_counted(tmp_path):
    people = [sample(name) for name in names_in("train", 8)]
    nobody = [negative(name) for name in names_in("train", 20)[8:]]
    table, summary = split(tmp_path, people + nobody)
    assert summary.by_reason == {"negative_surplus": 10}
    gone = [row for row in table.to_pylist() if row["fate"] == "removed"]
    assert {row["stage"] for row in gone} == {"split"}
    assert {row["measured"] for row in gone} == {"train wants 2 of 12 without humans"}
    (share,) = negative_shares(table)
    assert (share.positives, share.negatives, share.within_tolerance) == (8, 2, True)


def test_negatives_come_from_each_source_in_proportion(tmp_path):
    names = names_in("train", 300)
    rows = [sample(name) for name in names[:80]]
    rows += [negative(name) for name in names[80:200]]
    config = DatasetConfig(val_share=0.0, test_share=0.0)
    rows += [sample(f"p{i}", source="ade20k") for i in range(40)]
    rows += [negative(f"q{i}", source="ade20k") for i in range(40)]
    table, _ = split(tmp_path, rows, config)
    stayed = Counter(
        row["source"]
        for row in table.to_pylist()
        if row["fate"] != "removed" and not row["human_px"]
    )
    assert stayed == {"voc": 20, "ade20k": 10}


def test_too_few_negatives_are_a_finding_that_says_what_to_add(tmp_path):
    people = [sample(name) for name in names_in("train", 8)]
    _, summary = split(tmp_path, people)
    assert any("train: 0 of 8 images show nobody" in text for text in summary.findings)
    assert any("until 2 more fall into train" in text for text in summary.findings)


def test_a_split_without_humans_keeps_no_negatives(tmp_path):
    rows = [sample(name) for name in names_in("train", 4)]
    rows += [negative(names_in("train", 5)[4]), negative(names_in("val", 1)[0])]
    table, summary = split(tmp_path, rows)
    assert set(table["split"].to_pylist()) == {"train", ""}
    assert any(text.startswith("val is empty") for text in summary.findings)


def test_nothing_to_learn_from_is_said(tmp_path):
    _, summary = split(tmp_path, [reject("a")])
    assert any(text.startswith("train is empty") for text in summary.findings)


def test_a_group_across_the_line_stays_where_most_of_it_is(tmp_path):
    train, test = names_in("train", 2), names_in("test", 1)
    rows = [entry(sample(name), duplicate_group="g") for name in (*train, *test)]
    table, summary = split(tmp_path, rows)
    gone = by_id(table)[f"voc/{test[0]}"]
    assert (gone["reason"], gone["stage"]) == ("duplicate_near", "split")
    assert gone["measured"] == "group g spans 2 splits; most of it is in train"
    assert summary.removed == 1


def test_on_a_tie_the_test_split_keeps_its_member(tmp_path):
    names = names_in("train", 1) + names_in("test", 1)
    table, _ = split(tmp_path, [entry(sample(n), duplicate_group="g") for n in names])
    assert by_id(table)[f"voc/{names[1]}"]["split"] == "test"


def test_the_same_ledger_gives_the_same_bytes_and_says_what_was_wanted(tmp_path):
    rows = [sample(str(i)) for i in range(20)] + [negative(f"n{i}") for i in range(20)]
    split(tmp_path / "one", rows)
    split(tmp_path / "two", rows[::-1])
    files = [tmp_path / name / "out" / "ledger.parquet" for name in ("one", "two")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert pq.read_schema(files[0]).metadata[b"negative_share"] == b"0.2"


GROUPS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 9), st.sampled_from(["voc", "ade20k"])), max_size=40
)


def drawn(prefix, specs):
    """Ledger rows; equal group numbers are one duplicate group, across old and new."""
    rows = []
    for i, (human, group, source) in enumerate(specs):
        make = sample if human else negative
        row = make(f"{prefix}{i}", source=source)
        rows.append(entry(row, duplicate_group=f"g{group}" if group < 4 else row["image_sha256"]))
    return rows


@settings(max_examples=40, deadline=None)
@given(GROUPS, GROUPS)
def test_more_data_moves_no_old_sample_and_no_group_spans_two_splits(old, new):
    with tempfile.TemporaryDirectory() as folder:
        before, _ = split(Path(folder, "before"), drawn("old", old))
        after, _ = split(Path(folder, "after"), drawn("old", old) + drawn("new", new))
    placed = {name: row["split"] for name, row in by_id(after).items() if row["split"]}
    for name, row in by_id(before).items():
        assert not row["split"] or placed.get(name, row["split"]) == row["split"]
    homes = {(row["duplicate_group"], row["split"]) for row in after.to_pylist() if row["split"]}
    assert len(homes) == len({group for group, _ in homes})
    for share in negative_shares(after):
        assert share.negatives <= share.wanted
