from dataclasses import replace

import pytest
import torch

from segmentation.config import ModelConfig
from segmentation.models.registry import build_model
from segmentation.training.pooled_norms import require_batch_for_norms
from tests.segmentation.factories_split import TINY

ONE = replace(TINY, batch_size=1, crop_px=64)


@pytest.mark.parametrize("architecture", ["deeplabv3", "bisenetv1", "bisenetv2", "stdc1"])
def test_batches_of_one_are_refused_where_norms_see_one_value(architecture):
    model = ModelConfig(architecture=architecture, width=8)
    network = build_model(model).eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(ValueError, match=rf"batch_size = 1: {architecture} pools.*at least 2"):
        require_batch_for_norms(network, model, ONE)
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
    assert not network.training
    require_batch_for_norms(network, model, replace(ONE, batch_size=2))


@pytest.mark.parametrize("architecture", ["unet", "segformer_b0"])
def test_batches_of_one_suit_networks_without_pooled_norms(architecture):
    model = ModelConfig(architecture=architecture, width=8)
    require_batch_for_norms(build_model(model), model, ONE)
