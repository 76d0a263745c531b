"""Surprising moving pixels of one frame that lie together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.normal.surprise import FrameSurprise, SurpriseModel

LabelArray = npt.NDArray[np.uint8]
FloatVector = npt.NDArray[np.float64]

#: Name of class surprise among the channels.
CLASS = "class"


@dataclass(frozen=True)
class Box:
    """x0, y0 inclusive, x1, y1 exclusive, in label-map pixels."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def area(self) -> int:
        """Pixels inside."""
        return max(0, self.x1 - self.x0) * max(0, self.y1 - self.y0)

    def grown(self, share: float) -> Box:
        """This box, larger on each side by a share of its longer side."""
        by = round(share * max(self.x1 - self.x0, self.y1 - self.y0))
        return Box(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)

    def union(self, other: Box) -> Box:
        """Smallest box around both."""
        return Box(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
        )

    def common(self, other: Box) -> int:
        """Pixels of both boxes."""
        return Box(
            max(self.x0, other.x0),
            max(self.y0, other.y0),
            min(self.x1, other.x1),
            min(self.y1, other.y1),
        ).area

    def overlap(self, other: Box) -> float:
        """Intersection over union, in [0, 1]."""
        common = self.common(other)
        return common / max(self.area + other.area - common, 1)


@dataclass(frozen=True, kw_only=True)
class Region:
    """Surprising moving pixels of one frame that lie together.

    Args:
        box: around the pixels.
        score_bits: the largest windowed excess surprise in the region.
        class_px: (K,) pixels of each class.
        seen: (K,) frames of the normal in which the most surprising window, on average, showed
            each class.
        leading: "class", or the channel that departs most where one says more than class alone.
        channel_bits: "class" and channel -> its score alone; empty where there are no channels.
        words: what a leading channel says, without a subject.
        often: how many normal frames show as much, where the words do not tell as it is no news.
        together_bits: evidence of all channels together where they depart; 0 elsewhere.
    """

    box: Box
    score_bits: float
    class_px: FloatVector
    seen: FloatVector
    leading: str = CLASS
    channel_bits: Mapping[str, float] = field(default_factory=dict)
    words: str = ""
    often: str = ""
    together_bits: float = 0.0

    @property
    def class_bits(self) -> float:
        """Class surprise of the region alone; 0 where only another channel departs."""
        return self.channel_bits.get(CLASS, self.score_bits)

    @property
    def class_id(self) -> int:
        """The class of most of its pixels."""
        return int(self.class_px.argmax())

    @property
    def departs_bits(self) -> float:
        """By class or by all channels together, whichever is more."""
        return max(self.class_bits, self.together_bits)

    @property
    def told_bits(self) -> float:
        """Of what is told: of what leads, or all channels together where class does not depart."""
        if not self.class_bits:
            return self.score_bits
        return self.channel_bits.get(self.leading, self.score_bits)


def surprising_regions(
    labels_hw: LabelArray,
    frame: FrameSurprise,
    model: SurpriseModel,
    threshold_bits: float,
    min_area_share: float,
) -> list[Region]:
    """Regions of one frame over the threshold, from the left edge's topmost on.

    Args:
        labels_hw: (H, W) uint8 class ids.
        frame: its scores.
        model: the normal it was scored against.
        threshold_bits: a region holds a window whose mean excess reaches this.
        min_area_share: the smallest area, as a share of the frame.
    """
    if frame.raw_bits < threshold_bits:
        return []
    surprising = frame.excess_bits >= threshold_bits
    kernel = np.ones(model.window_hw, np.uint8)
    joined = cv2.dilate(surprising.view(np.uint8), kernel)  # fragments of one body become one
    count, parts, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    regions = []
    for part in range(1, count):
        x, y, width, height, _ = stats[part].tolist()
        crop = np.s_[y : y + height, x : x + width]
        inside = parts[crop] == part
        rows, columns = np.nonzero(surprising[crop] & inside)
        window_bits = np.where(inside, frame.window_bits[crop], -1.0)
        peak_row, peak_column = divmod(int(window_bits.argmax()), width)
        score = float(window_bits[peak_row, peak_column])
        if score < threshold_bits or rows.size < min_area_share * labels_hw.size:
            continue
        reach = model.window_hw[0] // 2
        near = (abs(rows - peak_row) <= reach) & (abs(columns - peak_column) <= reach)
        class_px = np.bincount(labels_hw[crop][rows, columns], minlength=model.classes)
        regions.append(
            Region(
                box=Box(
                    x + int(columns.min()),
                    y + int(rows.min()),
                    x + int(columns.max()) + 1,
                    y + int(rows.max()) + 1,
                ),
                score_bits=score,
                class_px=class_px.astype(np.float64),
                seen=model.seen(rows[near] + y, columns[near] + x),
            )
        )
    return sorted(regions, key=lambda region: (region.box.x0, region.box.y0, region.box.x1))
