"""STDC's loss of outlines: which pixels of a mask lie at its edge, and how well they were found.

Fan et al., "Rethinking BiSeNet For Real-time Semantic Segmentation", 2021, section 3.4. Two faults
of the authors' code are mended: the weights that fuse the scales never got a gradient, so they
are constants here; and where their Laplacian met the id 255 of ignored pixels it found huge edges,
so ignored pixels and their neighbours are left out here.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from dataset_build.sources.label_maps import HUMAN, IGNORE

#: Strides of the Laplacian, and what an edge found at each is worth, in tenths.
STRIDES, TENTHS = (1, 2, 4), (6, 3, 1)
#: An outline is what is worth more than this, in tenths: an edge at stride 4 alone is not enough.
_THRESHOLD_TENTHS = 1
#: 3 x 3, as the Laplacian.
_REACH = 3
_SMOOTH = 1.0


def detail_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross entropy, mean over all known pixels, plus Dice, mean over images.

    Args:
        logits: (N, 1, h, w) log odds of lying on an outline; enlarged where smaller than the masks.
        masks: (N, H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.

    Returns:
        A scalar; zero with zero gradient where no pixel is known.
    """
    outline, known = detail_target(masks)
    if logits.shape[-2:] != masks.shape[-2:]:
        size = masks.shape[-2:]
        logits = functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    odds, target = logits[:, 0], outline.float()  # (N, H, W)
    each = functional.binary_cross_entropy_with_logits(odds, target, reduction="none")
    bce = torch.where(known, each, 0.0).sum() / known.sum().clamp(min=1)
    found = torch.where(known, torch.sigmoid(odds), 0.0).flatten(1)
    target = torch.where(known, target, 0.0).flatten(1)
    overlap, both = (found * target).sum(1), found.sum(1) + target.sum(1)
    return bce + (1 - (2 * overlap + _SMOOTH) / (both + _SMOOTH)).mean()


def detail_target(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Which pixels lie on an outline, on its human side, and of which that is known.

    Args:
        masks: (N, H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.

    Returns:
        (N, H, W) bool, outlines; (N, H, W) bool, False for ignored pixels and their eight
        neighbours. The border of an image counts as not human, as it does for the authors.
    """
    human = (masks == HUMAN).float()[:, None]  # (N, 1, H, W)
    ignored = (masks == IGNORE).float()[:, None]
    worth = torch.zeros_like(human)
    for stride, tenths in zip(STRIDES, TENTHS, strict=True):
        edge = _edges(human, stride) & ~_reached(ignored, stride)
        whole = functional.interpolate(edge.float(), size=masks.shape[-2:], mode="nearest")
        worth += tenths * whole
    return worth[:, 0] > _THRESHOLD_TENTHS, ~_reached(ignored, 1)[:, 0]


def _edges(human: Tensor, stride: int) -> Tensor:
    """Human pixels with a neighbour that is not: where the Laplacian is above zero."""
    around = functional.avg_pool2d(
        human, _REACH, stride=stride, padding=_REACH // 2, divisor_override=1
    )  # humans among the nine
    here = human[..., ::stride, ::stride]
    return (here > 0) & (around < _REACH**2)


def _reached(ignored: Tensor, stride: int) -> Tensor:
    """Where the Laplacian would look at an ignored pixel."""
    return functional.max_pool2d(ignored, _REACH, stride=stride, padding=_REACH // 2) > 0
