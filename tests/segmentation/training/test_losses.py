import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dataset_build.sources.label_maps import HUMAN, IGNORE
from dataset_build.sources.object_kinds import CLASSES, FIRST_KIND, UNTOLD
from segmentation.config import TrainConfig
from segmentation.models.outputs import TrainingOutputs
from segmentation.training.losses import (
    binary_cross_entropy,
    dice_loss,
    focal_loss,
    jaccard_loss,
    kinds_loss,
    ohem_loss,
    training_loss,
)

RECIPE = TrainConfig()
KINDS = [
    replace(RECIPE, pixel_loss=pixel, region_loss=region)
    for pixel in ("bce", "ohem", "focal")
    for region in ("dice", "jaccard")
]


def mask_of(*values):
    """One image of one row."""
    return torch.tensor([[list(values)]], dtype=torch.uint8)


def odds_of(*probabilities):
    """(1, 1, 1, W) logits of those probabilities of human."""
    p = torch.tensor([[[list(probabilities)]]])
    return torch.log(p / (1 - p))


def surprise(*probabilities):
    """Mean of -log p."""
    return -sum(math.log(p) for p in probabilities) / len(probabilities)


def test_bce_is_the_mean_surprise_over_labelled_pixels():
    loss = training_loss(odds_of(0.8, 0.4, 0.9), mask_of(1, 0, IGNORE), RECIPE)
    assert float(loss.pixels) == pytest.approx(surprise(0.8, 0.6), abs=1e-6)


def test_kinds_are_judged_where_they_are_told_at_every_fourth_pixel():
    row = [HUMAN] * 4 + [FIRST_KIND] * 4 + [UNTOLD] * 4 + [IGNORE] * 4
    even = torch.zeros(1, CLASSES, 1, 4)
    assert float(kinds_loss(even, mask_of(*row))) == pytest.approx(math.log(CLASSES))
    sure = even.clone()
    sure[0, HUMAN, 0, 0] = sure[0, FIRST_KIND, 0, 1] = 50.0
    assert float(kinds_loss(sure, mask_of(*row))) == pytest.approx(0.0)
    assert float(kinds_loss(even, mask_of(*[UNTOLD] * 16))) == 0.0


def test_for_people_a_kind_is_nobody_and_the_head_of_kinds_weighs_as_auxiliary():
    logits, kinds = odds_of(*[0.3] * 8), torch.zeros(1, CLASSES, 1, 2)
    told = mask_of(*[HUMAN] * 4, *[FIRST_KIND] * 2, UNTOLD, 0)
    recipe = replace(RECIPE, auxiliary_weight=0.5)
    alone = training_loss(logits, mask_of(*[HUMAN] * 4, 0, 0, 0, 0), recipe)
    both = training_loss(TrainingOutputs(logits, kinds=kinds), told, recipe)
    assert (both.pixels, both.region) == (alone.pixels, alone.region)
    expected = float(alone.total) + 0.5 * math.log(CLASSES)
    assert float(both.total) == pytest.approx(expected, rel=1e-5)


def test_dice_is_overlap_over_labelled_pixels():
    loss = training_loss(odds_of(0.8, 0.4, 0.9), mask_of(1, 0, IGNORE), RECIPE)
    assert float(loss.region) == pytest.approx(1 - (2 * 0.8 + 1) / (0.8 + 0.4 + 1 + 1), abs=1e-6)


def test_jaccard_is_overlap_over_union_of_labelled_pixels():
    recipe = replace(RECIPE, region_loss="jaccard")
    loss = training_loss(odds_of(0.8, 0.4, 0.9), mask_of(1, 0, IGNORE), recipe)
    union = 0.8 + 0.4 + 1 - 0.8
    assert float(loss.region) == pytest.approx(1 - (0.8 + 1) / (union + 1), abs=1e-6)


