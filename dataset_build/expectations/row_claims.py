"""Statements about a row that need several columns, for the expectation suites.

A *claim* takes a stage's rows and is True for each row that it holds for. It becomes a boolean
column of its own, so that a broken claim names its rows like any other expectation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dataset_build.ledger.fates import KEPT, MOVED, REMOVED
from dataset_build.ledger.splits import SPLITS
from dataset_build.scan.sample_rows import SAMPLES
from dataset_build.statistics.tally import STATISTICS

if TYPE_CHECKING:
    import pandas as pd  # a third of the time that loading the definitions takes

#: A statement about each row; True where it holds.
Claim = Callable[["pd.DataFrame"], "pd.Series[bool]"]

SHA256 = r"^[0-9a-f]{64}$"
#: Not measured where there are no humans, or too few to compare.
_MAY_LACK = ("surveillance_score", "ground_agreement")
_MEASURED = tuple(field.name for field in SAMPLES if field.nullable and field.name not in _MAY_LACK)


def _readable(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["reject_reason"] == ""


def present(rows: pd.DataFrame) -> pd.Series[bool]:
    """The image is in the dataset."""
    return rows["fate"].isin([KEPT, MOVED])


def is_trained_on(rows: pd.DataFrame) -> pd.Series[bool]:
    """The image is in the training split."""
    return rows["split"] == "train"


def sample_id_starts_with_its_source(rows: pd.DataFrame) -> pd.Series[bool]:
    """``voc/...`` comes from voc."""
    held = rows["source"] != rows["source"]
    for source in rows["source"].unique():
        held |= (rows["source"] == source) & rows["sample_id"].str.startswith(f"{source}/")
    return held.astype(bool)


def readable_rows_are_measured(rows: pd.DataFrame) -> pd.Series[bool]:
    """Whatever could be read has every measurement that does not need several humans."""
    return rows[list(_MEASURED)].notna().all(axis=1) | ~_readable(rows)


def rejects_are_not_measured(rows: pd.DataFrame) -> pd.Series[bool]:
    """What could not be read has no measurement at all."""
    return rows[[*_MEASURED, *_MAY_LACK]].isna().all(axis=1) | _readable(rows)


def readable_rows_have_hashes(rows: pd.DataFrame) -> pd.Series[bool]:
    """Image and mask of whatever could be read are known by their bytes."""
    hashed = rows["image_sha256"].str.match(SHA256) & rows["mask_sha256"].str.match(SHA256)
    return hashed.astype(bool) | ~_readable(rows)


def readable_rows_have_a_size(rows: pd.DataFrame) -> pd.Series[bool]:
    """Width, height and bytes of whatever could be read are above zero."""
    sized = (rows["width"] > 0) & (rows["height"] > 0) & (rows["image_bytes"] > 0)
    return sized | ~_readable(rows)


def humans_fit_into_the_frame(rows: pd.DataFrame) -> pd.Series[bool]:
    """Human pixels are at most the frame's, and there are some where there is a human share."""
    area = rows["width"].astype("int64") * rows["height"].astype("int64")
    return rows["human_px"].fillna(0).between(0, area) & (
        (rows["human_px"].fillna(0) > 0) == (rows["human_share"].fillna(0) > 0)
    )


def humans_and_no_others_have_a_score(rows: pd.DataFrame) -> pd.Series[bool]:
    """Surveillance-likeness is judged where there are humans."""
    return rows["surveillance_score"].notna() == (rows["human_px"].fillna(0) > 0)


def scan_removes_rejects_and_no_others(rows: pd.DataFrame) -> pd.Series[bool]:
    """What could not be read is removed at the scan, for the reason that the scan gave."""
    by_scan = (rows["fate"] == REMOVED) & (rows["stage"] == "scan")
    held = by_scan & (rows["reason"] == rows["reject_reason"])
    return held.where(~_readable(rows), rows["stage"] != "scan")


def removed_rows_say_why(rows: pd.DataFrame) -> pd.Series[bool]:
    """A removed image has a reason, a measured value and a stage; only a removed one has all."""
    said = (rows["reason"] != "") & (rows["measured"] != "") & (rows["stage"] != "")
    return said == (rows["fate"] == REMOVED)


def kept_rows_give_no_reason(rows: pd.DataFrame) -> pd.Series[bool]:
    """Whatever stays has neither reason nor stage of removal."""
    return ((rows["reason"] == "") & (rows["stage"] == "")) | (rows["fate"] == REMOVED)


def same_bytes_are_kept_once(rows: pd.DataFrame) -> pd.Series[bool]:
    """No two images of the dataset have the same bytes."""
    there = present(rows)
    return ~(there & rows["image_sha256"].where(there).duplicated(keep=False))


def kept_rows_have_a_group(rows: pd.DataFrame) -> pd.Series[bool]:
    """Every image of the dataset belongs to a group of duplicates, if of one."""
    return (rows["duplicate_group"] != "") | ~present(rows)


def not_split_yet(rows: pd.DataFrame) -> pd.Series[bool]:
    """No split before the split."""
    return rows["split"] == ""


def kept_rows_and_no_others_have_a_split(rows: pd.DataFrame) -> pd.Series[bool]:
    """The dataset is divided into train, val and test, whole."""
    return rows["split"].isin(SPLITS) == present(rows)


def groups_are_in_one_split(rows: pd.DataFrame) -> pd.Series[bool]:
    """What looks alike never spans two splits."""
    splits = rows["split"].where(present(rows))
    return splits.groupby(rows["duplicate_group"]).transform("nunique") <= 1


def official_test_samples_in_train_are_marked_moved(rows: pd.DataFrame) -> pd.Series[bool]:
    """An image that its source holds out is trained on only if the ledger says that it moved."""
    crossed = rows["official_split"].isin(["val", "test"]) & (rows["split"] == "train")
    return ~crossed | (rows["fate"] == MOVED)


def moved_rows_left_their_list(rows: pd.DataFrame) -> pd.Series[bool]:
    """Moved is only what stands in another split than its source put it in."""
    return (rows["fate"] != MOVED) | (rows["official_split"] != rows["split"])


def blobs_follow_each_other(rows: pd.DataFrame) -> pd.Series[bool]:
    """Masks lie in the pack without gap or overlap, from its first byte."""
    ordered = rows.sort_values("offset", kind="stable")
    expected = (ordered["offset"] + ordered["length"]).shift(1, fill_value=0)
    return (ordered["offset"] == expected).reindex(rows.index)


def values_stand_once(rows: pd.DataFrame) -> pd.Series[bool]:
    """One value per address."""
    return ~rows.duplicated(STATISTICS.names[:-1], keep=False)
