"""The best averaged weights of a training, and when to stop looking for better ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor, nn


@dataclass(kw_only=True)
class Best:
    """The averaged weights with the highest validation IoU so far.

    Args:
        step: steps taken when it was measured; 0 for not yet.
        iou: its validation IoU.
        waited: validations since then.
        weights: a copy of the average's state.
    """

    step: int = 0
    iou: float = -1.0
    waited: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def judge(self, average: nn.Module, step: int, iou: float) -> None:
        """Take a validation into account; equal is not better."""
        if iou > self.iou:
            self.step, self.iou, self.waited = step, iou, 0
            self.weights = {
                name: tensor.detach().clone() for name, tensor in average.state_dict().items()
            }
        else:
            self.waited += 1

    def exhausted(self, patience: int) -> bool:
        """Whether as many validations as ``patience`` brought nothing better; 0 never is."""
        return 0 < patience <= self.waited
