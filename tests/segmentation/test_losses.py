import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dataset_build.label_maps import IGNORE
from segmentation.losses import bce_dice_loss, binary_cross_entropy, dice_loss


def mask_of(*values):
    return torch.tensor([[list(values)]], dtype=torch.uint8)


def logits_of(*probabilities):
    p = torch.tensor([[list(probabilities)]])
    return torch.log(p / (1 - p))


def test_bce_is_the_mean_surprise_over_labelled_pixels():
    loss = bce_dice_loss(logits_of(0.8, 0.4, 0.9), mask_of(1, 0, IGNORE))
    assert float(loss.bce) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2, abs=1e-6)


def test_dice_is_overlap_over_labelled_pixels():
    loss = bce_dice_loss(logits_of(0.8, 0.4, 0.9), mask_of(1, 0, IGNORE))
    assert float(loss.dice) == pytest.approx(1 - (2 * 0.8 + 1) / (0.8 + 0.4 + 1 + 1), abs=1e-6)


def test_total_weighs_dice():
    loss = bce_dice_loss(logits_of(0.8, 0.4), mask_of(1, 0), dice_weight=0.5)
    assert float(loss.total) == pytest.approx(float(loss.bce) + 0.5 * float(loss.dice))


def test_pos_weight_counts_human_pixels_more():
    target, labelled = torch.tensor([1.0, 0.0]), torch.tensor([True, True])
    logits = logits_of(0.8, 0.4)[0, 0]
    loss = binary_cross_entropy(logits, target, labelled, pos_weight=3.0)
    assert float(loss) == pytest.approx(-(3 * math.log(0.8) + math.log(0.6)) / 2, abs=1e-6)


def test_all_ignored_costs_nothing_and_teaches_nothing():
    logits = torch.randn(1, 2, 2, requires_grad=True)
    loss = bce_dice_loss(logits, torch.full((1, 2, 2), IGNORE, dtype=torch.uint8))
    loss.total.backward()
    assert float(loss.total.detach()) == 0.0
    assert logits.grad.abs().sum() == 0


def test_nobody_and_nobody_seen_is_perfect():
    zeros = torch.zeros(1, 2, 2)
    assert float(dice_loss(zeros, zeros, torch.ones(1, 2, 2, dtype=torch.bool))) == 0.0


@given(st.floats(-20, 20), st.lists(st.sampled_from([0, 1, IGNORE]), min_size=2, max_size=8))
def test_ignored_pixels_never_matter(stray, values):
    mask = mask_of(*values)
    logits = torch.linspace(-2, 2, len(values))[None, None].clone().requires_grad_()
    loss = bce_dice_loss(logits, mask)
    loss.total.backward()
    assert torch.all(logits.grad[mask == IGNORE] == 0)
    changed = torch.where(mask == IGNORE, stray, logits.detach())
    assert float(bce_dice_loss(changed, mask).total) == float(loss.total.detach())


def test_half_precision_logits_are_judged_in_full():
    logits = logits_of(0.8, 0.4).to(torch.bfloat16)
    assert bce_dice_loss(logits, mask_of(1, 0)).total.dtype == torch.float32
