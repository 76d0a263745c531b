"""Losses of a human logit against a mask; ignored pixels count nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from dataset_build.label_maps import HUMAN, IGNORE

#: Keeps Dice defined where neither mask nor prediction has a human pixel.
DICE_SMOOTH = 1.0


@dataclass(frozen=True)
class LossParts:
    """``total`` is what is minimised; ``bce`` and ``dice`` are its unweighted parts (scalars)."""

    total: Tensor
    bce: Tensor
    dice: Tensor


def bce_dice_loss(
    logits: Tensor, mask: Tensor, *, pos_weight: float = 1.0, dice_weight: float = 1.0
) -> LossParts:
    """Mean BCE over labelled pixels plus soft Dice over all of them together.

    Args:
        logits: (N, H, W) log odds of human.
        mask: (N, H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.
        pos_weight: factor on the BCE of human pixels.
        dice_weight: factor on Dice.

    Returns:
        Scalars in float32; all zero, with zero gradient, where every pixel is ignored.
    """
    logits = logits.float()
    labelled = mask != IGNORE
    target = (mask == HUMAN).float()
    bce = binary_cross_entropy(logits, target, labelled, pos_weight)
    dice = dice_loss(torch.sigmoid(logits), target, labelled)
    return LossParts(total=bce + dice_weight * dice, bce=bce, dice=dice)


def binary_cross_entropy(
    logits: Tensor, target: Tensor, labelled: Tensor, pos_weight: float = 1.0
) -> Tensor:
    """Mean over labelled pixels of -w t log p - (1 - t) log (1 - p), in nats.

    Args:
        logits: (N, H, W) log odds.
        target: (N, H, W) float, 0 or 1.
        labelled: (N, H, W) bool; the others count nowhere.
        pos_weight: w.
    """
    weight = torch.as_tensor(pos_weight, dtype=logits.dtype, device=logits.device)
    each = functional.binary_cross_entropy_with_logits(
        logits, target, pos_weight=weight, reduction="none"
    )
    return torch.where(labelled, each, 0.0).sum() / labelled.sum().clamp(min=1)


def dice_loss(probability: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """1 - (2 sum p t + s) / (sum p + sum t + s) over the labelled pixels of the whole batch.

    Args:
        probability: (N, H, W) in [0, 1].
        target: (N, H, W) float, 0 or 1.
        labelled: (N, H, W) bool.
    """
    probability = torch.where(labelled, probability, 0.0)
    target = torch.where(labelled, target, 0.0)
    overlap = (probability * target).sum()
    return 1 - (2 * overlap + DICE_SMOOTH) / (probability.sum() + target.sum() + DICE_SMOOTH)
