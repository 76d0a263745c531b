import pytest

from segmentation.inference.inference_config import InferenceConfig
from segmentation.inference.postprocess_config import PostprocessConfig, parse_steps


def test_no_step_is_taken_and_nothing_named_by_default():
    assert PostprocessConfig().name == ""
    assert InferenceConfig().postprocess == PostprocessConfig()


def test_the_name_says_what_is_switched_on():
    config = PostprocessConfig(median_px=5, min_region_share=0.001)
    assert config.name == "median_px=5,min_region_share=0.001"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("median_px", 4),
        ("median_px", 33),
        ("opening_px", 1),
        ("closing_px", -3),
        ("guided_radius_px", 32),
        ("guided_epsilon", 0.0),
        ("hysteresis_low", 0.0),
        ("hysteresis_low", 0.6),
        ("hysteresis_high", 0.4),
        ("hysteresis_high", 1.0),
        ("temporal_weight", 1.0),
        ("min_region_share", -0.1),
        ("max_hole_share", 1.0),
        ("min_region_px", -1),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"{field} = {value}; expected"):
        PostprocessConfig(**{field: value})


def test_steps_are_read_as_they_are_written():
    found = parse_steps(("median_px=5", "guided_epsilon=1e-2", "temporal_still_only=false"))
    expected = PostprocessConfig(median_px=5, guided_epsilon=0.01, temporal_still_only=False)
    assert found == expected
    assert parse_steps(tuple(expected.name.split(","))) == expected


def test_nothing_written_keeps_the_defaults_and_none_drops_them():
    settings = PostprocessConfig(opening_px=3)
    assert parse_steps((), settings) == settings
    assert parse_steps(("none",), settings) == PostprocessConfig()
    assert parse_steps(("median_px=3",), settings) == PostprocessConfig(median_px=3)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("blur=3", "'blur=3': expected none or field=value, with one of equalize_luminance"),
        ("median_px", "'median_px': expected none or field=value"),
        ("median_px=wide", "median_px = 'wide'; expected a number"),
        ("temporal_still_only=1", "temporal_still_only = '1'; expected true or false"),
        ("opening_px=4", "opening_px = 4; expected 0 or an odd 3 to 31"),
    ],
)
def test_what_cannot_be_read_is_refused(written, message):
    with pytest.raises(ValueError, match=message):
        parse_steps((written,))
