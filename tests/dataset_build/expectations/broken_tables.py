"""A good table for every suite, and for each expectation one table that breaks nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from dataset_build.scan.mask_pack import MASK_INDEX
from dataset_build.statistics.tally import STATISTICS
from tests.dataset_build.factories_ledger import (
    entry,
    ledger_table,
    negative,
    reject,
    sample,
    samples_table,
    sha,
)

DARK = {"fate": "removed", "stage": "clean", "reason": "image_dark", "measured": "3 < 20"}
SURPLUS = DARK | {"reason": "negative_surplus", "stage": "split"}


@dataclass(frozen=True)
class Broken:
    """A table with one fault.

    Args:
        table: what is validated.
        rows: names of the rows that the finding must give; none for a fault of the whole table.
    """

    table: pa.Table
    rows: tuple[str, ...] = ()


def samples_with(*rows) -> pa.Table:
    return samples_table([sample("a"), negative("b"), reject("c"), *rows])


def merged_with(*rows) -> pa.Table:
    return ledger_table([sample("a"), negative("b"), reject("c"), *rows])


def cleaned_with(*rows) -> pa.Table:
    return ledger_table([sample("a"), entry(sample("b"), **DARK), reject("c"), *rows])


def split_with(*rows) -> pa.Table:
    good = [
        entry(sample("a"), split="train"),
        entry(sample("b", official_split="val"), split="test"),
        entry(sample("d", official_split="test"), split="train", fate="moved"),
        entry(negative("e"), **SURPLUS),
        reject("c"),
    ]
    return ledger_table([*good, *rows])


def masks_with(**changes) -> pa.Table:
    """``changes`` are to the first of two masks."""
    place = {"height": 4, "width": 5, "sha256": sha("mask")}
    rows = [
        {"sample_id": "voc/a", "offset": 0, "length": 7, **place} | changes,
        {"sample_id": "voc/b", "offset": changes.get("length", 7), "length": 3, **place},
    ]
    return pa.Table.from_pylist(rows, schema=MASK_INDEX)


def values_with(stage: str, share: str, /, **changes) -> pa.Table:
    """``changes`` are to the second of three values."""
    row = {
        "table": "sizes",
        "source": "voc",
        "split": "train",
        "stage": stage,
        "quantity": "images",
        "value": 4.0,
    }
    share_row = row | {"quantity": share, "value": 0.5}
    rows = [row, row | {"quantity": "with_human", "value": 3.0} | changes, share_row]
    return pa.Table.from_pylist(rows, schema=STATISTICS)


def statistics_with(**changes) -> pa.Table:
    return values_with("before", "human_pixel_share", **changes)


def thesis_with(**changes) -> pa.Table:
    return values_with("original", "no_human_share", **changes)


GOOD: Mapping[str, Callable[[], pa.Table]] = {
    "source_samples": samples_with,
    "human_masks": masks_with,
    "merged_dataset": merged_with,
    "cleaned_dataset": cleaned_with,
    "dataset_split": split_with,
    "dataset_statistics": statistics_with,
    "thesis_tables": thesis_with,
}


def _row(make, row, *, also=()) -> Broken:
    """A table with one more row, which is at fault, perhaps together with good ones."""
    return Broken(make(row), (row["sample_id"], *also))


#: What is wrong with an otherwise good sample, by the column or claim that says so.
_SAMPLE_FAULTS = {
    "sample_id_starts_with_its_source": sample("x", sample_id="elsewhere/x"),
    "readable_rows_are_measured": sample("x", luma_std=None),
    "readable_rows_have_hashes": sample("x", mask_sha256="f00"),
    "readable_rows_have_a_size": sample("x", image_bytes=0),
    "rejects_are_not_measured": reject("x", sharpness=1.0),
    "humans_fit_into_the_frame": sample("x", human_px=640 * 480 + 1),
    "humans_and_no_others_have_a_score": sample("x", surveillance_score=None),
}
_SHARES = ("human_share", "ignore_share", "tallest_region_share", "border_touch_share")
_PERSON_SHARES = ("largest_person_share", "headroom_share", "cut_share", "head_cut_share")
_SCORES = ("ground_agreement", "surveillance_score")
_SOURCE_FAULTS = _SAMPLE_FAULTS | {
    "official_split": sample("x", official_split="trainval"),
    "reject_reason": reject("x", "no_idea"),
    "image_path": sample("x", image_path="/data/voc/x.jpg"),
    "mask_path": sample("x", mask_path="masks/../../x.png"),
    **{name: sample("x", **{name: 15.3}) for name in (*_SHARES, *_PERSON_SHARES, *_SCORES)},
    "human_regions": sample("x", human_regions=-1),
    "person_regions": sample("x", person_regions=-1),
    "luma_mean": sample("x", luma_mean=256.0),
    "luma_std": sample("x", luma_std=128.0),
    "entropy_bits": sample("x", entropy_bits=8.5),
    "sharpness": sample("x", sharpness=-1.0),
}
_MERGED_FAULTS = _SAMPLE_FAULTS | {
    "fate": entry(sample("x"), fate="moved"),
    "reason": reject("x", "no_idea"),
    "stage": entry(sample("x"), **DARK | {"reason": "mask_missing"}),
    "rule_version": entry(sample("x"), rule_version=-1),
    "scan_removes_rejects_and_no_others": entry(
        sample("x"), **DARK | {"reason": "mask_missing", "stage": "scan"}
    ),
    "removed_rows_say_why": entry(reject("x"), measured=""),
    "kept_rows_give_no_reason": entry(sample("x"), reason="mask_missing"),
    "not_split_yet": entry(sample("x"), split="train"),
}
_CLEANED_FAULTS = {
    "fate": entry(sample("x"), fate="moved"),
    "reason": entry(sample("x"), **DARK | {"reason": "ugly"}),
    "stage": entry(sample("x"), **DARK | {"stage": "split"}),
    "rule_version": entry(sample("x"), rule_version=-1),
    "scan_removes_rejects_and_no_others": entry(sample("x"), **DARK | {"stage": "scan"}),
    "removed_rows_say_why": entry(sample("x"), **DARK | {"measured": ""}),
    "kept_rows_give_no_reason": entry(sample("x"), reason="image_dark"),
    "kept_rows_have_a_group": entry(sample("x"), duplicate_group=""),
    "humans_fit_into_the_frame": entry(sample("x", human_px=0)),
    "not_split_yet": entry(sample("x"), split="train"),
}
_SPLIT_FAULTS = {
    "fate": entry(sample("x"), fate="lost"),
    "reason": entry(sample("x"), **DARK | {"reason": "ugly"}),
    "stage": entry(sample("x"), **DARK | {"stage": "later"}),
    "rule_version": entry(sample("x"), split="train", rule_version=-1),
    "scan_removes_rejects_and_no_others": entry(reject("x"), stage="clean"),
    "removed_rows_say_why": entry(sample("x"), **DARK | {"measured": ""}),
    "kept_rows_give_no_reason": entry(sample("x"), split="val", stage="clean"),
    "kept_rows_have_a_group": entry(sample("x"), split="train", duplicate_group=""),
    "kept_rows_and_no_others_have_a_split": entry(sample("x")),
    "official_test_samples_in_train_are_marked_moved": entry(
        sample("x", official_split="val"), split="train"
    ),
    "moved_rows_left_their_list": entry(sample("x"), split="train", fate="moved"),
}


def _twice(make, **changes) -> Broken:
    row = entry(sample("a", image_sha256=sha("other")), **changes)
    return Broken(make(row), ("voc/a", "voc/a"))


def _same_bytes(make, **changes) -> Broken:
    row = entry(sample("x", image_sha256=sha("voc/a")), **changes)
    return Broken(make(row), ("voc/a", "voc/x"))


def _across(group_of: str) -> Broken:
    row = entry(sample("x"), split="train", duplicate_group=sha(group_of))
    return Broken(split_with(row), (group_of, "voc/x"))


def _faults(make, rows) -> dict[str, Broken]:
    return {name: _row(make, row) for name, row in rows.items()}


def _values(make, stage: str, share: str) -> dict[str, Broken]:
    start = f"sizes / voc / train / {stage}"
    second, again, shown = (f"{start} / {name}" for name in ("with_human", "images", share))
    return {
        "": Broken(make().slice(0, 0)),
        "table": Broken(make(table="size"), (second.replace("sizes", "size"),)),
        "split": Broken(make(split="dev"), (second.replace("train", "dev"),)),
        "stage": Broken(make(stage="later"), (second.replace(stage, "later"),)),
        "value": Broken(make(value=-1.0), (second,)),
        "values_stand_once": Broken(make(quantity="images"), (again, again)),
        "counts_are_whole": Broken(make(value=2.5), (second,)),
        "shares_are_fractions": Broken(
            make(quantity=share, value=13.0, source="ade20k"),
            (shown.replace("voc", "ade20k"),),
        ),
    }


#: Suite -> column or claim, "" for the table as a whole -> the table that breaks it alone.
BROKEN: Mapping[str, Mapping[str, Broken]] = {
    "source_samples": {
        "": Broken(samples_with().slice(0, 0)),
        "sample_id": Broken(samples_with(sample("a")), ("voc/a", "voc/a")),
        **_faults(samples_with, _SOURCE_FAULTS),
    },
    "human_masks": {
        "": Broken(masks_with().slice(0, 0)),
        "sample_id": Broken(masks_with(sample_id="voc/b"), ("voc/b", "voc/b")),
        "length": Broken(masks_with(length=0), ("voc/a",)),
        "height": Broken(masks_with(height=0), ("voc/a",)),
        "width": Broken(masks_with(width=0), ("voc/a",)),
        "sha256": Broken(masks_with(sha256=""), ("voc/a",)),
        "blobs_follow_each_other": Broken(masks_with(offset=1), ("voc/a", "voc/b")),
    },
    "merged_dataset": {
        "": Broken(merged_with().slice(0, 0)),
        "sample_id": _twice(merged_with),
        **_faults(merged_with, _MERGED_FAULTS),
    },
    "cleaned_dataset": {
        "present": Broken(ledger_table([entry(sample("a"), **DARK), reject("c")])),
        "sample_id": _twice(cleaned_with),
        "same_bytes_are_kept_once": _same_bytes(cleaned_with),
        **_faults(cleaned_with, _CLEANED_FAULTS),
    },
    "dataset_split": {
        "is_trained_on": Broken(ledger_table([entry(sample("a"), split="val"), reject("c")])),
        "sample_id": _twice(split_with, split="train"),
        "same_bytes_are_kept_once": _same_bytes(split_with, split="train"),
        "groups_are_in_one_split": _across("voc/b"),
        **_faults(split_with, _SPLIT_FAULTS),
    },
    "dataset_statistics": _values(statistics_with, "before", "human_pixel_share"),
    "thesis_tables": _values(thesis_with, "original", "no_human_share"),
}
