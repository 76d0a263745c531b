"""Every suite passes on a good table and fails on each bad one, naming the rows."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dataset_build.expectation_suites import SUITES
from dataset_build.expectations import as_markdown, validate
from dataset_build.mask_pack import MASK_INDEX
from dataset_build.tally import STATISTICS
from tests.dataset_build.factories_ledger import (
    entry,
    ledger_table,
    negative,
    reject,
    sample,
    samples_table,
    sha,
)

# Great Expectations leaves its ephemeral context's temporary folders to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

OUT = {"fate": "removed", "stage": "clean", "reason": "image_dark", "measured": "3 < 20"}


def samples_with(*rows) -> pa.Table:
    return samples_table([sample("a"), negative("b"), reject("c"), *rows])


def merged_with(*rows) -> pa.Table:
    return ledger_table([sample("a"), negative("b"), reject("c"), *rows])


def cleaned_with(*rows) -> pa.Table:
    return ledger_table([sample("a"), entry(sample("b"), **OUT), reject("c"), *rows])


def split_with(*rows) -> pa.Table:
    surplus = OUT | {"reason": "negative_surplus", "stage": "split"}
    good = [
        entry(sample("a"), split="train"),
        entry(sample("b", official_split="val"), split="test"),
        entry(sample("d", official_split="test"), split="train", fate="moved"),
        entry(negative("e"), **surplus),
        reject("c"),
    ]
    return ledger_table([*good, *rows])


def masks_with(**changes) -> pa.Table:
    place = {"height": 4, "width": 5, "sha256": sha("mask")}
    rows = [
        {"sample_id": "voc/a", "offset": 0, "length": 7, **place} | changes,
        {"sample_id": "voc/b", "offset": 7, "length": 3, **place},
    ]
    return pa.Table.from_pylist(rows, schema=MASK_INDEX)


def statistics_with(**changes) -> pa.Table:
    row = {
        "table": "sizes",
        "source": "voc",
        "split": "train",
        "stage": "before",
        "quantity": "images",
        "value": 4.0,
    }
    rows = [row, row | {"quantity": "with_human", "value": 3.0} | changes]
    return pa.Table.from_pylist(rows, schema=STATISTICS)


GOOD = {
    "source_samples": samples_with,
    "human_masks": masks_with,
    "merged_dataset": merged_with,
    "cleaned_dataset": cleaned_with,
    "dataset_split": split_with,
    "dataset_statistics": statistics_with,
}
#: Suite -> column or claim -> what is wrong with one row. All of a suite stand in one table.
BAD_ROWS = {
    "source_samples": [
        ("sample_id_starts_with_its_source", {"sample_id": "elsewhere/x"}),
        ("official_split", {"official_split": "trainval"}),
        ("reject_reason", {"reject_reason": "no_idea"}),
        ("image_path", {"image_path": "/data/voc/a.jpg"}),
        ("mask_path", {"mask_path": "masks/../../a.png"}),
        ("human_share", {"human_share": 15.3}),
        ("ignore_share", {"ignore_share": -0.1}),
        ("luma_mean", {"luma_mean": 256.0}),
        ("entropy_bits", {"entropy_bits": 8.5}),
        ("sharpness", {"sharpness": -1.0}),
        ("readable_rows_are_measured", {"luma_std": None}),
        ("readable_rows_have_hashes", {"mask_sha256": "f00"}),
        ("readable_rows_have_a_size", {"width": 0}),
        ("humans_fit_into_the_frame", {"human_px": 640 * 480 + 1}),
        ("humans_fit_into_the_frame", {"human_px": 0}),
    ],
    "merged_dataset": [
        ("fate", {"fate": "lost"}),
        ("not_split_yet", {"split": "train"}),
        ("stage", OUT),
        ("rejects_are_removed", {"reject_reason": "mask_missing"}),
    ],
    "cleaned_dataset": [
        ("fate", {"fate": "moved"}),
        ("removed_rows_say_why", OUT | {"measured": ""}),
        ("reason", OUT | {"reason": "ugly"}),
        ("kept_rows_give_no_reason", {"reason": "image_dark"}),
        ("same_bytes_are_kept_once", {"image_sha256": sha("voc/a")}),
        ("kept_rows_have_a_group", {"duplicate_group": ""}),
        ("rule_version", {"rule_version": -1}),
    ],
    "dataset_split": [
        ("kept_rows_and_no_others_have_a_split", {"split": ""}),
        ("kept_rows_and_no_others_have_a_split", OUT | {"split": "val"}),
        ("groups_are_in_one_split", {"split": "train", "duplicate_group": sha("voc/b")}),
        (
            "official_test_samples_in_train_are_marked_moved",
            {"split": "train", "official_split": "val"},
        ),
    ],
}
BAD_TABLES = [
    ("human_masks", {"sample_id": "voc/b"}, "sample_id", "voc/b"),
    ("human_masks", {"length": 6}, "blobs_follow_each_other", "voc/b"),
    ("human_masks", {"height": 0}, "height", "voc/a"),
    ("human_masks", {"sha256": ""}, "sha256", "voc/a"),
    ("dataset_statistics", {"value": -1.0}, "value", "sizes / voc"),
    ("dataset_statistics", {"value": 2.5}, "counts_are_whole", "sizes / voc"),
    ("dataset_statistics", {"quantity": "images"}, "values_stand_once", "sizes / voc"),
    (
        "dataset_statistics",
        {"quantity": "human_pixel_share", "value": 13.0},
        "shares_are_fractions",
        "sizes / voc",
    ),
    ("dataset_statistics", {"stage": "later"}, "stage", "sizes / voc"),
]


def failed(table: pa.Table, suite: str):
    return {finding.column: finding for finding in validate(table, suite) if not finding.passed}


@pytest.mark.parametrize("suite", SUITES)
def test_a_good_table_passes(suite):
    findings = validate(GOOD[suite](), suite)
    assert [finding for finding in findings if not finding.passed] == []
    assert len(findings) >= 5


@pytest.mark.parametrize("suite", BAD_ROWS)
def test_each_bad_row_is_named_by_the_expectation_it_breaks(suite):
    make = sample if suite == "source_samples" else lambda name: entry(sample(name))
    rows = [make(f"bad{i}") | changes for i, (_, changes) in enumerate(BAD_ROWS[suite])]
    found = failed(GOOD[suite](*rows), suite)
    for row, (column, _) in zip(rows, BAD_ROWS[suite], strict=True):
        assert row["sample_id"] in found[column].failing_sample_ids, column
    if suite == "source_samples":
        assert found["sharpness"].failing_sample_ids == ("voc/bad9",)


@pytest.mark.parametrize(("suite", "changes", "column", "row"), BAD_TABLES)
def test_a_bad_table_fails_and_the_finding_names_the_row(suite, changes, column, row):
    finding = failed(GOOD[suite](**changes), suite)[column]
    assert any(name.startswith(row) for name in finding.failing_sample_ids)


def test_one_id_twice_is_named():
    finding = failed(samples_with(sample("a")), "source_samples")["sample_id"]
    assert finding.failing_sample_ids == ("voc/a", "voc/a")


@pytest.mark.parametrize("suite", SUITES)
def test_an_empty_table_fails(suite):
    assert failed(GOOD[suite]().slice(0, 0), suite)


@pytest.mark.parametrize("suite", SUITES)
def test_a_missing_column_is_named_before_anything_else(suite):
    table = GOOD[suite]()
    name = SUITES[suite].columns[-1]
    (finding,) = validate(table.drop_columns([name]), suite)
    assert (finding.expectation, finding.column) == ("expect_column_to_exist", name)


def test_nothing_left_fails():
    table = ledger_table([entry(sample("a"), **OUT), reject("c")])
    assert failed(table, "cleaned_dataset")["present"].observed == "0"
    assert failed(table, "dataset_split")["is_trained_on"].observed == "0"


def test_at_most_twenty_rows_are_named():
    table = samples_table([sample(f"{i:02}", human_share=2.0) for i in range(30)])
    finding = failed(table, "source_samples")["human_share"]
    assert finding.failing_sample_ids == tuple(f"voc/{i:02}" for i in range(20))
    assert finding.observed == "30 of 30 rows, such as 2.0"


def test_the_markdown_shows_what_failed_first():
    lines = as_markdown(
        validate(samples_with(sample("x", luma_mean=300.0)), "source_samples")
    ).splitlines()
    assert lines[2].startswith("| **failed** | expect_column_values_to_be_between | luma_mean |")
    assert lines[2].endswith("| voc/x |")
    assert lines[3].startswith("| ok |")


def test_an_unknown_suite_names_those_there_are():
    with pytest.raises(ValueError, match="no suite named 'x'; choose from source_samples"):
        validate(samples_with(), "x")
