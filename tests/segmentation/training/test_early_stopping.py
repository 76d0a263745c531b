import pytest
import torch
from torch import nn

from segmentation.training.early_stopping import Best


def network(value):
    part = nn.Linear(1, 1)
    nn.init.constant_(part.weight, value)
    return part


def judged(*scores):
    best = Best()
    for number, iou in enumerate(scores):
        best.judge(network(float(number)), 10 * (number + 1), iou)
    return best


def test_the_best_is_kept_and_the_first_of_equals():
    best = judged(0.2, 0.5, 0.5, 0.4)
    assert (best.step, best.iou, best.waited) == (20, 0.5, 2)
    assert float(best.weights["weight"]) == 1.0


def test_a_better_one_ends_the_wait():
    assert judged(0.2, 0.1, 0.1, 0.3).waited == 0


def test_nought_counts_as_a_first_score():
    assert judged(0.0, 0.0).step == 10


def test_what_is_kept_is_a_copy():
    part, best = network(1.0), Best()
    best.judge(part, 1, 0.5)
    nn.init.zeros_(part.weight)
    assert torch.equal(best.weights["weight"], torch.ones(1, 1))


@pytest.mark.parametrize(("patience", "ends"), [(0, False), (1, True), (2, True), (3, False)])
def test_patience_ends(patience, ends):
    assert judged(0.5, 0.4, 0.3).exhausted(patience) == ends
