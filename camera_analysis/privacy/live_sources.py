"""Frames as they arrive: of a network stream, or of a file at the speed at which it was filmed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.footage_samples import sample_footage
from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.stream_address import redacted
from camera_analysis.footage.stream_record import RecordConfig, connect
from camera_analysis.footage.video import EVERY_FRAME_S
from camera_analysis.footage.video_convert import FrameConverter
from camera_analysis.footage.video_file import ReadConfig, reason_of
from camera_analysis.labelling.motion import ImageRgb

if TYPE_CHECKING:
    from av.container import InputContainer


@dataclass(frozen=True, kw_only=True)
class ArrivedFrame:
    """A frame and when it came.

    Attributes:
        arrived_s: by the clock of whoever looks; increases strictly.
        frame_rgb: (H, W, 3) uint8.
    """

    arrived_s: float
    frame_rgb: ImageRgb

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.frame_rgb.shape[:2]
        return width, height


@dataclass(frozen=True, kw_only=True)
class LiveClock:
    """Seconds that only go on, and a way to let them pass."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


def file_frames(
    file: FootageFile, clock: LiveClock, *, max_side_px: int, again: bool = False
) -> Iterator[ArrivedFrame]:
    """Frames of a file, each when its time has come.

    Args:
        file: a video, or a run of images.
        clock: by which they come.
        max_side_px: frames are reduced to at most this height and width.
        again: begin anew at the end, for ever.

    Raises:
        ValueError: no frame can be read.
    """
    config = ReadConfig(max_side_px=max_side_px)
    while True:
        started, shown = clock.now(), 0
        for item in sample_footage(file, EVERY_FRAME_S, config=config):
            if not isinstance(item, SampledFrame):
                continue
            wait_s = started + item.offset_s - clock.now()
            if wait_s > 0:
                clock.sleep(wait_s)
            shown += 1
            yield ArrivedFrame(arrived_s=clock.now(), frame_rgb=item.frame_rgb)
        if not shown:
            raise ValueError(f"{file.path.name}: no frame can be read")
        if not again:
            return


def stream_frames(
    address: str, clock: LiveClock, config: RecordConfig, *, max_side_px: int
) -> Iterator[ArrivedFrame]:
    """Frames of a stream when they arrive; connects again where it breaks, after a growing wait.

    Args:
        address: rtsp, rtsps, http or https; may hold credentials, which appear nowhere.
        clock: by which they come.
        config: time-outs, waits and attempts.
        max_side_px: frames are reduced to at most this height and width.
    """
    import av

    failures, last_s = 0, -float("inf")
    while config.attempts is None or failures < config.attempts:
        try:
            with connect(address, config) as source:
                for frame_rgb in _decoded(source, max_side_px):
                    failures = 0
                    last_s = max(clock.now(), last_s + 1e-6)
                    yield ArrivedFrame(arrived_s=last_s, frame_rgb=frame_rgb)
            detail = "the stream ended"
        except (av.FFmpegError, OSError, UnicodeDecodeError) as error:
            detail = reason_of(error)
        failures += 1
        logging.getLogger(__name__).warning("%s: %s", redacted(address), detail)
        clock.sleep(config.wait_s(failures))


def _decoded(source: InputContainer, max_side_px: int) -> Iterator[ImageRgb]:
    if not source.streams.video:
        raise OSError("the stream holds no video")
    convert = FrameConverter(ReadConfig(max_side_px=max_side_px))
    for frame in source.decode(video=0):
        if not frame.is_corrupt:
            yield convert.rgb(frame)
