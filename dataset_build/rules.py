"""The named cleaning rules as data: which quantity, which limit, which side of it is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dataset_build.config import CleaningRules
from dataset_build.surveillance import COLUMNS, departures

FloatArray = npt.NDArray[np.float64]

DUPLICATE_EXACT = "duplicate_exact"
DUPLICATE_NEAR = "duplicate_near"
NOT_SURVEILLANCE_LIKE = "not_surveillance_like"
#: Rules that are no threshold on one quantity.
_OTHER_RULES = frozenset({DUPLICATE_EXACT, DUPLICATE_NEAR, NOT_SURVEILLANCE_LIKE})
#: Columns of a sample that the threshold rules read as they are.
_MEASURED = (
    "luma_mean",
    "luma_std",
    "entropy_bits",
    "sharpness",
    "human_share",
    "ignore_share",
)


_EVERY_RULE = CleaningRules(disabled=())


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One threshold; a value exactly on the limit is not broken, an unknown value neither.

    Args:
        code: reason code of the removal.
        quantity: which measurement is judged.
        limit: in the unit of the quantity.
        above: broken above the limit, otherwise below it.
        humans_only: samples without human pixels are not judged.
    """

    code: str
    quantity: str
    limit: float
    above: bool
    humans_only: bool = False

    def broken(self, value: float, human: bool) -> bool:
        """Whether a sample with this value goes."""
        if self.humans_only and not human:
            return False
        return value > self.limit if self.above else value < self.limit

    def measured(self, value: float) -> str:
        """The value against the limit, for the ledger."""
        return f"{self.quantity} {value:.4g} {'>' if self.above else '<'} {self.limit:g}"


@dataclass(frozen=True, kw_only=True)
class Breach:
    """The first rule that a sample breaks, and the measured value against its limit."""

    code: str
    measured: str


def threshold_rules(rules: CleaningRules) -> tuple[Rule, ...]:
    """The enabled rules in the order they are tried; the first one broken gives the reason.

    Raises:
        ValueError: ``rules.disabled`` names a rule that does not exist.
    """
    every = (
        Rule(code="image_small", quantity="short_side_px", limit=rules.min_side_px, above=False),
        Rule(code="image_odd_aspect", quantity="aspect", limit=rules.max_aspect, above=True),
        Rule(code="image_dark", quantity="luma_mean", limit=rules.min_luma_mean, above=False),
        Rule(code="image_bright", quantity="luma_mean", limit=rules.max_luma_mean, above=True),
        Rule(
            code="image_low_information",
            quantity="luma_std",
            limit=rules.min_luma_std,
            above=False,
        ),
        Rule(
            code="image_low_information",
            quantity="entropy_bits",
            limit=rules.min_entropy_bits,
            above=False,
        ),
        Rule(code="image_blurred", quantity="sharpness", limit=rules.min_sharpness, above=False),
        Rule(
            code="mask_mostly_ignored",
            quantity="ignore_share",
            limit=rules.max_ignore_share,
            above=True,
        ),
        Rule(
            code="mask_sliver",
            quantity="human_share",
            limit=rules.min_human_share,
            above=False,
            humans_only=True,
        ),
        Rule(
            code="mask_frame_filling",
            quantity="human_share",
            limit=rules.max_human_share,
            above=True,
            humans_only=True,
        ),
    )
    known = {rule.code for rule in every} | _OTHER_RULES
    unknown = sorted(set(rules.disabled) - known)
    if unknown:
        raise ValueError(
            f"disabled rules {', '.join(unknown)} do not exist; choose from"
            f" {', '.join(sorted(known))}"
        )
    return tuple(rule for rule in every if rule.code not in rules.disabled)


def removal_codes() -> tuple[str, ...]:
    """Reason codes of all cleaning rules, enabled or not, sorted."""
    return tuple(sorted({rule.code for rule in threshold_rules(_EVERY_RULE)} | _OTHER_RULES))


def measurements(table: pa.Table) -> dict[str, FloatArray]:
    """Every quantity that a rule judges, (N,) each; NaN where the scan could not measure."""
    columns = {name: _floats(table, name) for name in {*_MEASURED, *COLUMNS}}
    width, height = _floats(table, "width"), _floats(table, "height")
    short = np.minimum(width, height)
    columns["short_side_px"] = short
    columns["aspect"] = np.maximum(width, height) / np.maximum(short, 1.0)
    return columns


def _floats(table: pa.Table, name: str) -> FloatArray:
    column = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(column, np.float64)


def first_breaches(table: pa.Table, rules: CleaningRules) -> Mapping[int, Breach]:
    """Row number -> the first rule broken, for samples that break one; rejects are not judged."""
    values = measurements(table)
    breaches: dict[int, Breach] = {}
    thresholds = threshold_rules(rules)
    judge_likeness = NOT_SURVEILLANCE_LIKE not in rules.disabled
    for row, reject in enumerate(table["reject_reason"].to_pylist()):
        if reject:
            continue
        sample = {name: float(column[row]) for name, column in values.items()}
        breach = _first_breach(sample, thresholds)
        if breach is None and judge_likeness:
            breach = _unlike_a_camera(sample, rules)
        if breach is not None:
            breaches[row] = breach
    return breaches


def _first_breach(sample: Mapping[str, float], rules: tuple[Rule, ...]) -> Breach | None:
    human = sample["human_px"] > 0
    for rule in rules:
        value = sample[rule.quantity]
        if rule.broken(value, human):
            return Breach(code=rule.code, measured=rule.measured(value))
    return None


def _unlike_a_camera(sample: Mapping[str, float], rules: CleaningRules) -> Breach | None:
    broken = departures(sample, rules)
    return Breach(code=NOT_SURVEILLANCE_LIKE, measured="; ".join(broken)) if broken else None
