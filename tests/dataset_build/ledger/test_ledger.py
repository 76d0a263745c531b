"""Every image has exactly one fate, and the totals say so."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.ledger.ledger import (
    LEDGER,
    Removal,
    balance,
    read_ledger,
    remove,
    with_columns,
    write_ledger,
)
from dataset_build.ledger.merging import merge_sources
from tests.dataset_build.factories_ledger import (
    by_id,
    entry,
    ledger_table,
    new_folder,
    reject,
    sample,
    samples_table,
    write_samples,
)


def two_sources(tmp_path: Path) -> dict[str, Path]:
    return {
        "voc": write_samples(tmp_path / "voc", [sample("b"), reject("a", "mask_stained")]),
        "ade20k": write_samples(
            tmp_path / "ade20k", [sample("c", source="ade20k", official_split="val")]
        ),
    }


def test_rejects_of_the_scan_become_removed_rows_and_the_rest_is_kept(tmp_path):
    summary = merge_sources(two_sources(tmp_path), new_folder(tmp_path / "out"))
    rows = by_id(read_ledger(tmp_path / "out"))
    assert list(rows) == ["ade20k/c", "voc/a", "voc/b"]
    assert rows["voc/a"]["fate"] == "removed"
    assert rows["voc/a"]["reason"] == "mask_stained"
    assert rows["voc/a"]["measured"] == "no such file"
    assert rows["voc/a"]["stage"] == "scan"
    assert rows["voc/b"]["fate"] == rows["ade20k/c"]["fate"] == "kept"
    assert (summary.rows, summary.kept, summary.removed, summary.moved) == (3, 2, 1, 0)
    assert summary.by_reason == {"mask_stained": 1}


def test_a_folder_may_stand_for_the_table_in_it(tmp_path):
    files = two_sources(tmp_path)
    one = merge_sources(files, new_folder(tmp_path / "one"))
    two = merge_sources(
        {name: path.parent for name, path in files.items()}, new_folder(tmp_path / "two")
    )
    assert one.path.read_bytes() == two.path.read_bytes()


def test_the_markdown_table_totals_the_sources(tmp_path):
    merge_sources(two_sources(tmp_path), new_folder(tmp_path / "out"))
    text = (tmp_path / "out" / "ledger.md").read_text()
    assert "| voc | train | 2 | 1 | 0 | 1 |" in text
    assert "| all | all | 3 | 2 | 0 | 1 |" in text
    assert "| mask_stained | 1 |" in text


def test_no_images_at_all_names_the_sources(tmp_path):
    empty = write_samples(tmp_path / "voc", [])
    with pytest.raises(ValueError, match=r"no images in any source \(voc\).*source_roots"):
        merge_sources({"voc": empty}, new_folder(tmp_path / "out"))
    with pytest.raises(ValueError, match="none configured"):
        merge_sources({}, tmp_path / "out")


def test_samples_filed_under_another_source_are_refused(tmp_path):
    path = write_samples(tmp_path / "x", [sample("a", source="ade20k")])
    with pytest.raises(ValueError, match="samples of voc hold rows of ade20k"):
        merge_sources({"voc": path}, new_folder(tmp_path / "out"))


def test_one_id_twice_is_refused(tmp_path):
    path = write_samples(tmp_path / "x", [sample("a"), sample("a")])
    with pytest.raises(ValueError, match="1 sample ids occur twice, first voc/a"):
        merge_sources({"voc": path}, new_folder(tmp_path / "out"))


def test_a_file_that_is_no_ledger_is_refused_with_its_missing_columns(tmp_path):
    path = write_samples(tmp_path / "x", [sample("a")])
    with pytest.raises(ValueError, match="it lacks duplicate_group, fate"):
        read_ledger(path)


def test_a_removal_keeps_the_first_reason_and_does_not_touch_its_input():
    table = ledger_table([entry(sample("a"), split="train"), reject("b")])
    late = Removal(reason="image_dark", measured="luma_mean 3 < 20", stage="clean")
    after = by_id(remove(table, {0: late, 1: late}, rule_version=7))
    assert after["voc/a"]["reason"] == "image_dark"
    assert after["voc/a"]["rule_version"] == 7
    assert after["voc/a"]["split"] == ""
    assert after["voc/b"]["reason"] == "mask_missing"
    assert by_id(table)["voc/a"]["fate"] == "kept"


def test_a_removal_without_reason_or_of_an_unknown_stage_is_refused():
    with pytest.raises(ValueError, match="expected a reason"):
        Removal(reason="", measured="", stage="clean")
    with pytest.raises(ValueError, match="scan, clean, review, split"):
        Removal(reason="image_dark", measured="", stage="later")


def test_an_unknown_fate_does_not_balance():
    table = with_columns(ledger_table([sample("a"), sample("b")]), {"fate": ["kept", "lost"]})
    (row,) = balance(table)
    assert (row.source, row.official_split, row.rows_in, row.kept) == ("voc", "train", 2, 1)
    assert "1 rows have none of the fates" in row.problem


def test_an_image_that_vanished_does_not_balance():
    before = samples_table([sample("a"), sample("b"), sample("c", official_split="val")])
    (row,) = balance(ledger_table([sample("a"), sample("b")]), before)
    assert (row.official_split, row.rows_in, row.kept) == ("val", 1, 0)
    assert row.problem == "1 images went in, 0 fates came out"


def test_an_image_that_was_replaced_by_another_does_not_balance():
    before = samples_table([sample("a"), sample("b")])
    (row,) = balance(ledger_table([sample("a"), sample("c")]), before)
    assert row.problem == "1 images that went in were replaced by others"


def test_an_image_that_came_out_twice_does_not_balance():
    table = ledger_table([sample("a"), sample("a")])
    assert [row.problem for row in balance(table)] == ["1 images went in, 2 fates came out"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["train", "val", "test", "none"]), max_size=30), st.data())
def test_whatever_is_removed_the_totals_balance(officials, data):
    rows = [sample(str(i), official_split=name) for i, name in enumerate(officials)]
    before = ledger_table(rows)
    gone = data.draw(st.sets(st.integers(0, max(len(rows) - 1, 0)), max_size=len(rows)))
    why = Removal(reason="image_dark", measured="luma_mean 3 < 20", stage="clean")
    after = remove(before, dict.fromkeys(gone if rows else (), why), rule_version=1)
    assert balance(after, before) == []
    assert after.num_rows == before.num_rows


def test_the_same_rows_in_any_order_give_the_same_bytes(tmp_path):
    table = ledger_table([sample("a"), sample("b"), sample("c")])
    shuffled = table.take(pa.array([2, 0, 1]))
    one = write_ledger(table, new_folder(tmp_path / "one")).path
    two = write_ledger(shuffled, new_folder(tmp_path / "two")).path
    assert one.read_bytes() == two.read_bytes()
    assert pq.read_schema(one).equals(LEDGER)
