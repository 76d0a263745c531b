"""What sketches exclude is never alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dataset_build.duplicates.look_alikes import correlation
from dataset_build.duplicates.look_sketches import AXES, Sketches

RAMP = np.arange(256, dtype=np.uint8)


def sketches_of(thumbnails, least=0.9):
    return Sketches(np.array(thumbnails, np.uint8), least)


def may_agree(thumbnails, least=0.9):
    rows = np.arange(len(thumbnails))
    return sketches_of(thumbnails, least).may_agree(rows, rows).tolist()


def all_correlations(thumbnails):
    """(L, L)."""
    left, right = (place.ravel() for place in np.indices([len(thumbnails)] * 2))
    return correlation(thumbnails[left], thumbnails[right]).reshape([len(thumbnails)] * 2)


def test_a_picture_may_agree_with_its_dimmed_self_and_not_with_its_negative():
    assert may_agree([RAMP, RAMP // 2, 255 - RAMP]) == [
        [True, True, False],
        [True, True, False],
        [False, False, True],
    ]


def test_flat_pictures_may_agree_with_each_other_alone():
    flat, other = np.full(256, 100), np.full(256, 103)
    assert may_agree([flat, other, RAMP]) == [
        [True, True, False],
        [True, True, False],
        [False, False, True],
    ]


def test_white_noise_is_told_apart():
    noise = np.random.default_rng(0).integers(0, 256, (500, 256))
    assert np.array_equal(may_agree(noise), np.eye(500, dtype=bool))


@st.composite
def crowds(draw):
    """A few views, each with noise of any strength; as wide as a sketch, narrower, wider."""
    pixels = draw(st.sampled_from([1, 4, AXES, 256]))
    views = draw(arrays.arrays(np.uint8, (draw(st.integers(1, 3)), pixels)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    of = rng.integers(0, len(views), draw(st.integers(1, 40)))
    noise = rng.normal(0, draw(st.sampled_from([0, 0.4, 3, 60])), (len(of), pixels))
    return (views[of] + noise).clip(0, 255).astype(np.uint8)


LEAST = st.sampled_from([-0.5, 0.0, 0.5, 0.9, 0.999, 1.0])


@settings(deadline=None)
@given(crowds(), LEAST)
def test_whatever_agrees_may_agree(thumbnails, least):
    agrees = all_correlations(thumbnails) >= least
    assert not (agrees & ~np.array(may_agree(thumbnails, least))).any()


@settings(deadline=None)
@given(crowds(), LEAST, st.integers(1, 7), st.integers(1, 9))
def test_pieces_and_blocks_lose_nothing(thumbnails, least, block, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dataset_build.duplicates.look_sketches._BLOCK", block)
        patch.setattr("dataset_build.duplicates.look_sketches._COMPARED_WITH", piece)
        sketches = sketches_of(thumbnails, least)
        blocks = sketches.blocks(np.arange(len(thumbnails)))
        found = {
            (int(one.looks[left]), int(two.looks[right]))
            for one in blocks
            for two in blocks
            if sketches.blocks_may_agree(one, two)
            for lefts, rights in sketches.pairs(one.looks, two.looks)
            for left, right in zip(lefts, rights, strict=True)
        }
    agrees = np.argwhere(all_correlations(thumbnails) >= least)
    assert {(int(one), int(two)) for one, two in agrees} <= found