def test_total_weighs_its_parts():
    outputs = TrainingOutputs(
        main=odds_of(0.8, 0.4), auxiliary=(odds_of(0.7, 0.1),), detail=odds_of(0.9, 0.2)
    )
    recipe = replace(RECIPE, dice_weight=0.5, auxiliary_weight=0.25, detail_weight=2.0)
    loss = training_loss(outputs, mask_of(1, 0), recipe)
    parts = loss.pixels + 0.5 * loss.region + 0.25 * loss.auxiliary + 2 * loss.detail
    assert float(loss.total) == pytest.approx(float(parts))
    assert float(loss.detail) > 0


def test_each_auxiliary_head_costs_what_it_would_as_main_output():
    heads = [odds_of(0.7, 0.1), odds_of(0.2, 0.3)]
    alone = [float(training_loss(head, mask_of(1, 0), RECIPE).total) for head in heads]
    outputs = TrainingOutputs(main=odds_of(0.8, 0.4), auxiliary=tuple(heads))
    loss = training_loss(outputs, mask_of(1, 0), RECIPE)
    assert float(loss.auxiliary) == pytest.approx(sum(alone))


def test_pos_weight_counts_human_pixels_more():
    target, labelled = torch.tensor([1.0, 0.0]), torch.tensor([True, True])
    logits = odds_of(0.8, 0.4)[0, 0, 0]
    loss = binary_cross_entropy(logits, target, labelled, pos_weight=3.0)
    assert float(loss) == pytest.approx(-(3 * math.log(0.8) + math.log(0.6)) / 2, abs=1e-6)


def test_many_classes_are_judged_by_the_odds_of_human():
    logits = torch.log(torch.tensor([0.3, 0.6, 0.1])).reshape(1, 3, 1, 1)
    loss = training_loss(logits, mask_of(1), RECIPE)
    assert float(loss.pixels) == pytest.approx(-math.log(0.6), abs=1e-6)


# OHEM.


def ohem_of(probabilities, values, **options):
    mask = mask_of(*values)
    target, labelled = (mask == 1).float(), mask != IGNORE
    return float(ohem_loss(odds_of(*probabilities)[:, 0], target, labelled, **options))


def test_ohem_counts_only_pixels_below_seven_tenths():
    """Own class: 0.9, 0.6, 0.2 and 0.75; the second and third are hard."""
    assert ohem_of([0.9, 0.6, 0.8, 0.25], [1, 1, 0, 0]) == pytest.approx(surprise(0.6, 0.2))


def test_ohem_takes_a_sixteenth_where_fewer_are_hard():
    """32 labelled pixels: at least two count. One is hard, the second worst has 0.8."""
    easy = [0.9] * 30
    found = ohem_of([0.5, 0.8, *easy], [1] * 32)
    assert found == pytest.approx(surprise(0.5, 0.8), abs=1e-6)


def test_ohem_never_counts_ignored_pixels_as_hard_or_labelled():
    """16 labelled pixels and 16 hopeless ignored ones: one counts, and it is labelled."""
    probabilities = [0.8, *[0.9] * 15, *[0.01] * 16]
    assert ohem_of(probabilities, [1] * 16 + [IGNORE] * 16) == pytest.approx(surprise(0.8))


def test_ohem_weighs_humans_after_it_chose():
    """0.75 stays easy under any weight; 0.6 of a human counts thrice."""
    found = ohem_of([0.75, 0.6, 0.5], [1, 1, 0], pos_weight=3.0)
    assert found == pytest.approx(-(3 * math.log(0.6) + math.log(0.5)) / 2)


# Focal.


def focal_of(probabilities, values, **options):
    mask = mask_of(*values)
    target, labelled = (mask == 1).float(), mask != IGNORE
    return float(focal_loss(odds_of(*probabilities)[:, 0], target, labelled, **options))


