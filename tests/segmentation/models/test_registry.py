"""The contract that every architecture keeps."""

import pytest
import torch

from segmentation.config import ARCHITECTURES, ModelConfig
from segmentation.models import registry
from segmentation.models.registry import build_model, count_parameters

ODD_SIZES = [(1, 1), (16, 16), (17, 31), (33, 64), (50, 7)]


@pytest.fixture(params=ARCHITECTURES)
def architecture(request):
    return request.param


def small(architecture, classes=1):
    torch.manual_seed(0)
    return build_model(ModelConfig(architecture=architecture, width=2, classes=classes)).eval()


def test_every_named_architecture_has_a_builder():
    assert set(registry._BUILDERS) == set(ARCHITECTURES)


@pytest.mark.parametrize("size_hw", ODD_SIZES)
@pytest.mark.parametrize("classes", [1, 3])
def test_logits_have_the_size_of_the_input(architecture, classes, size_hw):
    with torch.inference_mode():
        logits = small(architecture, classes)(torch.zeros(2, 3, *size_hw))
    assert logits.shape == (2, classes, *size_hw)


def test_logits_are_no_probabilities(architecture):
    network = small(architecture)
    with torch.inference_mode():
        logits = network(10 * torch.randn(2, 3, 32, 32, generator=torch.manual_seed(0)))
    assert logits.min() < 0 or logits.max() > 1


def test_images_of_a_batch_do_not_touch_in_evaluation(architecture):
    network = small(architecture)
    images = torch.rand(3, 3, 32, 48, generator=torch.manual_seed(1))
    with torch.inference_mode():
        together, alone = network(images), network(images[1:2])
    torch.testing.assert_close(together[1:2], alone)


def test_every_parameter_is_trained(architecture):
    network = small(architecture).train()
    network(torch.rand(2, 3, 32, 32)).square().mean().backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None]
    assert idle == []


def test_count_tells_weights_from_statistics():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4))
    count = count_parameters(network)
    assert (count.trainable, count.statistics, count.total) == (16 + 8, 8, 32)


def test_an_architecture_without_builder_is_named(monkeypatch):
    monkeypatch.setattr(registry, "_BUILDERS", {})
    with pytest.raises(KeyError, match="no builder for 'unet'"):
        build_model(ModelConfig())
