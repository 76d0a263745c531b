"""Batch norms that follow a convolution become part of it: the same function in fewer steps."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils import fuse_conv_bn_eval


def fold_batch_norms(network: nn.Module) -> nn.Module:
    """The same function with fewer steps: a norm that follows a convolution becomes part of it.

    Args:
        network: in evaluation mode; its ``nn.Sequential`` blocks are changed.

    Returns:
        The network.
    """
    for block in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for place, (layer, following) in enumerate(pairwise(list(block))):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                block[place] = fuse_conv_bn_eval(layer, following)
                block[place + 1] = nn.Identity()
    return network