def test_focal_fades_out_what_is_known():
    """Own class: 0.8 and 0.6, so 0.2 and 0.4 are missing; the third is ignored."""
    wanted = -(0.2**2 * math.log(0.8) + 0.4**2 * math.log(0.6)) / 2
    assert focal_of([0.8, 0.4, 0.5], [1, 0, IGNORE]) == pytest.approx(wanted, abs=1e-6)


def test_focal_weighs_humans_and_takes_its_exponent():
    wanted = -(3 * 0.2**1.5 * math.log(0.8) + 0.4**1.5 * math.log(0.6)) / 2
    found = focal_of([0.8, 0.4], [1, 0], pos_weight=3.0, gamma=1.5)
    assert found == pytest.approx(wanted, abs=1e-6)


def test_focal_without_exponent_is_cross_entropy():
    assert focal_of([0.8, 0.4], [1, 0], gamma=0.0) == pytest.approx(surprise(0.8, 0.6), abs=1e-6)


def test_the_recipe_decides_the_exponent():
    recipe = replace(RECIPE, pixel_loss="focal", focal_gamma=1.0)
    loss = training_loss(odds_of(0.8), mask_of(1), recipe)
    assert float(loss.pixels) == pytest.approx(-0.2 * math.log(0.8), abs=1e-6)


# What holds for all kinds.


@pytest.mark.parametrize("recipe", KINDS, ids=lambda r: f"{r.pixel_loss}-{r.region_loss}")
def test_all_ignored_costs_nothing_and_teaches_nothing(recipe):
    logits = torch.randn(1, 1, 4, 4, requires_grad=True)
    outputs = TrainingOutputs(main=logits, auxiliary=(logits,), detail=logits)
    loss = training_loss(outputs, torch.full((1, 4, 4), IGNORE, dtype=torch.uint8), recipe)
    loss.total.backward()
    assert float(loss.total.detach()) == 0.0
    assert logits.grad.abs().sum() == 0


@pytest.mark.parametrize("recipe", KINDS, ids=lambda r: f"{r.pixel_loss}-{r.region_loss}")
@given(
    st.floats(-20, 20),
    st.lists(st.sampled_from([0, 1, IGNORE]), min_size=2, max_size=40),
    st.sampled_from([1, 3]),
)
def test_ignored_pixels_never_matter(recipe, stray, values, classes):
    mask = mask_of(*values)
    row = torch.linspace(-2, 2, len(values) * classes).reshape(1, classes, 1, len(values))
    logits = row.clone().requires_grad_()

    def loss_of(main):
        outputs = TrainingOutputs(main=main, auxiliary=(main,), detail=main[:, :1])
        return training_loss(outputs, mask, recipe).total

    loss = loss_of(logits)
    loss.backward()
    ignored = (mask == IGNORE)[:, None].expand_as(logits)
    assert torch.all(logits.grad[ignored] == 0)
    changed = torch.where(ignored, stray, logits.detach())
    assert float(loss_of(changed)) == float(loss.detach())


@pytest.mark.parametrize("loss", [dice_loss, jaccard_loss])
def test_nobody_and_nobody_seen_is_perfect(loss):
    zeros = torch.zeros(1, 2, 2)
    assert float(loss(zeros, zeros, torch.ones(1, 2, 2, dtype=torch.bool))) == 0.0


def test_a_clip_is_judged_frame_by_frame():
    logits, masks = torch.randn(2, 3, 1, 4, 4), torch.randint(0, 2, (2, 3, 4, 4)).byte()
    clip = training_loss(logits, masks, RECIPE)
    frames = training_loss(logits.flatten(0, 1), masks.flatten(0, 1), RECIPE)
    assert float(clip.total) == float(frames.total)


def test_half_precision_logits_are_judged_in_full():
    logits = odds_of(0.8, 0.4).to(torch.bfloat16)
    outputs = TrainingOutputs(main=logits, auxiliary=(logits,), detail=logits)
    assert training_loss(outputs, mask_of(1, 0), RECIPE).total.dtype == torch.float32
