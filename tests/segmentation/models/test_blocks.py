import pytest
import torch

from segmentation.models.blocks import DoubleConv, human_logit, pad_to_multiple


def test_double_conv_keeps_height_and_width():
    assert DoubleConv(3, 5)(torch.zeros(2, 3, 7, 9)).shape == (2, 5, 7, 9)


@pytest.mark.parametrize(("size", "padded"), [((4, 4), (4, 4)), ((5, 4), (8, 4)), ((1, 7), (4, 8))])
def test_pads_up_to_the_next_multiple(size, padded):
    assert pad_to_multiple(torch.zeros(1, 1, *size), 4).shape[-2:] == padded


def test_padding_repeats_the_border():
    x = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    assert pad_to_multiple(x, 2).tolist() == [[[[1, 2, 3, 3], [1, 2, 3, 3]]]]


def test_one_class_is_the_human_logit():
    assert human_logit(torch.tensor([[[[3.0]]]])).tolist() == [[[3.0]]]


def test_human_logit_gives_the_softmax_probability():
    logits = torch.randn(2, 5, 3, 4, generator=torch.manual_seed(0))
    torch.testing.assert_close(torch.sigmoid(human_logit(logits)), logits.softmax(dim=1)[:, 1])
