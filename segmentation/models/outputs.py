"""What a network answers in training, and the network that is left for inference."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from torch import Tensor, nn

#: Pixels from one cell of ``TrainingOutputs.kinds`` to the next.
KINDS_STRIDE = 4


@dataclass(frozen=True)
class TrainingOutputs:
    """Logits of a network with heads that exist for training only.

    Args:
        main: (N, C, H, W); what the network answers in evaluation mode.
        auxiliary: each (N, C, H, W), from features that are on the way to ``main``.
        detail: (N, 1, H, W) log odds of lying on an outline, where the network learns it.
        kinds: (N, K, ceil(H / 4), ceil(W / 4)) logits of ``object_kinds``, where the network learns
            them; cell i stands for pixel ``KINDS_STRIDE * i``.
    """

    main: Tensor
    auxiliary: tuple[Tensor, ...] = ()
    detail: Tensor | None = None
    kinds: Tensor | None = None


def main_logits(outputs: Tensor | TrainingOutputs) -> Tensor:
    """The logits that count, in either mode."""
    return outputs.main if isinstance(outputs, TrainingOutputs) else outputs


def training_only(network: nn.Module) -> tuple[str, ...]:
    """Names of the direct children that only training needs; a network lists its own."""
    names: tuple[str, ...] = getattr(network, "TRAINING_ONLY", ())
    return names


def inference_network(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode without the heads that only training needs.

    Args:
        network: any of the registry's; stays as it is.
    """
    left = copy.copy(network)
    left._modules = {
        name: None if name in training_only(network) else child
        for name, child in network._modules.items()
    }
    return copy.deepcopy(left).eval()
