"""The thesis talk's tables from small ledgers: every number visible, every sum held."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dataset_build.config import DatasetConfig
from dataset_build.ledger.ledger import read_ledger, with_columns
from dataset_build.ledger.splits import split_dataset
from dataset_build.statistics.tally import STATISTICS, Address, from_table, to_table
from dataset_build.statistics.thesis_tables import thesis_tables, uneven_tables
from dataset_build.statistics.thesis_tables_picture import draw
from dataset_build.statistics.thesis_tables_views import NOTES, sheets, to_markdown
from tests.dataset_build.factories_ledger import (
    entry,
    ledger_table,
    negative,
    new_folder,
    reject,
    sample,
    write_ledger_file,
)

SIDE = {"width": 10, "height": 10}
DARK = {"fate": "removed", "reason": "image_dark", "stage": "clean", "measured": "3 < 20"}
SURPLUS = {"fate": "removed", "reason": "negative_surplus", "stage": "split", "measured": "2 of 3"}
#: name -> sample, its fate in the cleaned ledger, its fate and split in the last one.
IMAGES = {
    "a": (sample("a", human_px=20, **SIDE), {}, {"split": "train"}),
    "b": (sample("b", human_px=40, **SIDE, official_split="val"), {}, {"split": "test"}),
    "c": (sample("c", human_px=60, **SIDE), DARK, DARK),
    "d": (negative("d", **SIDE), {}, {"split": "val", "fate": "moved"}),
    "e": (negative("e", **SIDE, official_split="val"), {}, SURPLUS),
    "f": (reject("f", official_split="test"), {}, {}),
    "g": (
        sample("g", source="pets", human_px=10, ignore_share=0.5, **SIDE, official_split="none"),
        {},
        {"split": "train"},
    ),
}


def ledgers():
    merged = ledger_table([row for row, _, _ in IMAGES.values()])
    cleaned = ledger_table([entry(row) | clean for row, clean, _ in IMAGES.values()])
    split = ledger_table([entry(row) | last for row, _, last in IMAGES.values()])
    return merged, cleaned, split


def value(values, name, stage, quantity, *, source="all", split="all"):
    at = Address(table=name, source=source, split=split, stage=stage, quantity=quantity)
    return values.get(at, 0.0)


def test_sizes_count_the_official_lists_with_val_and_test_as_one():
    values = thesis_tables(*ledgers())

    def size(quantity, **place):
        return value(values, "sizes", "original", quantity, **place)

    assert [size("images", split=s) for s in ("train", "test", "none", "all")] == [3, 3, 1, 7]
    assert [size("with_human", split=s) for s in ("train", "test", "none", "all")] == [2, 1, 1, 4]
    assert (size("without_human"), size("unreadable"), size("readable")) == (2, 1, 6)
    assert size("no_human_share", source="voc") == pytest.approx(2 / 5)
    assert size("human_pixel_share", split="train") == pytest.approx(80 / 300)
    assert size("human_pixel_share_with_human", split="train") == pytest.approx(80 / 200)
    assert size("human_pixel_share", source="pets") == pytest.approx(10 / 50)


def test_cleaning_is_old_minus_removed():
    values = thesis_tables(*ledgers())
    stages = ("old", "removed", "left", "joined", "new")
    assert [value(values, "cleaning", s, "images") for s in stages] == [7, 2, 0, 0, 5]
    assert [value(values, "cleaning", s, "with_human") for s in stages] == [4, 1, 0, 0, 3]
    assert [value(values, "cleaning", s, "images", split="test") for s in stages] == [3, 1, 0, 0, 2]
    assert value(values, "cleaning", "new", "human_pixel_share") == pytest.approx(70 / 450)


def test_split_and_merge_says_who_left_who_joined_and_where_all_came_from():
    values = thesis_tables(*ledgers())
    stages = ("new", "removed", "left", "joined", "result")
    flows = {
        split: [value(values, "split_and_merge", s, "images", split=split) for s in stages]
        for split in ("train", "val", "test", "none", "all")
    }
    assert flows == {
        "train": [2, 0, 1, 1, 2],
        "val": [2, 1, 1, 1, 1],
        "test": [0, 0, 0, 1, 1],
        "none": [1, 0, 1, 0, 0],
        "all": [5, 1, 3, 3, 4],
    }
    origins = [
        value(values, "split_and_merge", f"from_{official}", "images", split="train")
        for official in ("train", "val", "none")
    ]
    assert origins == [1, 0, 1]
    assert list(uneven_tables(to_table(values))) == []


def test_a_corrected_mask_leaves_one_kind_and_joins_the_other():
    merged, cleaned, split = ledgers()
    emptied = {"human_px": 0, "human_share": 0.0, "human_regions": 0}
    rows = [row | emptied if row["sample_id"] == "voc/b" else row for row in cleaned.to_pylist()]
    values = thesis_tables(merged, ledger_table(rows), split)
    terms = [
        value(values, "cleaning", stage, kind, split="test")
        for kind in ("with_human", "without_human", "images")
        for stage in ("old", "left", "joined", "new")
    ]
    assert terms == [1, 1, 0, 0, 1, 0, 1, 2, 3, 1, 1, 2]
    uneven = list(uneven_tables(to_table(values)))
    assert all(text.startswith("split_and_merge") for text in uneven), uneven


@pytest.mark.parametrize("lost", range(2))
def test_an_image_that_vanishes_between_two_ledgers_leaves_tables_that_do_not_add_up(lost):
    tables = list(ledgers())
    tables[1 + lost] = tables[1 + lost].filter(pc.not_equal(tables[1]["sample_id"], "voc/a"))
    uneven = list(uneven_tables(to_table(thesis_tables(*tables))))
    table = ("cleaning", "split_and_merge")[lost]
    assert f"{table} / voc / train / images: " in "".join(uneven)


GOOD = to_table(thesis_tables(*ledgers()))


@settings(max_examples=80, deadline=None)
@given(st.integers(0, GOOD.num_rows - 1), st.sampled_from([1.0, 0.25]))
def test_every_single_changed_value_is_noticed(row, change):
    values = list(from_table(GOOD).items())
    values[row] = (values[row][0], values[row][1] + change)
    assert list(uneven_tables(to_table(dict(values))))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, GOOD.num_rows - 1))
def test_every_missing_value_but_a_zero_is_noticed(row):
    values = dict(from_table(GOOD))
    gone = list(values)[row]
    if values.pop(gone):
        assert list(uneven_tables(to_table(values)))


@st.composite
def cleaned_ledgers(draw):
    rows = []
    for index in range(draw(st.integers(0, 30))):
        make = draw(st.sampled_from([sample, sample, negative, reject]))
        row = make(
            f"n{index}",
            source=draw(st.sampled_from(["voc", "ade20k"])),
            official_split=draw(st.sampled_from(["train", "val", "test", "none"])),
        )
        changes = draw(st.sampled_from([{}, {}, {}, DARK, {"duplicate_group": "g"}]))
        rows.append(entry(row) | ({} if row["reject_reason"] else changes))
    return rows


@settings(max_examples=40, deadline=None)
@given(cleaned_ledgers())
def test_the_tables_of_any_build_add_up(rows):
    cleaned = ledger_table(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = write_ledger_file(Path(folder, "cleaned"), rows)
        out = new_folder(Path(folder, "out"))
        split_dataset(path, out, config=DatasetConfig(val_share=0.3, test_share=0.3))
        split = read_ledger(out)
    scanned = {"fate": ["removed" if r else "kept" for r in cleaned["reject_reason"].to_pylist()]}
    values = thesis_tables(with_columns(cleaned, scanned), cleaned, split)
    table = to_table(values)
    assert table.schema.equals(STATISTICS)
    assert list(uneven_tables(table)) == []
    assert value(values, "sizes", "original", "images") == len(rows)
    there = sum(split != "" for split in split["split"].to_pylist())
    assert value(values, "split_and_merge", "result", "images") == there


def test_the_sheets_show_counts_with_separators_and_fractions():
    values = from_table(GOOD)
    at = Address(table="sizes", source="all", split="all", stage="original", quantity="images")
    shown = {sheet.name: sheet for sheet in sheets(to_table({**values, at: 157_037.0}))}
    sizes = {line.label: line.cells for line in shown["sizes"].lines}
    assert shown["sizes"].columns == ("pets", "voc", "total")
    assert sizes["images, total"] == ("1", "6", "157,037")
    assert sizes["human pixels, train"] == ("\u2013", "0.267", "0.267")
    assert sizes["images, no list"] == ("1", "0", "1")
    assert shown["split_and_merge"].columns == ("train", "validation", "test", "no list", "total")
    results = [line for line in shown["split_and_merge"].lines if line.label == "= result"]
    assert results[0].cells == ("2", "1", "1", "0", "4")


def test_the_markdown_carries_each_table_with_its_note():
    text = to_markdown(GOOD)
    assert all(f"(`{name}`)" in text and note in text for name, note in NOTES.items())
    assert "| = result | 2 | 1 | 1 | 0 | 4 |" in text


@pytest.mark.parametrize(
    ("note", "parts", "printed"),
    [
        ("72,304", (3270, 63965, 5069), 72_255),
        ("4,008", (817, 2681, 510), 4_030),
        ("91,172", (86365, 4807), None),
        ("48,530", (43675, 4855), None),
        ("29,726", (28050, 1676), 42_642),
    ],
)
def test_the_notes_sums_are_those_of_the_talks_own_numbers(note, parts, printed):
    assert f"{sum(parts):,}" == note
    text = " ".join(NOTES.values())
    assert note in text
    assert printed is None or (f"{printed:,}" in text and printed != sum(parts))


def test_a_picture_of_many_sources_grows_downwards_only(tmp_path):
    few = [entry(sample("a", source=f"source_number_{i}"), split="train") for i in range(3)]
    many = [entry(sample("a", source=f"source_number_{i}"), split="train") for i in range(9)]
    sizes = []
    for rows in (few, many):
        ledger = ledger_table(rows)
        path = draw(to_table(thesis_tables(ledger, ledger, ledger)), tmp_path / "tables.png")
        with Image.open(path) as picture:
            sizes.append(picture.size)
    assert sizes[0][0] == sizes[1][0]
    assert sizes[0][1] < sizes[1][1]


def test_addresses_are_unique_and_sorted():
    places = list(from_table(GOOD))
    assert places == sorted(set(places))
    assert len(places) == GOOD.num_rows
