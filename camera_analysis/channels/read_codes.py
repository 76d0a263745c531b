"""Consecutive frames of a clip become codes, in a memory that does not grow with the clip.

What is read along a path (:mod:`camera_analysis.channels.path_readings`) takes the frames that
follow: each frame is told some seconds after it came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from camera_analysis.channels.channel_codes import (
    STIFF,
    CodeConfig,
    CodeReader,
    FloatImage,
    FrameCodes,
    ImageRgb,
)
from camera_analysis.channels.path_readings import KNOWN_S, along_paths, look_frames, windows


def read_codes(
    frames: Iterable[ImageRgb],
    config: CodeConfig,
    usual: FloatImage | None = None,
    fps: float = 0.0,
) -> Iterator[FrameCodes]:
    """Codes of each frame, those of stiffness too.

    Args:
        frames: (H, W, 3) uint8 RGB, consecutive.
        config: how they are read.
        usual: grey levels of the view, that tones are freed from changes of light by.
        fps: frames per second; 0 where they are not evenly spaced.

    Raises:
        ValueError: frames of different sizes.
    """
    frames = iter(frames)  # a sequence would begin again behind its first frame
    for first in frames:
        height, width = first.shape[:2]
        reader = CodeReader(height, width, config, usual, fps)
        least = max(1, round(KNOWN_S * fps))
        for near, now in windows(_each(reader, first, frames), look_frames(fps)):
            stiffness = along_paths([read.stiffness for read in near], now, least)
            yield replace(near[now], codes={**near[now].codes, STIFF: reader.stiff_code(stiffness)})


def _each(reader: CodeReader, first: ImageRgb, rest: Iterator[ImageRgb]) -> Iterator[FrameCodes]:
    yield reader.read(first)
    for frame in rest:
        yield reader.read(frame)
