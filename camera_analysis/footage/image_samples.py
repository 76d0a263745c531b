"""Sampled frames of a run of images, by the same rule and with the same faults as of a video."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.footage.frame_pairs import LONGEST_PAIR_S, PAIR_S, LaterFrame
from camera_analysis.footage.image_runs import ImageRun
from camera_analysis.footage.sampled_frame import Fault, SampledFrame, VideoInfo
from camera_analysis.footage.video_file import ReadConfig, VideoError
from camera_analysis.footage.video_plan import exact_seconds, floors_of_targets

if TYPE_CHECKING:
    from PIL import Image

#: The EXIF tag that says how an image is to be turned, and its values for a quarter turn.
_ORIENTATION = 0x0112
_LYING = frozenset({5, 6, 7, 8})

#: Images that are tried until one says what size the footage has.
_PROBED = 20


def probe_images(run: ImageRun, *, config: ReadConfig | None = None) -> VideoInfo:
    """Size, rate and duration of a run; the size is that of its first readable image.

    Raises:
        VideoError: none of the first images can be read.
    """
    config = config or ReadConfig()
    last: VideoError | None = None
    for name in run.names[:_PROBED]:
        try:
            _, (width, height) = read_image(run.folder / name, config)
        except VideoError as error:
            last = error
            continue
        steps = np.diff(run.ticks)
        usual_s = float(np.median(steps) * run.tick_s) if len(steps) else None
        return VideoInfo(
            width=width,
            height=height,
            codec="images",
            frame_rate=1 / usual_s if usual_s else None,
            duration_s=float(run.ticks[-1] * run.tick_s) + (usual_s or 0.0),
        )
    raise last or VideoError("no_frames", "the folder holds no image")


def sample_images(
    run: ImageRun, interval_s: float, *, config: ReadConfig | None = None
) -> Iterator[SampledFrame | Fault]:
    """Images of a run, one per interval (floor rule of :mod:`video_plan`), and its faults.

    An image that cannot be read is one fault; a gap in the numbers is a gap in time. Where pairs
    are asked for, each sample comes with the first image shortly after it.
    """
    if interval_s <= 0:
        raise ValueError(f"interval_s is {interval_s}; expected more than 0 seconds")
    config = config or ReadConfig()
    step = exact_seconds(interval_s) / run.tick_s
    ticks_n = np.array(run.ticks, np.int64)
    sampled_n = read_n = floors_of_targets(ticks_n, step)
    if config.between_s is not None:
        between = exact_seconds(config.between_s) / run.tick_s
        read_n = sampled_n | floors_of_targets(ticks_n, between)
    for number in np.flatnonzero(read_n).tolist():
        is_sample = bool(sampled_n[number])
        name = run.names[number]
        offset_s = float(run.ticks[number] * run.tick_s)
        try:
            frame_rgb, native_wh = read_image(run.folder / name, config)
        except VideoError as error:
            if not is_sample:
                continue
            detail = f"{name}: {error.detail}"
            yield Fault(reason=error.reason, detail=detail, start_s=offset_s, end_s=offset_s)
            continue
        yield SampledFrame(
            pts_s=offset_s,
            offset_s=offset_s,
            frame_rgb=frame_rgb,
            native_wh=native_wh,
            image=name,
            later=_later_image(run, number, config) if config.pairs and is_sample else None,
            between=not is_sample,
        )


def _later_image(run: ImageRun, number: int, config: ReadConfig) -> LaterFrame | None:
    """The image beside a sample; None where there is none, or it cannot be read."""
    for place in range(number + 1, len(run.ticks)):
        after_s = (run.ticks[place] - run.ticks[number]) * run.tick_s
        if after_s > LONGEST_PAIR_S:
            return None
        if after_s >= PAIR_S:
            try:
                frame_rgb, _ = read_image(run.folder / run.names[place], config)
            except VideoError:  # a fault of its own where it is sampled
                return None
            grey = np.asarray(cv2.cvtColor(frame_rgb, cv2.COLOR_RGB2GRAY), np.uint8)
            return LaterFrame(grey=grey, after_s=float(after_s))
    return None


def read_image(path: Path, config: ReadConfig) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """(H, W, 3) uint8 RGB of an image, upright and reduced, and its width and height before.

    Raises:
        VideoError: empty_file, frame_too_large or undecodable (also where a part is missing).
    """
    from PIL import Image

    if not path.is_file() or path.stat().st_size == 0:
        raise VideoError("empty_file", "0 bytes, or gone")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # limited here
            picture = Image.open(path)
        with picture:
            if picture.width * picture.height > config.max_frame_px:
                size = f"{picture.width}x{picture.height}"
                raise VideoError("frame_too_large", f"{size}, over {config.max_frame_px} pixels")
            return _upright(picture, config.max_side_px)
    except VideoError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise VideoError("undecodable", str(error).replace(str(path), path.name)) from error


def _upright(
    picture: Image.Image, max_side_px: int | None
) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """Pixels of an open image, and its upright width and height before the reduction."""
    from PIL import Image, ImageOps

    width, height = picture.size
    native_wh = (height, width) if picture.getexif().get(_ORIENTATION) in _LYING else picture.size
    scale = min(1.0, (max_side_px or max(native_wh)) / max(native_wh))
    if scale < 1:  # a JPEG is decoded at a half, a quarter or an eighth of its size
        picture.draft("RGB", (max(1, round(width * scale)), max(1, round(height * scale))))
    shown = ImageOps.exif_transpose(picture)
    if shown.mode.startswith("I"):  # 16 bits a pixel
        shown = Image.fromarray((np.asarray(shown, np.int64) >> 8).clip(0, 255).astype(np.uint8))
    shown = shown.convert("RGB")
    if scale < 1:
        small = (max(1, round(native_wh[0] * scale)), max(1, round(native_wh[1] * scale)))
        shown = shown.resize(small, Image.Resampling.BOX)
    return np.array(shown, np.uint8), native_wh
