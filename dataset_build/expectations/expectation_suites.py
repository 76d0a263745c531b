"""What each stage's table must look like: one suite per stage, as data.

No expectation stands here that another one already implies: each can fail alone, and a test breaks
each alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dataset_build.expectations import row_claims
from dataset_build.expectations.row_claims import SHA256, Claim
from dataset_build.ledger.cleaning import REVIEW_REJECT
from dataset_build.ledger.fates import FATES, KEPT, REMOVED, STAGES
from dataset_build.ledger.ledger import LEDGER
from dataset_build.ledger.rules import removal_codes
from dataset_build.ledger.splits import NEGATIVE_SURPLUS
from dataset_build.ledger.unconfirmed import UNCONFIRMED
from dataset_build.scan.mask_pack import MASK_INDEX
from dataset_build.scan.sample_rows import SAMPLES
from dataset_build.sources.faults import RejectReason
from dataset_build.statistics import statistics, thesis_tables
from dataset_build.statistics.tally import ALL, STATISTICS

if TYPE_CHECKING:
    import pandas as pd

#: What no path of a source holds: a slash to begin with, a step upwards. A backslash is a letter of
#: a name, or stands for one that is not UTF-8. Said as what must not match, because Arrow looks for
#: that in a whole column at once.
NOT_BELOW_THE_SOURCE = r"^/|(?:^|[/\\])\.\.(?:[/\\]|$)"
_REJECTS = ("", *map(str, RejectReason))
_REASONS = (*_REJECTS, *removal_codes(), REVIEW_REJECT, UNCONFIRMED)
_OFFICIAL = ("train", "val", "test", "none")
#: Measurements of a sample that are fractions.
_FRACTIONS = (
    "human_share",
    "ignore_share",
    "tallest_region_share",
    "border_touch_share",
    "largest_person_share",
    "headroom_share",
    "cut_share",
    "head_cut_share",
    "ground_agreement",
    "surveillance_score",
)


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
        unread: those of them that neither an expectation nor a claim looks at.
        row_name: columns that name a row in a finding.
        claims: name -> statement that holds for every row.
        somewhere: name -> statement that holds for at least one row.
        expectations: over single columns, or the table.
    """

    columns: tuple[str, ...]
    row_name: tuple[str, ...]
    claims: Mapping[str, Claim]
    somewhere: Mapping[str, Claim] = field(default_factory=dict)
    expectations: tuple[Expectation, ...]
    unread: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what is expected twice: results are told apart by column or claim."""
        names = Counter(one.column or "the table" for one in self.all_expectations())
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise ValueError(
                f"two expectations of {', '.join(twice)}; write the second as a claim of another"
                " name"
            )

    @property
    def read(self) -> tuple[str, ...]:
        """The columns that the claims are given."""
        return tuple(name for name in self.columns if name not in self.unread)

    def all_expectations(self) -> tuple[Expectation, ...]:
        """Those over columns, then one for every claim."""
        every = (_in_set(name, (True,)) for name in self.claims)
        some = (_greatest(name, at_least=1) for name in self.somewhere)
        return (*self.expectations, *every, *some)


def _rows() -> Expectation:
    return Expectation(kind="ExpectTableRowCountToBeBetween", limits={"min_value": 1})


def _unique(column: str) -> Expectation:
    return Expectation(kind="ExpectColumnValuesToBeUnique", column=column)


def _in_set(column: str, values: Iterable[object]) -> Expectation:
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


def _never_matches(column: str, regex: str) -> Expectation:
    return Expectation(
        kind="ExpectColumnValuesToNotMatchRegex", column=column, limits={"regex": regex}
    )


def _greatest(column: str, *, at_least: float) -> Expectation:
    return Expectation(
        kind="ExpectColumnMaxToBeBetween", column=column, limits={"min_value": at_least}
    )


def _named(*claims: Claim) -> dict[str, Claim]:
    return {claim.__name__: claim for claim in claims}


_SAMPLE_CLAIMS = _named(
    row_claims.sample_id_starts_with_its_source,
    row_claims.readable_rows_are_measured,
    row_claims.readable_rows_have_hashes,
    row_claims.readable_rows_have_a_size,
    row_claims.rejects_are_not_measured,
    row_claims.humans_fit_into_the_frame,
    row_claims.humans_and_no_others_have_a_score,
)
_SAMPLE_EXPECTATIONS = (
    _unique("sample_id"),
    _in_set("official_split", _OFFICIAL),
    _never_matches("image_path", NOT_BELOW_THE_SOURCE),
    _never_matches("mask_path", NOT_BELOW_THE_SOURCE),
    *(_between(name, 0.0, 1.0) for name in _FRACTIONS),
    _between("human_regions", 0),
    _between("person_regions", 0),
    _between("luma_mean", 0.0, 255.0),
    _between("luma_std", 0.0, 127.5),  # half of the grey levels' range
    _between("entropy_bits", 0.0, 8.0),
    _between("sharpness", 0.0),
)
_FATE_CLAIMS = _named(
    row_claims.scan_removes_rejects_and_no_others,
    row_claims.removed_rows_say_why,
    row_claims.kept_rows_give_no_reason,
)
_CLEAN_CLAIMS = _FATE_CLAIMS | _named(
    row_claims.same_bytes_are_kept_once, row_claims.kept_rows_have_a_group
)
_SAMPLE_NAME = ("sample_id",)
#: Of a ledger after the merge, which held the scan's measurements against their suite once.
_LEFT_AS_MERGED = frozenset(LEDGER.names) - {
    "sample_id",
    "official_split",
    "image_sha256",
    "width",
    "height",
    "human_share",
    "human_px",
    "reject_reason",
    "fate",
    "reason",
    "measured",
    "stage",
    "rule_version",
    "duplicate_group",
    "split",
}


def _fates(
    fates: Sequence[str], reasons: Sequence[str], stages: Sequence[str]
) -> tuple[Expectation, ...]:
    return (
        _unique("sample_id"),
        _in_set("fate", fates),
        _in_set("reason", reasons),
        _in_set("stage", ("", *stages)),
        _between("rule_version", 0),
    )


def _values_suite(tables: Iterable[str], stages: Iterable[str], fractions: Iterable[str]) -> Suite:
    """Of a file of values by address; ``fractions`` are the quantities that are no counts."""
    shares = list(fractions)

    def shares_are_fractions(rows: pd.DataFrame) -> pd.Series[bool]:
        return ~rows["quantity"].isin(shares) | (rows["value"] <= 1.0)

    def counts_are_whole(rows: pd.DataFrame) -> pd.Series[bool]:
        return rows["quantity"].isin(shares) | (rows["value"] % 1.0 == 0.0)

    return Suite(
        columns=tuple(STATISTICS.names),
        row_name=tuple(STATISTICS.names[:-1]),
        claims=_named(row_claims.values_stand_once, shares_are_fractions, counts_are_whole),
        expectations=(
            _rows(),
            _in_set("table", tables),
            _in_set("split", (*_OFFICIAL, ALL)),
            _in_set("stage", stages),
            _between("value", 0.0),
        ),
    )


SUITES: Mapping[str, Suite] = {
    "source_samples": Suite(
        columns=tuple(SAMPLES.names),
        row_name=_SAMPLE_NAME,
        claims=_SAMPLE_CLAIMS,
        expectations=(_rows(), *_SAMPLE_EXPECTATIONS, _in_set("reject_reason", _REJECTS)),
    ),
    "human_masks": Suite(
        columns=tuple(MASK_INDEX.names),
        row_name=_SAMPLE_NAME,
        claims=_named(row_claims.blobs_follow_each_other),
        expectations=(
            _rows(),
            _unique("sample_id"),
            _between("length", 1),
            _between("height", 1),
            _between("width", 1),
            _matches("sha256", SHA256),
        ),
    ),
    "merged_dataset": Suite(
        columns=tuple(LEDGER.names),
        row_name=_SAMPLE_NAME,
        claims=_SAMPLE_CLAIMS | _FATE_CLAIMS | _named(row_claims.not_split_yet),
        expectations=(_rows(), *_fates((KEPT, REMOVED), _REJECTS, ("scan",))),
    ),
    "cleaned_dataset": Suite(
        columns=tuple(LEDGER.names),
        row_name=_SAMPLE_NAME,
        claims=_CLEAN_CLAIMS
        | _named(
            row_claims.humans_fit_into_the_frame,  # once more: review may have corrected masks
            row_claims.not_split_yet,
        ),
        somewhere=_named(row_claims.present),
        unread=_LEFT_AS_MERGED,
        expectations=_fates((KEPT, REMOVED), _REASONS, [one for one in STAGES if one != "split"]),
    ),
    "dataset_split": Suite(
        columns=tuple(LEDGER.names),
        row_name=_SAMPLE_NAME,
        claims=_CLEAN_CLAIMS
        | _named(
            row_claims.kept_rows_and_no_others_have_a_split,
            row_claims.groups_are_in_one_split,
            row_claims.official_test_samples_in_train_are_marked_moved,
            row_claims.moved_rows_left_their_list,
        ),
        somewhere=_named(row_claims.is_trained_on),
        unread=_LEFT_AS_MERGED,
        expectations=_fates(FATES, (*_REASONS, NEGATIVE_SURPLUS), STAGES),
    ),
    "dataset_statistics": _values_suite(
        statistics.TABLES,
        (statistics.BEFORE, statistics.AFTER, *STAGES),
        statistics.FRACTIONS,
    ),
    "thesis_tables": _values_suite(
        (thesis_tables.SIZES, thesis_tables.CLEANING, thesis_tables.SPLIT_AND_MERGE),
        thesis_tables.STAGES,
        thesis_tables.SHARES,
    ),
}
