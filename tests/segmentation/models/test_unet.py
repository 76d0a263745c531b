import pytest
import torch

from segmentation.models.registry import count_parameters
from segmentation.models.unet import UNet


@pytest.fixture(scope="module")
def published():
    with torch.device("meta"):
        return UNet()


def count(module):
    return count_parameters(module).trainable


def test_has_the_published_number_of_parameters(published):
    found = count_parameters(published)
    assert found.trainable == 31_043_521
    assert found.statistics == 11_776
    assert found.total == 31_055_297


def test_has_the_published_composition(published):
    assert [count(level) for level in published.encoder] == [38_976, 221_952, 886_272, 3_542_016]
    assert count(published.bottleneck) == 14_161_920
    assert [count(level) for level in published.up] == [2_097_664, 524_544, 131_200, 32_832]
    assert [count(level) for level in published.decoder] == [7_080_960, 1_771_008, 443_136, 110_976]
    assert count(published.head) == 65


def test_a_second_class_costs_65_parameters():
    with torch.device("meta"):
        assert count_parameters(UNet(classes=2)).trainable == 31_043_586


def test_padding_changes_nothing_where_nothing_is_missing():
    torch.manual_seed(0)
    network = UNet(width=2).eval()
    image = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        whole = network(image)
        repeated = torch.cat([image[..., :31], image[..., 30:31]], dim=-1)
        torch.testing.assert_close(network(image[..., :31]), network(repeated)[..., :31])
        torch.testing.assert_close(network(image), whole)
