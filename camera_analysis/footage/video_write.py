"""Writing video whose bytes depend on the frames alone."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

#: Macroblock-tree rate control reads beyond its arrays on small frames that have B-frames: the same
#: input then gives different bytes from one call to the next.
EXACT = "mbtree=0"


def write_video(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    fps: float | Fraction,
    *,
    crf: int = 20,
    group_of_pictures: int = 50,
    preset: str = "medium",
) -> int:
    """Encode frames as H.264 with one thread, so that the same frames give the same bytes.

    Args:
        path: the file to write; its suffix names the container (.mp4, .mkv, .mov, .ts, .avi).
        frames: (H, W, 3) uint8 RGB, all of one size; an odd last row or column is repeated,
            because H.264 stores colour at half resolution.
        fps: frames per second, > 0.
        crf: x264's constant rate factor; 0 is lossless in luma and chroma, 51 the worst.
        group_of_pictures: largest distance of key frames, in frames.
        preset: x264's trade of time against size, ``ultrafast`` to ``placebo``.

    Returns:
        Number of frames written.

    Raises:
        ValueError: no frames, or frames that differ in size.
    """
    import av

    rate = Fraction(fps).limit_denominator(1001)
    options = {"crf": str(crf), "preset": preset, "threads": "1", "x264-params": EXACT}
    container_options = {"fflags": "+bitexact"}
    shape: tuple[int, ...] | None = None
    count = 0
    with av.open(str(path), "w", container_options=container_options) as container:
        for frame_rgb in frames:
            if shape is None:
                shape = frame_rgb.shape
                stream = container.add_stream("libx264", rate=rate, options=options)
                stream.height, stream.width = (side + side % 2 for side in shape[:2])
                stream.pix_fmt = "yuv420p"
                stream.gop_size = group_of_pictures
            if frame_rgb.shape != shape:
                raise ValueError(f"{path.name}: frame {count} is {frame_rgb.shape}, not {shape}")
            picture = av.VideoFrame.from_ndarray(even(frame_rgb), format="rgb24")
            picture.pts = count
            picture.time_base = 1 / rate
            container.mux(stream.encode(picture.reformat(format="yuv420p", threads=1)))
            count += 1
        if shape is None:
            raise ValueError(f"{path.name}: no frames to write")
        container.mux(stream.encode(None))
    return count


def even(frame_rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The frame with an odd last row or column repeated."""
    height, width = frame_rgb.shape[:2]
    padded = np.pad(frame_rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(padded)
