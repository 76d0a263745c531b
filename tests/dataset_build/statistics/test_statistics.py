"""The tables say what is in the ledger, and every total equals its parts."""

from __future__ import annotations

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dataset_build.statistics.statistics import count, dataset_statistics, mismatched_totals
from dataset_build.statistics.tally import STATISTICS, Address, to_table
from tests.dataset_build.factories_ledger import (
    entry,
    ledger_table,
    negative,
    new_folder,
    reject,
    sample,
    write_ledger_file,
)

GONE = {"fate": "removed", "split": "", "rule_version": 1}
ROWS = [
    # 10 x 10 images: 20 of 100 human pixels, 10 of 50 labelled ones, none
    entry(sample("a", width=10, height=10, human_px=20), split="train"),
    entry(
        sample("b", source="ade20k", width=10, height=10, human_px=10, ignore_share=0.5),
        split="test",
        fate="moved",
    ),
    entry(negative("c", width=10, height=10, official_split="val"), split="val"),
    entry(
        sample("d", width=10, height=10, human_px=90), reason="image_dark", stage="clean", **GONE
    ),
    entry(negative("e", width=10, height=10), reason="negative_surplus", stage="split", **GONE),
    entry(reject("f", official_split="val")),
]


def value(values, quantity, *, table="sizes", source="all", split="all", stage="before"):
    return values.get(
        Address(table=table, source=source, split=split, stage=stage, quantity=quantity), 0.0
    )


def test_sizes_before_count_every_image_by_official_split():
    values = count(ledger_table(ROWS))
    assert value(values, "images") == 6
    assert value(values, "with_human") == 3
    assert value(values, "without_human") == 2
    assert value(values, "unreadable") == 1
    assert value(values, "images", source="voc", split="train") == 3
    assert value(values, "unreadable", source="voc", split="val") == 1


def test_sizes_after_count_what_is_left_by_our_split():
    values = count(ledger_table(ROWS))
    assert value(values, "images", stage="after") == 3
    assert value(values, "with_human", stage="after", split="test", source="ade20k") == 1
    assert value(values, "without_human", stage="after", split="val") == 1
    assert value(values, "images", stage="after", split="train", source="voc") == 1


def test_human_pixels_are_a_share_of_labelled_pixels():
    values = count(ledger_table(ROWS))
    share = {"quantity": "human_pixel_share", "table": "pixels"}
    assert value(values, **share, stage="after") == pytest.approx(30 / 250)
    assert value(values, **share, stage="before") == pytest.approx(120 / 450)
    assert value(values, **share, stage="after", source="ade20k") == pytest.approx(10 / 50)


def test_removals_are_counted_by_reason_and_stage():
    values = count(ledger_table(ROWS))
    assert value(values, "image_dark", table="removed", stage="clean") == 1
    assert value(values, "mask_missing", table="removed", stage="scan", split="val") == 1
    fates = [value(values, fate, table="fates") for fate in ("kept", "moved", "removed")]
    assert fates == [2, 1, 3]


@st.composite
def ledgers(draw):
    rows = []
    for i in range(draw(st.integers(0, 25))):
        make = draw(st.sampled_from([sample, negative, reject]))
        source = draw(st.sampled_from(["voc", "ade20k", "coco_stuff"]))
        official = draw(st.sampled_from(["train", "val", "none"]))
        row = entry(make(f"n{i}", source=source, official_split=official))
        if row["fate"] == "kept":
            row |= draw(
                st.sampled_from(
                    [
                        {"split": "train"},
                        {"split": "val", "fate": "moved"},
                        GONE | {"reason": "image_dark", "stage": "clean"},
                    ]
                )
            )
        rows.append(row)
    return rows


@settings(deadline=None)
@given(ledgers())
def test_totals_always_add_up(rows):
    values = count(ledger_table(rows))
    assert list(mismatched_totals(to_table(values))) == []
    assert value(values, "images") == len(rows)
    before, after = value(values, "images"), value(values, "images", stage="after")
    assert before - after == value(values, "removed", table="fates")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"source": "voc", "split": "all", "quantity": "images"}, "the splits add up to"),
        ({"source": "all", "split": "train", "quantity": "images"}, "the sources add up to"),
        ({"source": "voc", "split": "train", "quantity": "images"}, "its kinds add up to"),
    ],
)
def test_a_wrong_total_is_found_and_named(row, complaint):
    values = dict(count(ledger_table(ROWS)))
    address = Address(table="sizes", stage="before", **row)
    values[address] += 1
    found = list(mismatched_totals(to_table(values)))
    name = f"sizes / {row['source']} / {row['split']} / before / images is"
    assert any(text.startswith(name) and complaint in text for text in found)


def test_a_missing_total_is_found():
    table = to_table(count(ledger_table(ROWS)))
    assert list(mismatched_totals(table.filter(pc.not_equal(table["source"], "all"))))


def test_files_and_summary_and_the_same_bytes_twice(tmp_path):
    ledger = write_ledger_file(tmp_path / "split", ROWS)
    for name in ("one", "two"):
        summary = dataset_statistics(ledger, ledger, ledger, new_folder(tmp_path / name))
    assert (summary.images_before, summary.images_after) == (6, 3)
    assert (summary.with_human_after, summary.without_human_after) == (2, 1)
    assert summary.human_pixel_share_after == pytest.approx(30 / 250)
    written = {path.name for path in (tmp_path / "one").iterdir()}
    kinds = ("parquet", "md", "png")
    tables = {f"{name}.{kind}" for name in ("statistics", "thesis_tables") for kind in kinds}
    assert written == tables | {"distributions.png"}
    for name in written:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    table = pq.read_table(tmp_path / "one" / "statistics.parquet")
    assert table.schema.equals(STATISTICS)
    assert list(mismatched_totals(table)) == []
    with Image.open(tmp_path / "one" / "statistics.png") as picture:
        assert picture.size[0] == 900


def test_the_markdown_names_sizes_shares_and_reasons(tmp_path):
    ledger = write_ledger_file(tmp_path / "split", ROWS)
    dataset_statistics(ledger, ledger, ledger, new_folder(tmp_path / "out"))
    text = (tmp_path / "out" / "statistics.md").read_text()
    assert "| voc | train | 3 | 2 | 1 | 0 | 36.7% |" in text
    assert "| ade20k | test | 1 | 1 | 0 | 0 | 20.0% |" in text
    assert "| all | all | 6 | 3 | 2 | 1 | 26.7% |" in text
    assert "| clean | image_dark | 1 | 1 |" in text


def test_an_empty_ledger_can_be_counted_and_drawn(tmp_path):
    ledger = write_ledger_file(tmp_path / "split", [])
    summary = dataset_statistics(ledger, ledger, ledger, new_folder(tmp_path / "out"))
    assert (summary.images_before, summary.human_pixel_share_before) == (0, 0.0)
