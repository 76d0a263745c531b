"""How long each place has been occupied without a break, read off label maps.

What passes leaves a second or two, who waits a minute, what was left behind hours. The background
plate does not take in what stays for less than half of a file, so that it goes on being seen.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_codes import ABSENT, BINS, PER_OCTAVE, STAY, CodeMap
from camera_analysis.label_classes import STATIC

LabelArray = npt.NDArray[np.uint8]

#: Seconds of the first code; 36 codes reach two days.
LEAST_STAY_S = 1.0
#: Share of a grid cell that must be occupied, as for motion.
LEAST_COVER = 0.25
#: Samples that may miss what is still there, and the seconds that are forgiven at least.
FORGIVEN_SAMPLES, FORGIVEN_S = 3, 1.0


class StayClock:
    """Follows the label maps of one camera in the order of time.

    Args:
        grid: (h, w) places.
        interval_s: between samples.
    """

    def __init__(self, grid: tuple[int, int], interval_s: float) -> None:
        self._size_wh = (grid[1], grid[0])
        self._forgiven_s = max(FORGIVEN_S, FORGIVEN_SAMPLES * interval_s)
        self._since_s = np.zeros(grid)
        self._last_s = np.full(grid, -np.inf)

    def read(self, labels_hw: LabelArray, time_s: float) -> CodeMap:
        """(h, w) codes of the seconds for which each place has been occupied; else ABSENT.

        Args:
            labels_hw: (H, W) uint8 class ids.
            time_s: seconds, increasing from call to call.
        """
        moving = (labels_hw != STATIC).astype(np.float32)
        cover = cv2.resize(moving, self._size_wh, interpolation=cv2.INTER_AREA)
        here = cover >= LEAST_COVER
        began = here & (time_s - self._last_s > self._forgiven_s)
        self._since_s[began] = time_s
        self._last_s[here] = time_s
        octaves = np.log2(np.maximum(time_s - self._since_s, LEAST_STAY_S) / LEAST_STAY_S)
        code = np.minimum(np.floor(octaves * PER_OCTAVE[STAY]), BINS[STAY] - 1)
        return np.where(here, code, ABSENT).astype(np.uint8)
