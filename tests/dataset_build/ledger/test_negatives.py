"""How many images without humans a split needs, and who gives them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.ledger.negatives import (
    NegativeShare,
    choose_negatives,
    negative_shares,
    wanted_negatives,
    with_target,
)
from tests.dataset_build.factories_ledger import entry, ledger_table, negative, sample


def share(positives, negatives, split="train", target=0.2):
    return NegativeShare(
        split=split, positives=positives, negatives=negatives, target=target, tolerance=0.005
    )


@pytest.mark.parametrize(
    ("positives", "wanted"),
    [(0, 0), (1, 0), (2, 1), (4, 1), (6, 2), (8, 2), (80, 20), (4000, 1000)],
)
def test_a_fifth_of_all_images_is_a_quarter_of_the_humans(positives, wanted):
    assert wanted_negatives(positives, 0.2) == wanted


def test_a_share_of_one_is_refused():
    with pytest.raises(ValueError, match=r"1\.0; expected a fraction in \[0, 1\)"):
        wanted_negatives(5, 1.0)


@settings(deadline=None)
@given(st.integers(1, 500), st.floats(0.0, 0.9))
def test_no_other_number_comes_closer(positives, target):
    wanted = wanted_negatives(positives, target)

    def miss(n):
        return abs(n / (positives + n) - target)

    assert all(miss(wanted) <= miss(n) for n in range(0, 10 * positives + 20))


def test_each_source_gives_in_proportion_to_its_humans():
    assert choose_negatives({"ade": 80, "voc": 320}, {"ade": 90, "voc": 90}, 0.2) == {
        "ade": 20,
        "voc": 80,
    }


def test_what_one_source_cannot_give_the_others_give():
    quota = choose_negatives({"ade": 80, "voc": 320}, {"ade": 200, "voc": 10}, 0.2)
    assert quota == {"ade": 90, "voc": 10}


def test_a_source_without_humans_may_give_too():
    assert choose_negatives({"voc": 80}, {"streets": 50}, 0.2) == {"streets": 20}


def test_too_few_gives_all_there_are():
    assert choose_negatives({"voc": 80}, {"voc": 3}, 0.2) == {"voc": 3}


SOURCES = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 200))


@settings(deadline=None)
@given(SOURCES, SOURCES, st.floats(0.0, 0.9))
def test_quotas_add_up_and_never_exceed_what_there_is(positives, available, target):
    quota = choose_negatives(positives, available, target)
    assert quota.keys() == available.keys()
    assert all(0 <= quota[source] <= available[source] for source in quota)
    wanted = wanted_negatives(sum(positives.values()), target)
    assert sum(quota.values()) == min(wanted, sum(available.values()))


def test_half_a_point_is_within_tolerance_and_more_is_not():
    assert share(800, 206).within_tolerance  # 20.48 %
    assert not share(800, 207).within_tolerance  # 20.56 %
    assert not share(800, 193).within_tolerance  # 19.44 %


def test_a_small_split_may_be_as_close_as_whole_images_allow():
    assert share(5, 1).within_tolerance  # 16.7 %, and 2 of 7 would be 28.6 %
    assert not share(5, 2).within_tolerance


def test_a_split_without_humans_has_no_negatives():
    assert share(0, 0).within_tolerance
    assert not share(0, 3).within_tolerance


def test_a_finding_says_split_got_expected_and_what_to_add():
    assert share(800, 50, split="val").finding == (
        "val: 50 of 850 images show nobody (5.9%); expected 20.0% within 0.5 points, 200 images;"
        " add images without humans until 150 more fall into val, lower negative_share, or raise"
        " negative_tolerance for a small dataset"
    )
    assert "100 too many" in share(800, 300).finding
    assert share(8, 2).sentence().startswith("train: 2 of 10 images show nobody (20.0%)")
    assert share(800, 200).finding == ""


def test_shares_are_counted_over_what_is_in_the_dataset():
    rows = [
        entry(sample("a"), split="train"),
        entry(sample("b"), split="train", fate="moved"),
        entry(negative("c"), split="train"),
        entry(negative("d"), split="", fate="removed", reason="negative_surplus", stage="split"),
        entry(sample("e"), split="val"),
    ]
    table = with_target(ledger_table(rows), 0.25, 0.01)
    train, val = negative_shares(table)
    assert (train.split, train.positives, train.negatives) == ("train", 2, 1)
    assert (train.target, train.tolerance) == (0.25, 0.01)
    assert (val.positives, val.negatives) == (1, 0)


def test_a_ledger_that_was_not_split_says_so():
    with pytest.raises(ValueError, match="names no negative_share; split the dataset again"):
        negative_shares(ledger_table([sample("a")]))
