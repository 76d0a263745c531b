"""Names, builders, and the published sizes."""

import subprocess
import sys

import pytest
import torch

from segmentation.config import ARCHITECTURES, ModelConfig
from segmentation.models import registry
from segmentation.models.registry import (
    PUBLISHED_CLASSES,
    build_model,
    count_parameters,
    size_of,
    starting_model,
)

# architecture, classes, parameters in training, parameters in inference
PUBLISHED = [
    ("unet", 1, 31_043_521, 31_043_521),
    ("unet", 2, 31_043_586, 31_043_586),
    ("deeplabv3", 21, 39_638_869, 39_638_869),
    ("deeplabv3", 2, 39_633_986, 39_633_986),
    ("deeplabv3plus", 1, 26_677_585, 26_677_585),
    ("bisenetv1", 19, 13_425_721, 13_275_539),
    ("bisenetv1", 2, 13_419_142, 13_271_170),
    ("bisenetv2", 19, 5_231_487, 3_358_627),
    ("bisenetv2", 2, 5_190_874, 3_341_202),
    ("stdc1", 19, 12_048_928, 11_400_352),
    ("stdc1", 2, 12_042_400, 11_396_000),
    ("stdc2", 19, 16_079_392, 15_430_816),
    ("stdc2", 2, 16_072_864, 15_426_464),
    ("segformer_b0", 150, 3_752_694, 3_752_694),
    ("segformer_b0", 19, 3_719_027, 3_719_027),
    ("segformer_b0", 2, 3_714_658, 3_714_658),
    ("segformer_b0", 1, 3_714_401, 3_714_401),
    ("segformer_b1", 150, 13_715_798, 13_715_798),
    ("segformer_b2", 150, 27_461_974, 27_461_974),
    ("segformer_b3", 150, 47_337_814, 47_337_814),
    ("segformer_b4", 150, 64_108_374, 64_108_374),
    ("segformer_b5", 150, 84_708_694, 84_708_694),
    ("torchvision_deeplabv3_resnet50", 21, 42_004_074, 39_638_869),
    ("torchvision_deeplabv3_resnet101", 21, 60_996_202, 58_630_997),
    ("torchvision_deeplabv3_mobilenet_v3_large", 21, 11_029_328, 11_025_477),
    ("torchvision_lraspp_mobilenet_v3_large", 21, 3_221_538, 3_221_538),
]


@pytest.mark.parametrize(
    ("name", "classes", "train", "inference"), PUBLISHED, ids=lambda value: str(value)
)
def test_has_the_published_number_of_parameters(name, classes, train, inference):
    found = size_of(ModelConfig(architecture=name, classes=classes))
    assert (found.parameters_train, found.parameters_inference) == (train, inference)


def test_unet_has_the_published_number_with_statistics():
    assert size_of(ModelConfig()).parameters_with_statistics == 31_055_297


@pytest.mark.parametrize(
    ("backbone", "parameters"),
    [("resnet50", 26_677_585), ("resnet18", 12_329_297), ("mobilenet_v2", 4_378_513)],
)
def test_deeplabv3plus_has_the_published_number_on_each_encoder(backbone, parameters):
    config = ModelConfig(architecture="deeplabv3plus", backbone=backbone)
    assert size_of(config).parameters_inference == parameters


@pytest.mark.parametrize(
    ("name", "parameters"), [("segformer_b0", 3_319_392), ("segformer_b1", 13_151_424)]
)
def test_segformers_encoder_has_the_published_number(name, parameters):
    with torch.device("meta"):
        network = build_model(ModelConfig(architecture=name))
    assert count_parameters(network.backbone).trainable == parameters


def test_every_named_architecture_has_a_builder_and_a_published_size():
    assert set(registry._BUILDERS) == set(ARCHITECTURES) == set(PUBLISHED_CLASSES)
    own = {"convlstm_unet"}  # nobody published this one
    assert {name for name, *_ in PUBLISHED} == set(ARCHITECTURES) - own


@pytest.mark.parametrize("name", ["stdc1", "stdc2"])
def test_layers_that_segmentation_never_uses_are_told_apart(name):
    """The authors' ImageNet classifier, and their outline heads at strides 2, 4 and 16."""
    size = size_of(ModelConfig(architecture=name, classes=19))
    assert size.parameters_idle == 3_125_248 + 18_624 + 37_056 + 295_104


def test_count_tells_weights_from_statistics():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4))
    count = count_parameters(network)
    assert (count.trainable, count.statistics, count.total) == (16 + 8, 8, 32)


def test_freezing_changes_no_count():
    network = torch.nn.Conv2d(3, 4, 1)
    assert count_parameters(network.requires_grad_(False)).trainable == 16


def test_an_architecture_without_builder_is_named(monkeypatch):
    monkeypatch.setattr(registry, "_BUILDERS", {})
    with pytest.raises(KeyError, match="no builder for 'unet'"):
        build_model(ModelConfig())


def test_without_weights_a_start_is_random():
    torch.manual_seed(0)
    first = starting_model(ModelConfig(width=2))
    torch.manual_seed(0)
    again = build_model(ModelConfig(width=2))
    assert torch.equal(first.head.weight, again.head.weight)


def test_a_unet_is_built_without_waiting_for_torchvision():
    code = (
        "import sys; from segmentation.config import ModelConfig;"
        "from segmentation.models.registry import starting_model;"
        "starting_model(ModelConfig(width=2)); sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
