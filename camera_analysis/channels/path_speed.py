"""How fast each thing has gone along its path: the mean of its last moments, not of one frame.

Limbs that swing and people who pass each other make a frame's flow fast for a frame; who rides is
fast all the while. So each place takes over what was measured where its thing came from, by its
flow, and the mean of about a third of a second is its speed.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]

#: Seconds of the mean: flashes last a frame or two, and a rider is in view for a few seconds only.
PATH_S = 0.3


class PathSpeed:
    """Means of consecutive frames on a grid.

    Args:
        fps: frames per second; 0 where they are not evenly spaced: each frame then stands alone.
        grid_px: pixels per place, in which flow is measured.
    """

    def __init__(self, fps: float, grid_px: int) -> None:
        self._most = max(1, round(PATH_S * fps))
        self._grid_px = grid_px
        self._before: tuple[FloatImage, FloatImage] | None = None

    def mean(self, speed_hw: FloatImage, step_hw2: FloatImage) -> FloatImage:
        """(h, w) mean speed of what is at each place now; 0 where nothing moves.

        Args:
            speed_hw: (h, w) pixels a frame; 0 where nothing moves.
            step_hw2: (h, w, 2) flow in pixels since the frame before, along x and y.
        """
        there = (speed_hw > 0).astype(np.float32)
        total, frames = np.zeros_like(there), np.zeros_like(there)
        if self._before is not None:
            rows, columns = np.indices(there.shape, np.float32)
            came_x = columns - step_hw2[..., 0] / np.float32(self._grid_px)
            came_y = rows - step_hw2[..., 1] / np.float32(self._grid_px)
            total, frames = (
                there * cv2.remap(kept, came_x, came_y, cv2.INTER_LINEAR, borderValue=0)
                for kept in self._before
            )
        # The oldest makes room for the newest, as in a mean over as many frames.
        share = np.minimum(1.0, (self._most - 1) / np.maximum(frames, np.float32(1e-6)))
        total = np.asarray(total * share + speed_hw, np.float32)
        frames = np.asarray(frames * share + there, np.float32)
        self._before = total, frames
        return np.asarray(total / np.maximum(frames, np.float32(1.0)), np.float32)
