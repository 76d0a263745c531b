import pytest
import torch

from segmentation.models.registry import count_parameters
from segmentation.models.stdc import DEPTHS, STDC, ShortTermDense, STDCClassifier
from segmentation.speed.flops import forward_cost


@pytest.mark.parametrize(
    ("name", "parameters", "published_flops_m"),
    [("stdc1", 8_443_552, 813), ("stdc2", 12_474_016, 1446)],
)
def test_the_classifier_has_the_published_size_and_cost(name, parameters, published_flops_m):
    with torch.device("meta"):
        network = STDCClassifier(DEPTHS[name]).eval()
        cost = forward_cost(network, torch.zeros(1, 3, 224, 224))
    assert count_parameters(network).trainable == parameters
    assert round(cost.total / 1e6) == published_flops_m


@pytest.mark.parametrize(("stride", "size"), [(1, 8), (2, 4)])
def test_a_module_hands_on_half_a_quarter_and_two_eighths(stride, size):
    module = ShortTermDense(6, 32, stride)
    assert module(torch.rand(2, 6, 8, 8)).shape == (2, 32, size, size)
    assert [layer[0].out_channels for layer in (module.first, *module.rest)] == [16, 8, 4, 4]


def test_a_classifier_answers_for_each_image():
    network = STDCClassifier(DEPTHS["stdc1"], width=4, classes=7)
    assert network(torch.rand(2, 3, 64, 64)).shape == (2, 7)


def test_the_ones_that_are_never_used_learn_nothing():
    network = STDC(width=4)
    frozen = {name.split(".")[0] for name, p in network.named_parameters() if not p.requires_grad}
    assert frozen == {"classifier", "idle_outlines"}
