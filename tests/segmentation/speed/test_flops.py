import torch
from torch import nn

from segmentation.speed.flops import forward_cost


def test_a_convolution_costs_its_kernel_at_every_place():
    """5 x 6 places, 4 outputs of 3 inputs through 3 x 3."""
    cost = forward_cost(nn.Conv2d(3, 4, 3, padding=1), torch.zeros(1, 3, 5, 6))
    assert (cost.multiply_adds, cost.elementwise) == (5 * 6 * 4 * 3 * 9, 0)


def test_a_linear_layer_costs_its_weights():
    assert forward_cost(nn.Linear(7, 5), torch.zeros(2, 7)).multiply_adds == 2 * 7 * 5


def test_norm_relu_and_pooling_are_told_apart_from_multiply_adds():
    """24 numbers: two for the norm, one for ReLU, one for those that the pooling sees."""
    layers = nn.Sequential(nn.BatchNorm2d(2), nn.ReLU(), nn.AvgPool2d(2)).eval()
    cost = forward_cost(layers, torch.zeros(1, 2, 4, 3))
    assert (cost.multiply_adds, cost.elementwise) == (0, 24 * 4)
    assert cost.total == 96


def test_nothing_is_computed_on_meta():
    with torch.device("meta"):
        network, image = nn.Conv2d(3, 64, 3), torch.zeros(1, 3, 10_000, 10_000)
    assert forward_cost(network, image).multiply_adds == 9998 * 9998 * 64 * 27
