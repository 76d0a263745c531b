"""Who knows a seed puts a drawn person's pixels back; a seed that is another puts nothing back."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.audit.audit_seed import SEEDED, put_back
from camera_analysis.audit.picture_likeness import ssim
from camera_analysis.privacy.privacy_filters import FILTERS, apply_filter
from camera_analysis.privacy.privacy_frame import FilterInput
from tests.camera_analysis.factories_private import HEIGHT, WIDTH, frame_of, walker

SEED, STRENGTH = 11, 0.05
DETAIL_PX = round(STRENGTH * HEIGHT)


@pytest.fixture
def clear():
    """A walker in stripes: red, white, black."""
    scene = frame_of(20)
    person = scene[walker(20)]
    person[:], person[::6], person[3::6] = (200, 30, 30), (240, 240, 240), (10, 10, 10)
    return scene


@pytest.fixture
def mask():
    hidden = np.zeros((HEIGHT, WIDTH), bool)
    hidden[walker(20)] = True
    return hidden


def hide(method, clear, mask, seed=SEED):
    return apply_filter(
        method, FilterInput(frame_rgb=clear, mask_hw=mask, strength=STRENGTH, seed=seed)
    )


def test_every_seeded_filter_is_attacked_by_its_seed():
    assert set(SEEDED) == {name for name, one in FILTERS.items() if one.seeded}


def test_scrambled_pixels_come_back_as_they_were(clear, mask):
    hidden = hide("scramble", clear, mask)
    assert not np.array_equal(hidden, clear)
    assert np.array_equal(put_back("scramble", hidden, mask, detail_px=DETAIL_PX, seed=SEED), clear)


@pytest.mark.parametrize("method", ["scramble", "warp"])
def test_the_right_seed_restores_more_than_is_seen_and_another_one_does_not(method, clear, mask):
    hidden = hide(method, clear, mask)
    left = ssim(hidden, clear, mask)
    by_seed = {
        seed: ssim(put_back(method, hidden, mask, detail_px=DETAIL_PX, seed=seed), clear, mask)
        for seed in (SEED, SEED + 1)
    }
    assert by_seed[SEED] > left + 0.3
    assert by_seed[SEED] > by_seed[SEED + 1] + 0.3


@pytest.mark.parametrize("method", sorted(SEEDED))
def test_what_was_not_hidden_stays(method, clear, mask):
    back = put_back(method, hide(method, clear, mask), mask, detail_px=DETAIL_PX, seed=SEED)
    assert np.array_equal(back[~mask], clear[~mask])
