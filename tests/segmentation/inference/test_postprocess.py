import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmentation.inference.postprocess import refine
from segmentation.inference.postprocess_config import PostprocessConfig
from segmentation.metrics import THRESHOLD

STEPS = {
    "median": PostprocessConfig(median_px=3),
    "guided": PostprocessConfig(guided_radius_px=2),
    "hysteresis": PostprocessConfig(hysteresis_low=0.25, hysteresis_high=0.75),
    "opening": PostprocessConfig(opening_px=3),
    "closing": PostprocessConfig(closing_px=3),
    "regions": PostprocessConfig(min_region_px=4),
    "holes": PostprocessConfig(max_hole_share=0.05),
}
EVERYTHING = PostprocessConfig(
    median_px=3,
    guided_radius_px=2,
    hysteresis_low=0.25,
    hysteresis_high=0.75,
    opening_px=3,
    closing_px=3,
    min_region_px=4,
    max_hole_share=0.05,
)


def drawn(*rows):
    """Probabilities from a picture: # is a human, with a chance of 0.9; all else has 0.1."""
    return np.array([[0.9 if c == "#" else 0.1 for c in row] for row in rows], np.float32)


def shown(probability_hw):
    return ["".join("#" if p >= THRESHOLD else "." for p in row) for row in probability_hw]


def after(config, *rows):
    grey = np.full((len(rows), len(rows[0]), 3), 128, np.uint8)
    return shown(refine(drawn(*rows), grey, config))


def test_the_median_drops_specks_and_fills_pinholes():
    assert after(
        STEPS["median"],
        ".......####",
        ".#.....#.##",
        ".......####",
        ".......####",
    ) == [
        ".......####",
        ".......####",
        ".......####",
        ".......####",
    ]


def test_opening_cuts_what_is_narrow_and_leaves_what_is_broad():
    assert after(
        PostprocessConfig(opening_px=3),
        "...........",
        "...#.......",
        "..###......",
        "...########",
        "...........",
    ) == [
        "...........",
        "...#.......",
        "..###......",
        "...#.......",
        "...........",
    ]


def test_closing_joins_what_nearly_touches():
    rows = after(
        PostprocessConfig(closing_px=3),
        "...............",
        "...............",
        "...####.####...",
        "...####.####...",
        "...####.####...",
        "...............",
        "...............",
    )
    assert rows[3] == "...#########..."


def test_hysteresis_completes_who_is_sure_and_drops_who_is_nowhere_sure():
    tenths = np.array(
        [
            [0, 3, 4, 0, 0, 6, 7, 0],
            [0, 9, 6, 0, 0, 6, 6, 0],
            [0, 3, 2, 0, 0, 3, 0, 3],
        ]
    )
    grey = np.full((3, 8, 3), 128, np.uint8)
    found = refine((tenths / 10).astype(np.float32), grey, STEPS["hysteresis"])
    assert shown(found) == [".##.....", ".##.....", ".#......"]
    assert found[0, 1] == pytest.approx(0.7)  # was 0.3: as sure, of the opposite
    assert found[0, 5] == pytest.approx(0.4)


def test_small_regions_go_and_large_ones_stay():
    assert after(
        PostprocessConfig(min_region_px=4),
        "##....#....",
        "#....#.....",
        "....#......",
        "...#.....##",
    ) == [
        "......#....",
        ".....#.....",
        "....#......",
        "...#.......",
    ]


def test_a_share_of_the_frame_says_the_same_as_pixels():
    rows = ("##....#....", "#....#.....", "....#......", "...#.....##")
    share = PostprocessConfig(min_region_share=4 / 44)
    assert after(share, *rows) == after(PostprocessConfig(min_region_px=4), *rows)


def test_holes_are_filled_up_to_a_size_and_never_at_the_edge():
    assert after(
        PostprocessConfig(max_hole_share=2 / 70),
        ".##########",
        "##..##...##",
        "####.##.###",
        "#.#########",
        ".##########",
        "###########",
        "###########",
    ) == [
        ".##########",
        "######...##",
        "#######.###",
        "###########",
        ".##########",
        "###########",
        "###########",
    ]


