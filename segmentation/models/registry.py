"""Name -> network: the one list of architectures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from segmentation.config import ARCHITECTURES, ModelConfig
from segmentation.models.unet import UNet

_BUILDERS: Mapping[str, Callable[[ModelConfig], nn.Module]] = {
    "unet": lambda config: UNet(width=config.width, classes=config.classes),
}


@dataclass(frozen=True, kw_only=True)
class ParameterCount:
    """Numbers in a network: those that training changes, and running statistics of its norms."""

    trainable: int
    statistics: int

    @property
    def total(self) -> int:
        """What is published as "parameters" where statistics are counted too."""
        return self.trainable + self.statistics


def build_model(config: ModelConfig) -> nn.Module:
    """A freshly initialised network; torch's global generator decides the weights.

    Raises:
        KeyError: a name in ``ARCHITECTURES`` that has no builder here.
    """
    if config.architecture not in _BUILDERS:
        raise KeyError(
            f"no builder for {config.architecture!r}; known here: {', '.join(sorted(_BUILDERS))},"
            f" named in the configuration: {', '.join(ARCHITECTURES)}"
        )
    return _BUILDERS[config.architecture](config)


def count_parameters(network: nn.Module) -> ParameterCount:
    """Trainable parameters, and the means and variances that batch norms keep."""
    return ParameterCount(
        trainable=sum(p.numel() for p in network.parameters() if p.requires_grad),
        statistics=sum(b.numel() for b in network.buffers() if b.is_floating_point()),
    )
