from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.training.camera_faults import (
    add_camera_faults,
    compress,
    darken,
    equalize_luminance,
    salt_and_pepper,
)
from tests.segmentation.factories_split import TINY

SHARES = ("low_light_share", "salt_pepper_share", "jpeg_share", "equalize_share")
NONE = replace(TINY, **dict.fromkeys(SHARES, 0.0))
#: Every luma once in each of four rows, smooth as a sky.
RAMP = torch.linspace(0, 1, 64).expand(3, 32, 64).clone()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sets(st.sampled_from(SHARES), min_size=1))
def test_shape_and_range_stay_and_the_generator_decides(seed, chosen):
    config = replace(NONE, **dict.fromkeys(chosen, 1.0))
    before = RAMP.clone()
    first, again = (add_camera_faults(RAMP, config, np.random.default_rng(seed)) for _ in range(2))
    assert (first.shape, first.dtype) == (RAMP.shape, torch.float32)
    assert 0 <= float(first.min()) <= float(first.max()) <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, RAMP)
    assert torch.equal(RAMP, before)


def test_without_faults_nothing_changes():
    assert torch.equal(add_camera_faults(RAMP, NONE, np.random.default_rng(0)), RAMP)


def test_darkness_is_gamma_and_noise():
    rng = np.random.default_rng(0)
    half = torch.full((3, 100, 100), 0.5)
    assert torch.allclose(darken(half, 2.0, 0.0, rng), torch.tensor(0.25))
    grainy = darken(half, 2.0, 0.05, rng)
    assert float(grainy.mean()) == pytest.approx(0.25, abs=0.002)
    assert float(grainy.std()) == pytest.approx(0.05, rel=0.05)


def test_salt_and_pepper_take_equal_shares_of_whole_pixels():
    dotted = salt_and_pepper(torch.full((3, 200, 200), 0.5), 0.1, np.random.default_rng(0))
    white, black = (dotted == 1).all(dim=0), (dotted == 0).all(dim=0)
    assert float(white.float().mean()) == pytest.approx(0.05, abs=0.006)
    assert float(black.float().mean()) == pytest.approx(0.05, abs=0.006)
    assert torch.all(dotted[:, ~(white | black)] == 0.5)


def test_compression_harms_more_at_less_quality():
    grain = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    texture = torch.from_numpy(grain).expand(3, 64, 64)
    lost = [float((compress(texture, quality) - texture).abs().mean()) for quality in (20, 70, 100)]
    assert lost[0] > lost[1] > lost[2]
    assert lost[2] < 0.03
    assert float((compress(RAMP, 90) - RAMP).abs().max()) < 0.05


def test_equalization_uses_the_whole_scale_and_keeps_greys_grey():
    dull = 0.4 + 0.1 * RAMP
    flat = equalize_luminance(dull)
    assert float(flat.min()) == 0
    assert float(flat.max()) == 1
    assert torch.equal(flat[0], flat[1])
    assert torch.equal(flat[0], flat[2])
    order = flat[0, 0].diff()
    assert bool((order >= 0).all())  # what was brighter stays brighter
