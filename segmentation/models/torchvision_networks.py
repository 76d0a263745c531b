"""torchvision's segmentation networks, which those who can download them get already trained.

They know the 20 kinds of things of Pascal VOC, person among them. For one class their answer is
the log odds of person against everything else; nothing of the published head is lost. With 21
classes DeepLabV3 on ResNet-50 has 42,004,074 parameters in training and 39,638,869 in inference.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torchvision.models import segmentation

from segmentation.models.blocks import human_logit
from segmentation.models.outputs import TrainingOutputs

#: Background and the 20 classes of Pascal VOC; and the place of person among them.
VOC_CLASSES, VOC_PERSON = 21, 15
#: Everywhere in this project class 1 is human; in VOC it is aeroplane. They change places.
_HUMAN_FIRST = [0, VOC_PERSON, *range(2, VOC_PERSON), 1, *range(VOC_PERSON + 1, VOC_CLASSES)]


class TorchvisionNetwork(nn.Module):
    """One of torchvision's networks under this project's contract.

    Args:
        name: torchvision's, e.g. ``deeplabv3_resnet50``.
        classes: logits C per pixel. 1: the log odds of VOC's person; 21: VOC's classes, person and
            aeroplane exchanged; another number: a head of its own, which no published weights fit.
    """

    TRAINING_ONLY: ClassVar = ("auxiliary_head",)

    def __init__(self, name: str, classes: int = 1) -> None:
        super().__init__()
        self.classes = classes
        heads = VOC_CLASSES if classes == 1 else classes
        network = getattr(segmentation, name)(
            weights=None, weights_backbone=None, num_classes=heads, aux_loss=_has_auxiliary(name)
        )
        self.backbone = network.backbone
        self.classifier = network.classifier
        self.auxiliary_head = getattr(network, "aux_classifier", None)

    def forward(self, x: Tensor) -> Tensor | TrainingOutputs:
        """(N, 3, H, W) normalised colours -> (N, C, H, W) logits; in training with auxiliaries."""
        size_hw = (x.shape[2], x.shape[3])
        levels = self.backbone(x)
        # LR-ASPP takes fine and deep features, DeepLab the deep ones
        seen = levels if "out" not in levels else levels["out"]
        main = self._as_classes(self.classifier(seen), size_hw)
        if not self.training or self.auxiliary_head is None:
            return main
        auxiliary = self._as_classes(self.auxiliary_head(levels["aux"]), size_hw)
        return TrainingOutputs(main=main, auxiliary=(auxiliary,))

    def load_published(self, tensors: dict[str, Tensor]) -> None:
        """Take over weights under torchvision's names, or under this network's own.

        Raises:
            RuntimeError: of another network, or of another number of classes.
        """
        named = {
            name.replace("aux_classifier.", "auxiliary_head.", 1): tensor
            for name, tensor in tensors.items()
        }
        self.load_state_dict(named)

    def _as_classes(self, logits: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """(N, heads, h, w) -> (N, C, H, W)."""
        large = nn.functional.interpolate(logits, size=size_hw, mode="bilinear")
        if self.classes == 1:
            return human_logit(large, VOC_PERSON)[:, None]
        if self.classes == VOC_CLASSES:
            order = torch.tensor(_HUMAN_FIRST, device=large.device)
            return large.index_select(1, order)
        return large


def _has_auxiliary(name: str) -> bool:
    return not name.startswith("lraspp")
