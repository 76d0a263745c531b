"""Regions of class surprise and regions of the channels become one list, each thing once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from camera_analysis.channels.channel_judge import DEPARTS_BITS, ChannelFrame, ChannelRegion
from camera_analysis.label_classes import STATIC
from camera_analysis.labelling.regions import CLASS, Box, LabelArray, Region


def join_regions(
    regions: Sequence[Region], frame: ChannelFrame, labels_hw: LabelArray, classes: int
) -> list[Region]:
    """What departs in a frame, by class or by another channel.

    A region of a channel that overlaps one of class surprise is the same thing, and the higher
    score counts. The box stays that of the class, which has an outline.

    Args:
        regions: of class surprise.
        frame: verdict of the channels.
        labels_hw: (H, W) uint8 class ids of the frame.
        classes: how many there are.
    """
    joined = [_with_channels(region, frame) for region in regions]
    for found in frame.regions:
        overlaps = [found.box.common(region.box) for region in joined]
        at = int(np.argmax(overlaps)) if overlaps else -1
        if at >= 0 and overlaps[at]:
            score_bits = max(found.bits, joined[at].score_bits)
            together = max(found.evidence_bits, joined[at].together_bits)
            joined[at] = replace(joined[at], score_bits=score_bits, together_bits=together)
            continue
        joined.append(_region_of(found, frame, labels_hw, classes))
    return joined


def _with_channels(region: Region, frame: ChannelFrame) -> Region:
    """The region with what each channel says alone; the one that departs most leads."""
    alone = frame.within(region.box)
    leading = max(alone, key=lambda channel: alone[channel])
    channel_bits = {CLASS: region.score_bits} | alone
    if alone[leading] <= region.score_bits or alone[leading] < DEPARTS_BITS:
        return replace(region, channel_bits=channel_bits)
    words, often = frame.tell(region.box, leading)
    return replace(region, channel_bits=channel_bits, leading=leading, words=words, often=often)


def _region_of(
    found: ChannelRegion, frame: ChannelFrame, labels_hw: LabelArray, classes: int
) -> Region:
    height, width = labels_hw.shape
    box = Box(
        max(found.box.x0, 0),
        max(found.box.y0, 0),
        min(found.box.x1, width),
        min(found.box.y1, height),
    )
    inside = labels_hw[box.y0 : box.y1, box.x0 : box.x1].ravel()
    class_px = np.bincount(inside, minlength=classes).astype(np.float64)
    class_px[STATIC] = 0.0  # what moves or stays is no background, whatever surrounds it
    if not class_px.any():
        class_px[classes - 1] = 1.0  # a mover too faint for a label
    return Region(
        box=box,
        score_bits=found.bits,
        class_px=class_px,
        seen=np.zeros(classes),
        leading=found.leading,
        channel_bits={CLASS: 0.0} | frame.within(box),
        words=found.told.words,
        often=found.told.often,
        together_bits=found.evidence_bits,
    )
