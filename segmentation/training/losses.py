"""Losses of networks against masks of 0, 1 and 255; ignored pixels count nowhere.

Everything is judged by the human logit, the log odds of human against all other classes, so that
one recipe fits a network with one output and one with many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from dataset_build.sources.label_maps import HUMAN, IGNORE
from dataset_build.sources.object_kinds import UNTOLD
from segmentation.config import TrainConfig
from segmentation.models.blocks import human_logit
from segmentation.models.outputs import KINDS_STRIDE, TrainingOutputs
from segmentation.training.detail_loss import detail_loss

#: Keeps Dice and Jaccard defined where neither mask nor prediction has a human pixel.
SMOOTH = 1.0
#: OHEM: a pixel is hard while its own class has less than this probability; both papers' value.
HARD_PROBABILITY = 0.7
#: OHEM: at least one of so many labelled pixels counts, be they hard or not.
HARD_SHARE = 16


@dataclass(frozen=True)
class LossParts:
    """What is minimised, and its parts (float32 scalars).

    Args:
        total: weighted sum of the rest.
        pixels: of the main output's pixels, unweighted: cross entropy, OHEM or focal.
        region: of the main output's overlap, unweighted: Dice, or Jaccard.
        auxiliary: sum over the auxiliary heads of what they would cost as main output, and the
            cross entropy of the kinds.
        detail: of the outlines.
    """

    total: Tensor
    pixels: Tensor
    region: Tensor
    auxiliary: Tensor
    detail: Tensor


def training_loss(
    outputs: Tensor | TrainingOutputs, masks: Tensor, config: TrainConfig
) -> LossParts:
    """The loss of whatever an architecture answers in training.

    Args:
        outputs: (N, C, H, W) logits, with a head's for training only where there are any; a clip
            has (N, T, C, H, W), or (N, C, H, W) of its last frame.
        masks: (N, H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE; of a clip (N, T, H, W). All other
            values are kinds of NOT_HUMAN.
        config: which losses, and their weights.

    Returns:
        Scalars; all zero, with zero gradient, where every pixel is ignored.
    """
    if isinstance(outputs, Tensor):
        outputs = TrainingOutputs(outputs)
    if outputs.main.ndim == 5:
        outputs = TrainingOutputs(outputs.main.flatten(0, 1))
        masks = masks.flatten(0, 1)
    elif masks.ndim == 4:
        masks = masks[:, -1]
    pixels, region = _head_losses(outputs.main, masks, config)
    nothing = torch.zeros_like(pixels)
    auxiliary = nothing
    for logits in outputs.auxiliary:
        aside, overlap = _head_losses(logits, masks, config)
        auxiliary = auxiliary + aside + config.dice_weight * overlap
    if outputs.kinds is not None:
        auxiliary = auxiliary + kinds_loss(outputs.kinds.float(), masks)
    detail = nothing if outputs.detail is None else detail_loss(outputs.detail.float(), masks)
    total = pixels + config.dice_weight * region
    total = total + config.auxiliary_weight * auxiliary + config.detail_weight * detail
    return LossParts(total=total, pixels=pixels, region=region, auxiliary=auxiliary, detail=detail)


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


def ohem_loss(logits: Tensor, target: Tensor, labelled: Tensor, pos_weight: float = 1.0) -> Tensor:
    """Cross entropy of the hard pixels only: online hard example mining.

    Hard are those whose own class has a probability below ``HARD_PROBABILITY``; where they are
    fewer than n_min = labelled / 16, the n_min worst count. Shrivastava et al., "Training
    Region-based Object Detectors with OHEM", 2016, in the form that BiSeNet and STDC use.

    Args:
        logits: (N, H, W) log odds.
        target: (N, H, W) float, 0 or 1.
        labelled: (N, H, W) bool; the others count nowhere.
        pos_weight: factor on the loss of human pixels; it does not make them harder.
    """
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    surprise = each[labelled]  # (L,), in nats
    if not len(surprise):
        return torch.where(labelled, each, 0.0).sum()
    hard = surprise > -math.log(HARD_PROBABILITY)
    least = max(1, len(surprise) // HARD_SHARE)
    if int(hard.sum()) >= least:
        chosen = hard.nonzero()[:, 0]
    else:
        chosen = surprise.detach().topk(least, sorted=False).indices
    weight = torch.where(target[labelled][chosen] > 0, pos_weight, 1.0)
    return (weight * surprise[chosen]).mean()


def focal_loss(
    logits: Tensor,
    target: Tensor,
    labelled: Tensor,
    pos_weight: float = 1.0,
    gamma: float = 2.0,
) -> Tensor:
    """Mean over labelled pixels of -w (1 - q)^gamma log q, q being the own class's probability.

    What is known already fades out. Lin et al., "Focal Loss for Dense Object Detection", 2017,
    equation 4; w stands for its alpha.

    Args:
        logits: (N, H, W) log odds.
        target: (N, H, W) float, 0 or 1.
        labelled: (N, H, W) bool; the others count nowhere.
        pos_weight: w of human pixels; of the others it is 1.
        gamma: 0 gives the cross entropy.
    """
    surprise = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    missed = torch.sigmoid(torch.where(target > 0, -logits, logits))  # 1 - q, without cancellation
    each = torch.where(target > 0, pos_weight, 1.0) * missed**gamma * surprise
    return torch.where(labelled, each, 0.0).sum() / labelled.sum().clamp(min=1)


def kinds_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Mean cross entropy of people, kinds and neither over the pixels whose kind is told, in nats.

    Args:
        logits: (N, K, ceil(H / 4), ceil(W / 4)) of ``object_kinds.CLASSES``.
        masks: (N, H, W) uint8; IGNORE and UNTOLD count nowhere.
    """
    kinds = masks[:, ::KINDS_STRIDE, ::KINDS_STRIDE].long()
    told = (kinds != IGNORE) & (kinds != UNTOLD)
    each = functional.cross_entropy(logits, torch.where(told, kinds, 0), reduction="none")
    return torch.where(told, each, 0.0).sum() / told.sum().clamp(min=1)


def dice_loss(probability: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """1 - (2 sum p t + s) / (sum p + sum t + s) over the labelled pixels of the whole batch.

    Args:
        probability: (N, H, W) in [0, 1].
        target: (N, H, W) float, 0 or 1.
        labelled: (N, H, W) bool.
    """
    overlap, both = _overlap(probability, target, labelled)
    return 1 - (2 * overlap + SMOOTH) / (both + SMOOTH)


def jaccard_loss(probability: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """1 - (sum p t + s) / (sum p + sum t - sum p t + s): one minus a soft IoU of the whole batch.

    Args:
        probability: (N, H, W) in [0, 1].
        target: (N, H, W) float, 0 or 1.
        labelled: (N, H, W) bool.
    """
    overlap, both = _overlap(probability, target, labelled)
    return 1 - (overlap + SMOOTH) / (both - overlap + SMOOTH)


_PIXEL_LOSSES = {"bce": binary_cross_entropy, "ohem": ohem_loss, "focal": focal_loss}
_REGION_LOSSES = {"dice": dice_loss, "jaccard": jaccard_loss}


def _head_losses(logits: Tensor, masks: Tensor, config: TrainConfig) -> tuple[Tensor, Tensor]:
    """Pixel loss and region loss of one head's (N, C, H, W) logits."""
    odds = human_logit(logits.float())  # (N, H, W)
    labelled, target = masks != IGNORE, (masks == HUMAN).float()
    options = {"gamma": config.focal_gamma} if config.pixel_loss == "focal" else {}
    pixel_loss = _PIXEL_LOSSES[config.pixel_loss]
    pixels = pixel_loss(odds, target, labelled, config.pos_weight, **options)
    region = _REGION_LOSSES[config.region_loss](torch.sigmoid(odds), target, labelled)
    return pixels, region


def _overlap(probability: Tensor, target: Tensor, labelled: Tensor) -> tuple[Tensor, Tensor]:
    """Sum of p t, and sum of p plus sum of t, over labelled pixels."""
    probability = torch.where(labelled, probability, 0.0)
    target = torch.where(labelled, target, 0.0)
    return (probability * target).sum(), probability.sum() + target.sum()
