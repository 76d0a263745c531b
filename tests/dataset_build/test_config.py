from __future__ import annotations

import pytest

from dataset_build.config import CleaningRules, DatasetConfig


def test_defaults_are_valid_and_leave_eighty_percent_to_train_on():
    config = DatasetConfig()
    assert config.val_share + config.test_share == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"val_share": 0.5, "test_share": 0.5}, "nothing to train"),
        ({"negative_share": 1.2}, "negative_share = 1.2"),
        ({"max_image_px": 0}, "max_image_px = 0"),
        ({"max_image_px": 10**9}, "max_image_px = 1000000000"),
        ({"near_duplicate_radius": 64}, "64 bits"),
        ({"workers": -1}, "workers = -1"),
        ({"min_duplicate_correlation": 1.1}, "min_duplicate_correlation = 1.1"),
        ({"negative_share": 1.0}, "negative_share = 1"),
        ({"val_share": "10 %"}, "val_share = '10 %'; expected a number, as 0.1"),
        ({"seed": True}, "seed = True"),
        ({"held_out_sources": "voc"}, "held_out_sources = 'voc'; expected a list"),
    ],
)
def test_an_impossible_build_is_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        DatasetConfig(**options)


def test_rules_whose_bounds_cross_are_refused():
    with pytest.raises(ValueError, match="luma_mean"):
        CleaningRules(min_luma_mean=250.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_luma_mean": "30"}, "min_luma_mean = '30'; expected a number, as 20.0"),
        ({"disabled": "image_dark"}, "disabled = 'image_dark'; expected a list of names"),
    ],
)
def test_a_rule_of_another_kind_is_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        CleaningRules(**options)
