"""Privacy filters: what they hide, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from camera_analysis.privacy_filters import FILTERS, apply_filter
from camera_analysis.privacy_frame import FilterInput

HEIGHT, WIDTH = 40, 56
SHAPE = (HEIGHT, WIDTH)
FRAMES = npst.arrays(np.uint8, (*SHAPE, 3), elements=st.integers(0, 255))


def noise(seed, shape=(*SHAPE, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("name", FILTERS)
@settings(max_examples=15, deadline=None)
@given(
    frame=FRAMES,
    mask=npst.arrays(np.bool_, SHAPE),
    strength=st.sampled_from([0.005, 0.05, 0.21, 0.5]),
    with_plate=st.booleans(),
)
def test_what_is_not_hidden_stays_as_it_is(name, frame, mask, strength, with_plate):
    before = frame.copy()
    plate = noise(1) if with_plate else None
    after = apply_filter(
        name, FilterInput(frame_rgb=frame, mask_hw=mask, plate_rgb=plate, strength=strength)
    )
    kept = ~mask if FILTERS[name].hides_people else mask
    assert after.shape == frame.shape and after.dtype == np.uint8
    assert (after[kept] == frame[kept]).all()
    assert (frame == before).all() and after is not frame


@pytest.mark.parametrize("name", [name for name in FILTERS if FILTERS[name].hides_people])
def test_a_person_is_changed_in_nearly_every_pixel(name):
    frame, mask = noise(0), np.zeros(SHAPE, bool)
    mask[5:35, 20:32] = True
    after = apply_filter(name, FilterInput(frame_rgb=frame, mask_hw=mask, plate_rgb=noise(1)))
    assert (after != frame).any(axis=2)[mask].mean() > 0.95


@pytest.mark.parametrize("name", FILTERS)
def test_a_mask_that_reaches_the_frames_edges_is_covered_there_too(name):
    frame = noise(0)
    everything = np.ones(SHAPE, bool)
    after = apply_filter(name, FilterInput(frame_rgb=frame, mask_hw=everything))
    assert (after != frame).any(axis=2).mean() > 0.95 or not FILTERS[name].hides_people


@pytest.mark.parametrize("name", FILTERS)
def test_nobody_in_the_frame_hides_nothing_of_people(name):
    frame, nobody = noise(0), np.zeros(SHAPE, bool)
    after = apply_filter(name, FilterInput(frame_rgb=frame, mask_hw=nobody))
    assert (after == frame).all() or not FILTERS[name].hides_people


def test_blank_shows_the_plate_and_black_where_there_is_none():
    frame, mask = noise(0), np.zeros(SHAPE, bool)
    mask[10:20, 10:20] = True
    plate = noise(1)
    shown = apply_filter("blank", FilterInput(frame_rgb=frame, mask_hw=mask, plate_rgb=plate))
    assert (shown[mask] == plate[mask]).all()
    assert (apply_filter("blank", FilterInput(frame_rgb=frame, mask_hw=mask))[mask] == 0).all()


def test_pixelate_shows_the_mean_of_each_square_of_a_fixed_grid():
    frame = np.zeros((8, 8, 3), np.uint8)
    frame[:4, 4:8] = 200
    frame[4:8, :4] = np.repeat(np.repeat([[[0], [100]], [[100], [200]]], 2, 0), 2, 1)
    after = apply_filter(
        "pixelate", FilterInput(frame_rgb=frame, mask_hw=np.ones((8, 8), bool), strength=0.5)
    )
    assert after[::4, ::4, 0].tolist() == [[0, 200], [100, 0]]
    assert (after == np.repeat(np.repeat(after[::4, ::4], 4, 0), 4, 1)).all()


def test_a_stronger_blur_leaves_less_contrast():
    frame, mask = noise(0), np.ones(SHAPE, bool)
    spread = [
        apply_filter("blur", FilterInput(frame_rgb=frame, mask_hw=mask, strength=s)).std()
        for s in (0.05, 0.1, 0.3)
    ]
    assert spread[0] > spread[1] > spread[2]


def test_an_unknown_filter_names_those_that_there_are():
    given_input = FilterInput(frame_rgb=noise(0), mask_hw=np.ones(SHAPE, bool))
    with pytest.raises(ValueError, match="blank, mask, blur"):
        apply_filter("magic", given_input)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"mask_hw": np.ones((2, 2), bool)}, "mask"),
        ({"mask_hw": np.ones(SHAPE, np.uint8)}, "mask"),
        ({"frame_rgb": noise(0).astype(float)}, "frame"),
        ({"plate_rgb": noise(0, (2, 2, 3))}, "plate"),
        ({"tracks_hw": np.ones((2, 2), np.int32)}, "tracks"),
        ({"strength": 0.0}, "strength"),
    ],
)
def test_input_that_does_not_fit_is_refused(changed, says):
    fine = {"frame_rgb": noise(0), "mask_hw": np.ones(SHAPE, bool)}
    with pytest.raises(ValueError, match=says):
        FilterInput(**{**fine, **changed})
