"""Decoding the packets that a plan names, and surviving the ones that are damaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from camera_analysis.footage.video_file import ReadConfig, open_video, reason_of
from camera_analysis.footage.video_plan import DecodePlan
from camera_analysis.footage.video_refresh import RefreshReader

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: Codecs whose non-reference frames are never referred to, whatever the temporal layer.
_NONREF_SAFE = frozenset({"h264", "mpeg4", "mpeg2video"})
#: Type of pictures that refer to no other, in the enumeration of libav (``AV_PICTURE_TYPE_I``).
_INTRA = 1


@dataclass
class DecodeNotes:
    """What went wrong while frames were decoded; filled in as they are."""

    last_error: str = ""


@dataclass
class _Decoder:
    """Feeds packets of a stream; the frames that an error damages are held back."""

    stream: VideoStream
    notes: DecodeNotes
    damaged: bool = False
    can_skip: bool = field(init=False)
    refresh: RefreshReader = field(init=False)

    def __post_init__(self) -> None:
        self.can_skip = self.stream.codec_context.name in _NONREF_SAFE
        self.refresh = RefreshReader(self.stream)

    def feed(self, packet: Packet, *, wanted: bool = True) -> list[VideoFrame | None]:
        """Frames that come out, None for each that is lost or damaged.

        A frame counts as damaged up to the next one that refers to no other.
        """
        if self.can_skip:
            self.stream.codec_context.skip_frame = "DEFAULT" if wanted else "NONREF"
        return self._decode(packet)

    def is_mended_by(self, packet: Packet) -> bool:
        """Whether the decoder had better begin anew here: no picture may ever be whole at once.

        It then shows nothing until the round of gradual refresh that begins here is complete.
        """
        return self.damaged and packet.is_keyframe and self.refresh.is_gradual(packet)

    def drain(self) -> list[VideoFrame | None]:
        """The frames that the decoder still holds; a key frame can be fed afterwards."""
        frames = self._decode(None)
        self.stream.codec_context.flush_buffers()
        self.damaged = False
        return frames

    def _decode(self, packet: Packet | None) -> list[VideoFrame | None]:
        import av

        try:
            frames = self.stream.codec_context.decode(packet)
        except av.FFmpegError as error:
            self.damaged, self.notes.last_error = True, reason_of(error)
            return [None] if packet else []
        return [frame if self._is_whole(frame) else None for frame in frames]

    def _is_whole(self, frame: VideoFrame) -> bool:
        """Whether neither the frame nor one that it may refer to is damaged.

        The decoder says of a frame that it is corrupt, and not of those predicted from it.
        """
        if frame.is_corrupt:
            self.damaged = True
        elif frame.key_frame or frame.pict_type == _INTRA:
            self.damaged = False
        return not self.damaged


def decode_plan(
    path: Path, config: ReadConfig, plan: DecodePlan, notes: DecodeNotes
) -> Iterator[VideoFrame]:
    """Frames that come out of the decoder when it is fed what the plan says."""
    last_needed = int(np.flatnonzero(plan.feed_n)[-1])
    needed_n = plan.wanted_n | plan.between_n | plan.beside_n
    container, stream = open_video(path, config)
    with container:
        decoder = _Decoder(stream, notes)
        for number, packet in enumerate(_packets(container, stream, notes)):
            if number > last_needed:
                break
            if plan.restart_n[number] and number:
                yield from filter(None, decoder.drain())
            if plan.feed_n[number]:
                if decoder.is_mended_by(packet):
                    yield from filter(None, decoder.drain())
                fed = decoder.feed(packet, wanted=bool(needed_n[number]))
                yield from filter(None, fed)
        yield from filter(None, decoder.drain())


def decode_all(
    path: Path, config: ReadConfig, times_n: npt.NDArray[np.int64], notes: DecodeNotes
) -> Iterator[tuple[VideoFrame, int]]:
    """Every frame with its time, which increases; frames beyond the last time are left out.

    A frame that is lost has had its time all the same.

    Args:
        path: the file.
        config: limits.
        times_n: (N,) ascending times of the frames in the order in which they are shown.
        notes: filled in while reading.
    """
    container, stream = open_video(path, config)
    with container:
        previous = None
        frames = _all_frames(container, stream, _Decoder(stream, notes))
        for time, frame in zip(times_n.tolist(), frames, strict=False):
            if frame is not None and time != previous:
                yield frame, time
                previous = time


def _all_frames(
    container: InputContainer, stream: VideoStream, decoder: _Decoder
) -> Iterator[VideoFrame | None]:
    for packet in _packets(container, stream, decoder.notes):
        yield from decoder.feed(packet)
    yield from decoder.drain()


def _packets(
    container: InputContainer, stream: VideoStream, notes: DecodeNotes
) -> Iterator[Packet]:
    """The stream's packets, numbered as when they were indexed; ends at a broken place."""
    import av

    try:
        yield from (packet for packet in container.demux(stream) if packet.size)
    except av.FFmpegError as error:
        notes.last_error = reason_of(error)
