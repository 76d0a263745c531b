"""Decoded frames become upright, reduced pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.footage.frame_pairs import GreyImage
from camera_analysis.footage.video_file import ReadConfig

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.reformatter import VideoReformatter


class FrameConverter:
    """Converts the frames of one file.

    Args:
        config: says how far they are reduced.
    """

    def __init__(self, config: ReadConfig) -> None:
        from av.video.reformatter import VideoReformatter

        self._max_side_px = config.max_side_px
        self._reformatter: VideoReformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB."""
        width, height = frame.width, frame.height
        scale = min(1.0, (self._max_side_px or max(width, height)) / max(width, height))
        small_w, small_h = max(1, round(width * scale)), max(1, round(height * scale))
        way = "AREA" if scale < 1 else "BILINEAR"
        rgb = self._reformatter.reformat(
            frame, small_w, small_h, "rgb24", interpolation=way, threads=1
        )
        return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), _turns(frame)))

    def grey(self, frame: VideoFrame) -> GreyImage:
        """(H, W) uint8 brightness of the same picture."""
        return np.asarray(cv2.cvtColor(self.rgb(frame), cv2.COLOR_RGB2GRAY), np.uint8)


def native_wh(frame: VideoFrame) -> tuple[int, int]:
    """Width and height of a frame as it is shown, before it is reduced."""
    lying = _turns(frame) % 2 == 1
    return (frame.height, frame.width) if lying else (frame.width, frame.height)


def _turns(frame: VideoFrame) -> int:
    """Quarter turns, counter-clockwise."""
    return int(round(frame.rotation / 90) % 4)
