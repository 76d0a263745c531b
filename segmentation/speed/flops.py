"""What a forward pass costs, counted without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

#: torch counts a multiplication and the addition after it as two; papers count them as one.
_FLOPS_PER_MULTIPLY_ADD = 2
#: A norm in evaluation multiplies and adds once per number.
_PER_NORMED_NUMBER = 2

_aten = torch.ops.aten
_NORMS = (_aten.native_batch_norm, _aten._native_batch_norm_legit_no_training)
_POINTWISE = (_aten.relu, _aten.relu_)
_POOLS = (_aten.avg_pool2d, _aten.max_pool2d_with_indices, _aten.mean)


@dataclass(frozen=True)
class ForwardCost:
    """Operations of one forward pass.

    Args:
        multiply_adds: of convolutions, linear layers and attention.
        elementwise: two for each number that a batch norm gives, one for each that a ReLU gives,
            one for each that enters a pooling or a mean over the image.
    """

    multiply_adds: int
    elementwise: int

    @property
    def total(self) -> int:
        """What papers on real-time segmentation print as FLOPs."""
        return self.multiply_adds + self.elementwise


def forward_cost(network: nn.Module, x: Tensor) -> ForwardCost:
    """Count one forward pass.

    Args:
        network: in the mode to be counted; on the device ``meta`` nothing is computed.
        x: an input, on the same device.
    """
    elementwise = 0

    def count(numbers: int) -> int:
        nonlocal elementwise
        elementwise += numbers
        return 0  # not among the multiply-adds

    def normed(x_shape: Sequence[int], *_: object, **__: object) -> int:
        return count(_PER_NORMED_NUMBER * prod(x_shape))

    def seen(x_shape: Sequence[int], *_: object, **__: object) -> int:
        return count(prod(x_shape))

    formulas = {op: normed for op in _NORMS} | {op: seen for op in (*_POINTWISE, *_POOLS)}
    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=formulas) as counter:
        network(x)
    multiply_adds = int(counter.get_total_flops()) // _FLOPS_PER_MULTIPLY_ADD
    return ForwardCost(multiply_adds=multiply_adds, elementwise=elementwise)
