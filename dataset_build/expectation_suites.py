"""What each stage's table must look like: one suite per stage, as data.

A *claim* is a statement about a row that needs several columns; it becomes a boolean column of its
own, so that a broken claim names its rows like any other expectation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dataset_build.cleaning import REVIEW_REJECT
from dataset_build.fates import FATES, KEPT, MOVED, REMOVED, STAGES
from dataset_build.faults import RejectReason
from dataset_build.ledger import LEDGER
from dataset_build.mask_pack import MASK_INDEX
from dataset_build.rules import removal_codes
from dataset_build.scan import SAMPLES
from dataset_build.splits import NEGATIVE_SURPLUS, SPLITS
from dataset_build.statistics import AFTER, BEFORE, FRACTIONS
from dataset_build.tally import STATISTICS

if TYPE_CHECKING:
    import pandas as pd  # a third of the time that loading the definitions takes

#: A statement about each row; True where it holds.
Claim = Callable[["pd.DataFrame"], "pd.Series[bool]"]

SHA256 = r"^[0-9a-f]{64}$"
#: Relative, with forward slashes, never upwards; "" where the file is missing.
RELATIVE_PATH = r"^(?!/)(?!.*\\)(?!(?:.*/)?\.\.(?:/|$)).*$"
_REJECTS = ("", *map(str, RejectReason))
_REASONS = (*_REJECTS, *removal_codes(), REVIEW_REJECT, NEGATIVE_SURPLUS)
#: Not measured where there are no humans, or too few to compare.
_MAY_LACK = ("surveillance_score", "ground_agreement")
_MEASURED = tuple(field.name for field in SAMPLES if field.nullable and field.name not in _MAY_LACK)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One expectation by its name in Great Expectations.

    Args:
        kind: class name in ``great_expectations.expectations``.
        column: which column, or claim; "" for the table as a whole.
        limits: further arguments.
    """

    kind: str
    column: str = ""
    limits: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Everything that is expected of one table.

    Args:
        columns: columns that must be there before anything else is asked.
        row_name: columns that name a row in a finding.
        claims: name -> statement about each row.
        expectations: over columns; every claim is expected as well.
    """

    columns: tuple[str, ...]
    row_name: tuple[str, ...]
    claims: Mapping[str, Claim]
    expectations: tuple[Expectation, ...]


def _rows() -> Expectation:
    return Expectation(kind="ExpectTableRowCountToBeBetween", limits={"min_value": 1})


def _unique(column: str) -> Expectation:
    return Expectation(kind="ExpectColumnValuesToBeUnique", column=column)


def _in_set(column: str, values: tuple[object, ...]) -> Expectation:
    return Expectation(
        kind="ExpectColumnValuesToBeInSet", column=column, limits={"value_set": list(values)}
    )


def _between(column: str, low: float, high: float | None = None) -> Expectation:
    limits: dict[str, object] = {"min_value": low}
    if high is not None:
        limits["max_value"] = high
    return Expectation(kind="ExpectColumnValuesToBeBetween", column=column, limits=limits)


def _matches(column: str, regex: str) -> Expectation:
    return Expectation(
        kind="ExpectColumnValuesToMatchRegex", column=column, limits={"regex": regex}
    )


def _somewhere(claim: str) -> Expectation:
    """At least one row for which the claim holds; for claims that are not expected of every row."""
    return Expectation(kind="ExpectColumnMaxToBeBetween", column=claim, limits={"min_value": 1})


def _readable(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["reject_reason"] == ""


def _present(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["fate"].isin([KEPT, MOVED])


def _readable_rows_are_measured(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows[list(_MEASURED)].notna().all(axis=1) | ~_readable(rows)


def _rejects_are_not_measured(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["human_share"].isna() | _readable(rows)


def _readable_rows_have_hashes(rows: pd.DataFrame) -> pd.Series[bool]:
    hashed = rows["image_sha256"].str.match(SHA256) & rows["mask_sha256"].str.match(SHA256)
    return hashed.astype(bool) | ~_readable(rows)


def _readable_rows_have_a_size(rows: pd.DataFrame) -> pd.Series[bool]:
    sized = (rows["width"] > 0) & (rows["height"] > 0) & (rows["image_bytes"] > 0)
    return sized | ~_readable(rows)


def _humans_fit_into_the_frame(rows: pd.DataFrame) -> pd.Series[bool]:
    area = rows["width"].astype("int64") * rows["height"].astype("int64")
    return rows["human_px"].fillna(0).between(0, area) & (
        (rows["human_px"].fillna(0) > 0) == (rows["human_share"].fillna(0) > 0)
    )


def _sample_id_starts_with_its_source(rows: pd.DataFrame) -> pd.Series[bool]:
    import pandas as pd

    pairs = zip(rows["sample_id"], rows["source"], strict=True)
    held = [sample_id.startswith(f"{source}/") for sample_id, source in pairs]
    return pd.Series(held, index=rows.index, dtype=bool)


def _rejects_are_removed(rows: pd.DataFrame) -> pd.Series[bool]:
    by_scan = (rows["fate"] == REMOVED) & (rows["reason"] == rows["reject_reason"])
    return _readable(rows) | (by_scan & (rows["stage"] == "scan"))


def _removed_rows_say_why(rows: pd.DataFrame) -> pd.Series[bool]:
    said = (rows["reason"] != "") & (rows["measured"] != "") & rows["stage"].isin(STAGES)
    return said == (rows["fate"] == REMOVED)


def _kept_rows_give_no_reason(rows: pd.DataFrame) -> pd.Series[bool]:
    return ((rows["reason"] == "") & (rows["stage"] == "")) | (rows["fate"] == REMOVED)


def _same_bytes_are_kept_once(rows: pd.DataFrame) -> pd.Series[bool]:
    present = _present(rows)
    return ~(present & rows["image_sha256"].where(present).duplicated(keep=False))


def _kept_rows_have_a_group(rows: pd.DataFrame) -> pd.Series[bool]:
    return (rows["duplicate_group"] != "") | ~_present(rows)


def _not_split_yet(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["split"] == ""


def _kept_rows_and_no_others_have_a_split(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["split"].isin(SPLITS) == _present(rows)


def _groups_are_in_one_split(rows: pd.DataFrame) -> pd.Series[bool]:
    splits = rows["split"].where(_present(rows))
    return splits.groupby(rows["duplicate_group"]).transform("nunique") <= 1


def _official_test_samples_in_train_are_marked_moved(rows: pd.DataFrame) -> pd.Series[bool]:
    crossed = rows["official_split"].isin(["val", "test"]) & (rows["split"] == "train")
    return ~crossed | (rows["fate"] == MOVED)


def _is_trained_on(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["split"] == "train"


def _blobs_follow_each_other(rows: pd.DataFrame) -> pd.Series[bool]:
    ordered = rows.sort_values("offset", kind="stable")
    expected = (ordered["offset"] + ordered["length"]).shift(1, fill_value=0)
    return (ordered["offset"] == expected).reindex(rows.index)


def _values_stand_once(rows: pd.DataFrame) -> pd.Series[bool]:
    return ~rows.duplicated(STATISTICS.names[:-1], keep=False)


def _shares_are_fractions(rows: pd.DataFrame) -> pd.Series[bool]:
    return ~rows["quantity"].isin(FRACTIONS) | rows["value"].between(0.0, 1.0)


def _counts_are_whole(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["quantity"].isin(FRACTIONS) | (rows["value"] % 1.0 == 0.0)


def _named(*claims: Claim) -> dict[str, Claim]:
    return {claim.__name__.lstrip("_"): claim for claim in claims}


_SAMPLE_CLAIMS = _named(
    _sample_id_starts_with_its_source,
    _readable_rows_are_measured,
    _readable_rows_have_hashes,
    _readable_rows_have_a_size,
    _rejects_are_not_measured,
    _humans_fit_into_the_frame,
)
_SAMPLE_EXPECTATIONS = (
    _rows(),
    _unique("sample_id"),
    _in_set("official_split", ("train", "val", "test", "none")),
    _in_set("reject_reason", _REJECTS),
    _matches("image_path", RELATIVE_PATH),
    _matches("mask_path", RELATIVE_PATH),
    _between("human_share", 0.0, 1.0),
    _between("ignore_share", 0.0, 1.0),
    _between("tallest_region_share", 0.0, 1.0),
    _between("border_touch_share", 0.0, 1.0),
    _between("luma_mean", 0.0, 255.0),
    _between("entropy_bits", 0.0, 8.0),
    _between("sharpness", 0.0),
)
_FATE_CLAIMS = _named(_rejects_are_removed, _removed_rows_say_why, _kept_rows_give_no_reason)
_FATE_EXPECTATIONS = (
    _rows(),
    _unique("sample_id"),
    _in_set("fate", FATES),
    _in_set("reason", _REASONS),
    _in_set("stage", ("", *STAGES)),
    _between("rule_version", 0),
)
_CLEAN_CLAIMS = _FATE_CLAIMS | _named(_same_bytes_are_kept_once, _kept_rows_have_a_group)
_SAMPLE_NAME = ("sample_id",)

SUITES: Mapping[str, Suite] = {
    "source_samples": Suite(
        columns=tuple(SAMPLES.names),
        row_name=_SAMPLE_NAME,
        claims=_SAMPLE_CLAIMS,
        expectations=_SAMPLE_EXPECTATIONS,
    ),
    "human_masks": Suite(
        columns=tuple(MASK_INDEX.names),
        row_name=_SAMPLE_NAME,
        claims=_named(_blobs_follow_each_other),
        expectations=(
            _rows(),
            _unique("sample_id"),
            _between("offset", 0),
            _between("length", 1),
            _between("height", 1),
            _between("width", 1),
            _matches("sha256", SHA256),
        ),
    ),
    "merged_dataset": Suite(
        columns=tuple(LEDGER.names),
        row_name=_SAMPLE_NAME,
        claims=_SAMPLE_CLAIMS | _FATE_CLAIMS | _named(_not_split_yet),
        expectations=(*_FATE_EXPECTATIONS, _in_set("stage", ("", "scan"))),
    ),
    "cleaned_dataset": Suite(
        columns=tuple(LEDGER.names),
        row_name=_SAMPLE_NAME,
        claims=_CLEAN_CLAIMS | _named(_not_split_yet),
        expectations=(*_FATE_EXPECTATIONS, _in_set("fate", (KEPT, REMOVED)), _somewhere("present")),
    ),
    "dataset_split": Suite(
        columns=tuple(LEDGER.names),
        row_name=_SAMPLE_NAME,
        claims=_CLEAN_CLAIMS
        | _named(
            _kept_rows_and_no_others_have_a_split,
            _groups_are_in_one_split,
            _official_test_samples_in_train_are_marked_moved,
        ),
        expectations=(*_FATE_EXPECTATIONS, _somewhere("is_trained_on")),
    ),
    "dataset_statistics": Suite(
        columns=tuple(STATISTICS.names),
        row_name=tuple(STATISTICS.names[:-1]),
        claims=_named(_values_stand_once, _shares_are_fractions, _counts_are_whole),
        expectations=(
            _rows(),
            _between("value", 0.0),
            _in_set("stage", (BEFORE, AFTER, *STAGES)),
        ),
    ),
}
#: Claims that must hold for some row, not for every row.
PARTIAL_CLAIMS: Mapping[str, Claim] = _named(_present, _is_trained_on)