def test_what_a_label_lost_or_won_is_as_sure_as_before_of_the_opposite():
    rows = drawn("....#....", ".........", ".#######.", ".#.#####.", ".#######.")
    config = PostprocessConfig(min_region_px=4, max_hole_share=0.1)
    found = refine(rows, np.zeros((5, 9, 3), np.uint8), config)
    assert (found[0, 4], found[3, 2]) == pytest.approx((0.1, 0.9))
    untouched = np.ones(rows.shape, bool)
    untouched[0, 4] = untouched[3, 2] = False
    assert (found == rows)[untouched].all()


def test_an_answer_of_exactly_one_half_is_overruled_too():
    half = np.zeros((5, 5), np.float32)
    half[2, 2] = THRESHOLD
    found = refine(half, np.zeros((5, 5, 3), np.uint8), PostprocessConfig(min_region_px=2))
    assert not (found >= THRESHOLD).any()


def test_no_step_returns_the_map_itself():
    rows = drawn("#.", ".#")
    assert refine(rows, np.zeros((2, 2, 3), np.uint8), PostprocessConfig()) is rows


maps = arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.floats(0, 1, width=32),
)
each_step = pytest.mark.parametrize("step", STEPS)


def frame_of(probability_hw, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (*probability_hw.shape, 3), np.uint8)


@pytest.mark.parametrize("config", [*STEPS.values(), EVERYTHING], ids=[*STEPS, "everything"])
@settings(max_examples=40, deadline=None)
@given(maps)
def test_shape_type_range_and_input_stay(config, probability):
    before = probability.copy()
    found = refine(probability, frame_of(probability), config)
    assert (found.shape, found.dtype) == (probability.shape, np.float32)
    assert 0.0 <= found.min() <= found.max() <= 1.0
    assert (probability == before).all()


@pytest.mark.parametrize("config", [*STEPS.values(), EVERYTHING], ids=[*STEPS, "everything"])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_nobody_stays_nobody_and_everybody_everybody(config, value):
    flat = np.full((9, 11), value, np.float32)
    assert refine(flat, frame_of(flat), config) == pytest.approx(flat, abs=1e-5)


@pytest.mark.parametrize("name", ["hysteresis", "opening", "closing", "regions", "holes"])
@settings(max_examples=60, deadline=None)
@given(maps)
def test_a_second_time_changes_nothing(name, probability):
    frame = frame_of(probability)
    once = refine(probability, frame, STEPS[name])
    assert (refine(once, frame, STEPS[name]) == once).all()


@settings(max_examples=60, deadline=None)
@given(maps)
def test_opening_only_takes_and_closing_only_gives(probability):
    frame = frame_of(probability)
    assert (refine(probability, frame, STEPS["opening"]) <= probability).all()
    assert (refine(probability, frame, STEPS["closing"]) >= probability).all()


@pytest.mark.parametrize(
    ("config", "on_mask"),
    [
        (PostprocessConfig(median_px=5), lambda mask, _: cv2.medianBlur(mask, 5)),
        (
            PostprocessConfig(opening_px=5),
            lambda mask, d: cv2.morphologyEx(mask, cv2.MORPH_OPEN, d),
        ),
        (
            PostprocessConfig(closing_px=5),
            lambda mask, d: cv2.morphologyEx(mask, cv2.MORPH_CLOSE, d),
        ),
    ],
    ids=["median", "opening", "closing"],
)
@settings(max_examples=60, deadline=None)
@given(maps)
def test_labels_are_those_of_the_same_step_on_the_mask(config, on_mask, probability):
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    mask = (probability >= THRESHOLD).astype(np.uint8)
    found = refine(probability, frame_of(probability), config) >= THRESHOLD
    assert (found == on_mask(mask, disc).astype(bool)).all()
