"""The named cleaning rules as data: which quantity, which limit, which side of it is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dataset_build.config import CleaningRules
from dataset_build.scan.surveillance import COLUMNS, likeness

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DUPLICATE_EXACT = "duplicate_exact"
DUPLICATE_NEAR = "duplicate_near"
NOT_SURVEILLANCE_LIKE = "not_surveillance_like"
#: Rules that are no threshold on one quantity.
_OTHER_RULES = frozenset({DUPLICATE_EXACT, DUPLICATE_NEAR})
#: Columns of a sample that the threshold rules read as they are.
_MEASURED = (
    "human_px",
    "luma_mean",
    "luma_std",
    "entropy_bits",
    "sharpness",
    "human_share",
    "ignore_share",
    "surveillance_score",
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

    def broken(self, values: FloatArray, human: BoolArray) -> BoolArray:
        """(N,) which samples go, given their values and whether they show a human."""
        beyond = values > self.limit if self.above else values < self.limit
        return beyond & human if self.humans_only else beyond

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
    every = _every_rule(rules)
    known = {rule.code for rule in every} | _OTHER_RULES
    unknown = sorted(set(rules.disabled) - known)
    if unknown:
        raise ValueError(
            f"disabled rules {', '.join(unknown)} do not exist; choose from"
            f" {', '.join(sorted(known))}"
        )
    return tuple(rule for rule in every if rule.code not in rules.disabled)


def _every_rule(rules: CleaningRules) -> tuple[Rule, ...]:
    return (
        _below("image_small", "short_side_px", rules.min_side_px),
        _above("image_odd_aspect", "aspect", rules.max_aspect),
        _below("image_dark", "luma_mean", rules.min_luma_mean),
        _above("image_bright", "luma_mean", rules.max_luma_mean),
        _below("image_low_information", "luma_std", rules.min_luma_std),
        _below("image_low_information", "entropy_bits", rules.min_entropy_bits),
        _below("image_blurred", "sharpness", rules.min_sharpness),
        _above("mask_mostly_ignored", "ignore_share", rules.max_ignore_share),
        _below("mask_sliver", "human_share", rules.min_human_share, humans_only=True),
        _above("mask_frame_filling", "human_share", rules.max_human_share, humans_only=True),
        _below(
            NOT_SURVEILLANCE_LIKE,
            "surveillance_score",
            rules.min_surveillance_score,
            humans_only=True,
        ),
    )


def _below(code: str, quantity: str, limit: float, *, humans_only: bool = False) -> Rule:
    return Rule(code=code, quantity=quantity, limit=limit, above=False, humans_only=humans_only)


def _above(code: str, quantity: str, limit: float, *, humans_only: bool = False) -> Rule:
    return Rule(code=code, quantity=quantity, limit=limit, above=True, humans_only=humans_only)


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
    human = values["human_px"] > 0
    left = np.asarray(pc.equal(table["reject_reason"], ""), np.bool_)
    breaches: dict[int, Breach] = {}
    for rule in threshold_rules(rules):
        column = values[rule.quantity]
        broken = np.flatnonzero(left & rule.broken(column, human))
        left[broken] = False
        for row in broken.tolist():
            measured = rule.measured(column[row])
            if rule.code == NOT_SURVEILLANCE_LIKE:
                measured += _weakest_part({name: float(values[name][row]) for name in COLUMNS})
            breaches[row] = Breach(code=rule.code, measured=measured)
    return dict(sorted(breaches.items()))


def _weakest_part(sample: Mapping[str, float]) -> str:
    """What makes a sample least like a camera's view, for the ledger."""
    if not sample["person_regions"]:
        return "; nobody large enough to be made out"
    name, value = likeness(sample).weakest()
    return f"; {name} {value:.2g}"
