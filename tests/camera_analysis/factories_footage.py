"""Tiny drawn footage: frames that carry their own number, and clips with any time stamps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from camera_analysis.benchmark.layouts.clips import Clip

BITS = 12
CELL = 8


def numbered_frame(number: int, height: int = 48, width: int = 96) -> np.ndarray:
    """A frame whose top row of 8-pixel cells spells its number in binary; (H, W, 3) uint8."""
    frame = np.full((height, width, 3), 90, np.uint8)
    for bit in range(BITS):
        value = 255 if number >> bit & 1 else 0
        frame[:CELL, bit * CELL : (bit + 1) * CELL] = value
    frame[20:36, (number * 3) % (width - 16) : (number * 3) % (width - 16) + 16] = (220, 60, 40)
    return frame


def number_of(frame_rgb: np.ndarray) -> int:
    """The number that a decoded :func:`numbered_frame` spells."""
    cells = [frame_rgb[2:6, bit * CELL + 2 : bit * CELL + 6].mean() for bit in range(BITS)]
    return sum(1 << bit for bit, mean in enumerate(cells) if mean > 128)


def encode(
    path: Path,
    frames: Iterable[np.ndarray],
    times_ms: Sequence[int],
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    gop: int = 12,
    container: dict[str, str] | None = None,
) -> Path:
    """Encode frames with the given presentation times."""
    with av.open(str(path), "w", options=container or {}) as file:
        stream = None
        for frame, time_ms in zip(frames, times_ms, strict=True):
            if stream is None:
                stream = file.add_stream(
                    codec, rate=25, options={"threads": "1", **(options or {})}
                )
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
                stream.gop_size = gop
                stream.codec_context.time_base = Fraction(1, 1000)
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = time_ms
            picture.time_base = Fraction(1, 1000)
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
    return path


def numbered_clip(path: Path, times_ms: Sequence[int], **settings) -> Path:
    """A clip of numbered frames 0, 1, 2, … at the given times."""
    return encode(path, (numbered_frame(n) for n in range(len(times_ms))), times_ms, **settings)


def steady(frames: int, fps: float) -> list[int]:
    """Times in ms of a constant rate."""
    return [round(n * 1000 / fps) for n in range(frames)]


def clip_of(frames: Sequence[np.ndarray], fps: float, name: str = "c") -> Clip:
    """Frames in memory as a clip of a benchmark."""
    return Clip(
        name=name,
        camera="c",
        fps=fps,
        length=len(frames),
        pick=lambda wanted: ((n, frame) for n, frame in enumerate(frames) if wanted(n)),
    )
