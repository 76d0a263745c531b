"""Each rule fires beyond its limit, stays quiet on it, and says what it measured."""

from __future__ import annotations

import pytest

from dataset_build.config import CleaningRules
from dataset_build.ledger.rules import first_breaches, threshold_rules
from tests.dataset_build.factories_ledger import ledger_table, negative, reject, sample

RULES = CleaningRules(
    disabled=(),
    min_luma_mean=20,
    max_luma_mean=240,
    min_luma_std=4,
    min_entropy_bits=3,
    min_sharpness=20,
    max_aspect=3,
    min_side_px=64,
    min_human_share=0.001,
    max_human_share=0.9,
    max_ignore_share=0.9,
    min_surveillance_score=0.4,
)


def breach(row, rules=RULES):
    found = first_breaches(ledger_table([row]), rules)
    return (found[0].code, found[0].measured) if found else None


@pytest.mark.parametrize(
    ("changes", "code", "measured"),
    [
        ({"width": 63}, "image_small", "short_side_px 63 < 64"),
        ({"width": 1441}, "image_odd_aspect", "aspect 3.002 > 3"),
        ({"height": 1921}, "image_odd_aspect", "aspect 3.002 > 3"),
        ({"luma_mean": 19.9}, "image_dark", "luma_mean 19.9 < 20"),
        ({"luma_mean": 240.5}, "image_bright", "luma_mean 240.5 > 240"),
        ({"luma_std": 3.5}, "image_low_information", "luma_std 3.5 < 4"),
        ({"entropy_bits": 2.5}, "image_low_information", "entropy_bits 2.5 < 3"),
        ({"sharpness": 12.345}, "image_blurred", "sharpness 12.35 < 20"),
        ({"ignore_share": 0.95}, "mask_mostly_ignored", "ignore_share 0.95 > 0.9"),
        ({"human_share": 0.0005}, "mask_sliver", "human_share 0.0005 < 0.001"),
        ({"human_share": 0.95}, "mask_frame_filling", "human_share 0.95 > 0.9"),
        (
            {"surveillance_score": 0.2, "headroom_share": 0.05},
            "not_surveillance_like",
            "surveillance_score 0.2 < 0.4; headroom 0.2",
        ),
        (
            {"surveillance_score": 0.0, "person_regions": 0},
            "not_surveillance_like",
            "surveillance_score 0 < 0.4; nobody large enough to be made out",
        ),
    ],
)
def test_a_broken_rule_names_its_code_and_the_measured_value(changes, code, measured):
    assert breach(sample("a", **changes)) == (code, measured)


def test_values_on_the_limits_stay():
    edge = sample(
        "a",
        width=192,
        height=64,
        luma_mean=20.0,
        luma_std=4.0,
        entropy_bits=3.0,
        sharpness=20.0,
        human_share=0.9,
        ignore_share=0.9,
        surveillance_score=0.4,
    )
    assert breach(edge) is None


def test_no_humans_is_neither_a_sliver_nor_unlike_a_camera():
    assert breach(negative("a")) is None


def test_a_disabled_rule_is_silent():
    off = CleaningRules(disabled=("image_dark",))
    assert breach(sample("a", luma_mean=1.0), off) is None


def test_surveillance_likeness_is_off_by_default():
    assert breach(sample("a", surveillance_score=0.0), CleaningRules()) is None


def test_the_first_broken_rule_gives_the_reason_and_rows_come_in_order():
    rows = [sample("a", sharpness=1.0), sample("b"), sample("c", luma_mean=1.0, sharpness=1.0)]
    found = first_breaches(ledger_table(rows), RULES)
    assert [(row, breach.code) for row, breach in found.items()] == [
        (0, "image_blurred"),
        (2, "image_dark"),
    ]


def test_rejects_of_the_scan_are_not_judged():
    assert breach(reject("a", width=0, height=0)) is None


def test_a_misspelt_disabled_rule_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match=r"image_drak do not exist; choose from.*image_dark"):
        threshold_rules(CleaningRules(disabled=("image_drak",)))
