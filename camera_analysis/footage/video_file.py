"""Opening a footage file safely, and reading its header and its packets' time stamps."""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from camera_analysis.footage.video_plan import NO_PTS, PacketIndex
from camera_analysis.footage.video_refresh import RefreshReader

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: Demuxers that may read footage: a playlist named .mp4 must not make us open other files.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts"


#: Which frame stands for a target time: the one that is shown then, or the key frame before it.
Sampling = Literal["exact", "key_frames"]


@dataclass(frozen=True, kw_only=True)
class ReadConfig:
    """How footage is read."""

    sampling: Sampling = "exact"  # the other only where decoding is too slow
    pairs: bool = False  # each sample with the frame shortly after it; costs a frame more
    between_s: float | None = None  # frames read besides, so far apart: motion between the samples
    max_side_px: int | None = None  # None: full size
    max_frame_px: int = 80_000_000  # 10,000 x 8,000: more is a bomb, not a camera
    threads: int = 1  # cameras run side by side; one file does not need all cores
    end_tolerance_s: float = 0.5  # a header may round the duration up by some frames


#: Containers that count packets in the order of decoding and store no presentation times.
_DECODE_ORDER_FORMATS = frozenset({"avi"})
#: How Matroska writes the duration of a stream: hours, minutes, seconds.
_TAGGED = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")


class VideoError(ValueError):
    """The file as a whole cannot be read; ``reason`` is the fault's code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def open_video(path: Path, config: ReadConfig) -> tuple[InputContainer, VideoStream]:
    """Open a file and its first video stream; nothing is decoded beyond what the header needs.

    Raises:
        VideoError: empty_file, unreadable, no_video or frame_too_large.
    """
    import av
    from av.stream import Disposition

    if path.stat().st_size == 0:
        raise VideoError("empty_file", "0 bytes")
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    guard = {"max_pixels": str(config.max_frame_px)}
    try:
        container = av.open(
            str(path.absolute()), container_options=options, stream_options=[guard] * 8
        )
    except (av.FFmpegError, UnicodeDecodeError) as error:
        raise VideoError("unreadable", reason_of(error)) from error
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        cover = " but a cover picture" if container.streams.video else ""
        container.close()
        raise VideoError("no_video", f"the file holds no video stream{cover}")
    stream = moving[0]
    pixels = stream.width * stream.height
    if pixels > config.max_frame_px:
        container.close()
        size = f"{stream.width}x{stream.height}"
        raise VideoError("frame_too_large", f"{size}, more than {config.max_frame_px} pixels")
    if pixels == 0:
        container.close()
        raise VideoError("unreadable", "the header states no frame size (or one that is refused)")
    stream.codec_context.thread_count = config.threads
    stream.codec_context.options = guard
    return container, stream


def reason_of(error: Exception) -> str:
    """The decoder's message without the path it mentions."""
    return str(getattr(error, "strerror", None) or type(error).__name__)


def header_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Duration of the video that the header states; None where it states none.

    Matroska states where the file ends, and in a tag where a stream ends; where the tag is missing
    the file is taken to end with its video, though sound may outlast it.
    """
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    tag = _TAGGED.fullmatch(stream.metadata.get("DURATION", ""))
    if tag:
        hours, minutes, seconds = (float(part) for part in tag.groups())
        return 3600 * hours + 60 * minutes + seconds - _start_s(stream)
    if container.duration is not None:
        return container.duration / 1_000_000 - _start_s(stream)  # libav's own time base
    return None


def _start_s(stream: VideoStream) -> float:
    """Where the stream begins on the file's clock; a segment may go on from the one before it."""
    return float((stream.start_time or 0) * (stream.time_base or 0))


def packet_span_s(path: Path, longest_s: float = math.inf) -> float:
    """Seconds from the first to the last packet that is there, whatever the header promises.

    Packets that come later than ``longest_s`` after the first have a broken clock and do not count.

    Raises:
        VideoError: the file as a whole cannot be read.
    """
    container, stream = open_video(path, ReadConfig())
    with container:
        index, _ = index_packets(container, stream)
        pts_n = index.pts_n[index.pts_n != NO_PTS]
        if not len(pts_n):
            return 0.0
        since_s = (pts_n - pts_n.min()) * float(stream.time_base or 0)
        return float(since_s[since_s <= longest_s].max())


def has_presentation_times(container: InputContainer) -> bool:
    """Whether the container stores when a frame is shown, not only the order of decoding."""
    return container.format.name not in _DECODE_ORDER_FORMATS


def index_packets(container: InputContainer, stream: VideoStream) -> tuple[PacketIndex, str]:
    """All packets' times, and the message of the error that ended the reading ("" for none)."""
    import av

    by_decode_order = not has_presentation_times(container)
    refresh = RefreshReader(stream)
    pts, key, shown, gradual = array("q"), bytearray(), bytearray(), bytearray()
    broken = ""
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            time = packet.dts if by_decode_order else packet.pts
            pts.append(NO_PTS if time is None else time)
            key.append(packet.is_keyframe)
            shown.append(not packet.is_discard)
            gradual.append(packet.is_keyframe and refresh.is_gradual(packet))
    except av.FFmpegError as error:
        broken = reason_of(error)
    return (
        PacketIndex(
            pts_n=np.frombuffer(pts, np.int64) if pts else np.zeros(0, np.int64),
            key_n=np.frombuffer(key, np.bool_),
            shown_n=np.frombuffer(shown, np.bool_),
            gradual_n=np.frombuffer(gradual, np.bool_),
        ),
        broken,
    )
