import torch
from torch import nn

from segmentation.inference.fold import fold_batch_norms
from segmentation.models.unet import UNet


def test_folded_norms_change_no_answer(tmp_path):
    torch.manual_seed(0)
    network = UNet(width=4).eval()
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)
        norm.weight.data.uniform_(0.5, 2)
    x = torch.rand(2, 3, 40, 50)
    with torch.inference_mode():
        expected = network(x)
        found = fold_batch_norms(network)(x)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
