"""Which hidden region is which, frame after frame: people that touch share a track."""

from __future__ import annotations

import cv2
import numpy as np

from camera_analysis.labelling.motion import BoolImage
from camera_analysis.privacy.privacy_frame import IntImage
from camera_analysis.tracks.tracker import Tracker


class MaskTracks:
    """Follows the regions of a stream's masks by how their boxes overlap.

    Memory is bounded by the tracks that were seen lately. A track is known from the second frame
    on in which a region is seen.
    """

    def __init__(self) -> None:
        self._tracker: Tracker | None = None
        self._before_s: float | None = None

    def update(self, time_s: float, mask_hw: BoolImage) -> IntImage:
        """(H, W) int32 track of each pixel of the next frame's mask, from 1; 0 for none.

        Args:
            time_s: increases from call to call.
            mask_hw: what is hidden, masks held.
        """
        tracks_hw = np.zeros(mask_hw.shape, np.int32)
        if self._tracker is None:  # the usual step is known from the second frame on
            if self._before_s is None:
                self._before_s = time_s
                return tracks_hw
            self._tracker = Tracker(max(time_s - self._before_s, 1e-3))
        regions, labels_hw, boxes, _ = cv2.connectedComponentsWithStats(mask_hw.view(np.uint8))
        x, y, width, height = boxes[1:, :4].T
        corners = np.stack([x, y, x + width, y + height], axis=1).astype(np.float64)
        numbers = np.zeros(regions, np.int32)
        numbers[1:] = self._tracker.update(time_s, corners) + 1  # NO_TRACK, -1, becomes 0
        return np.asarray(numbers[labels_hw], np.int32)
