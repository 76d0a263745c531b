"""A network camera's stream to segment files: remuxed, never encoded again, whole or not at all.

Only the pictures are kept, never the sound. A segment starts with a key frame, so that each can
be decoded alone. It is written under a hidden name and renamed when it is complete; where the
connection breaks, the segment ends there and the next connection starts another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from camera_analysis.footage.stream_clock import Clock, StreamTimer
from camera_analysis.footage.stream_names import SegmentNames
from camera_analysis.footage.stream_segments import SUFFIX, Segment, SegmentWriter
from camera_analysis.footage.video_file import reason_of

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: A playlist on a server must not make us read files of this machine.
_PROTOCOLS = "http,https,tcp,tls,udp,rtp,rtsp,rtsps,srtp,crypto,httpproxy"
_FORMATS = "rtsp,mpegts,mpjpeg,mjpeg,jpeg_pipe,hls,flv,mov,mp4,matroska,webm,avi,h264,hevc"


@dataclass(frozen=True, kw_only=True)
class RecordConfig:
    """How a stream is recorded."""

    segment_s: float = 300.0  # what a crash may cost; 288 files a day
    total_s: float | None = None  # until it is stopped
    timeout_s: float = 10.0  # cameras send several frames a second
    first_wait_s: float = 1.0  # before the second attempt; doubles with each failure
    longest_wait_s: float = 60.0  # a camera that reboots is back within minutes
    attempts: int | None = None  # failures in a row after which to give up; None never
    largest_drift_s: float = 2.0  # of the camera's clock against ours, before it is set anew

    def __post_init__(self) -> None:
        if not self.segment_s > 0:
            raise ValueError(f"segment_s is {self.segment_s}; expected more than 0 seconds")
        if self.total_s is not None and not self.total_s > 0:
            raise ValueError(f"total_s is {self.total_s}; expected more than 0 seconds")

    def wait_s(self, failures: int) -> float:
        """Seconds before the next attempt, after so many failures in a row."""
        doublings = min(max(0, failures - 1), 64)  # a day of them is no number that a float holds
        return min(self.first_wait_s * 2.0**doublings, self.longest_wait_s)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A connection that could not be made, or that broke off; what it left is a segment."""

    time_utc: datetime
    detail: str
    next_try_s: float


def record_stream(
    address: str, names: SegmentNames, clock: Clock, config: RecordConfig
) -> Iterator[Segment | Outage]:
    """Record until the time is over, the attempts are used up, or the caller stops.

    A caller that closes the iterator, or interrupts it, finds the running segment complete.

    Args:
        address: rtsp, rtsps, http or https; may hold credentials, which appear nowhere.
        names: how segments are called, and where they go.
        clock: of this machine, which stamps the first frame of each connection.
        config: lengths, time-outs, attempts.

    Yields:
        Every segment once it is complete, and every outage.
    """
    started, failures = clock.now(), 0
    while True:
        saved = False
        recording = _Recording(names, clock, config, _end_of(started, config))
        try:
            for segment in recording.segments(address):
                saved = True
                yield segment
            detail = "the stream ended"
        except _Broken as broken:
            detail = str(broken)
        if recording.is_over():
            return
        failures = 0 if saved else failures + 1
        if config.attempts is not None and failures >= config.attempts:
            yield Outage(time_utc=clock.now(), detail=f"{detail}; given up", next_try_s=0.0)
            return
        wait_s = config.wait_s(failures)
        yield Outage(time_utc=clock.now(), detail=detail, next_try_s=wait_s)
        clock.sleep(wait_s)
        if recording.is_over():
            return


def _end_of(started: datetime, config: RecordConfig) -> datetime | None:
    return None if config.total_s is None else started + timedelta(seconds=config.total_s)


class _Broken(Exception):
    """A connection failed; the message holds no address."""


class _Recording:
    """One connection."""

    def __init__(
        self, names: SegmentNames, clock: Clock, config: RecordConfig, end: datetime | None
    ) -> None:
        self._names = names
        self._clock = clock
        self._config = config
        self._end = end

    def is_over(self) -> bool:
        """Whether the time to record for has passed."""
        return self._end is not None and self._clock.now() >= self._end

    def segments(self, address: str) -> Iterator[Segment]:
        """Segments of one connection, the last one ending where the connection does."""
        import av

        asked_utc = self._clock.now()
        try:
            source = connect(address, self._config)
        except (av.FFmpegError, OSError, UnicodeDecodeError) as error:
            raise _Broken(f"no connection: {reason_of(error)}") from error
        with source:
            yield from self._cut(source, asked_utc)

    def _cut(self, source: InputContainer, asked_utc: datetime) -> Iterator[Segment]:
        if not source.streams.video:
            raise _Broken("the stream holds no video")
        stream = source.streams.video[0]
        timer = StreamTimer(
            stream, source.format.name, self._clock, self._config.largest_drift_s, asked_utc
        )
        cutter = _Cutter(self._names, stream, timer, self._config.segment_s)
        broken: _Broken | None = None
        try:
            for packet in _packets(source, stream):
                if self.is_over():
                    break
                yield from cutter.add(packet)
        except _Broken as error:
            broken = error
        finally:  # also where the caller stops or is interrupted
            last = cutter.finish()
        yield from last
        if broken is not None:
            raise broken


def connect(address: str, config: RecordConfig) -> InputContainer:
    """Open a stream; no file of this machine is opened by it.

    Raises:
        av.FFmpegError, OSError, UnicodeDecodeError: no connection.
    """
    import av

    options = {
        "protocol_whitelist": _PROTOCOLS,
        "format_whitelist": _FORMATS,
        "rtsp_transport": "tcp",  # lost packets would be grey blocks
    }
    source: InputContainer = av.open(address, container_options=options, timeout=config.timeout_s)
    return source


def _packets(source: InputContainer, stream: VideoStream) -> Iterator[Packet]:
    import av

    try:
        yield from (packet for packet in source.demux(stream) if packet.size)
    except (av.FFmpegError, OSError) as error:
        raise _Broken(f"the connection broke off: {reason_of(error)}") from error


class _Cutter:
    """Packets in, complete segments out."""

    def __init__(
        self, names: SegmentNames, stream: VideoStream, timer: StreamTimer, segment_s: float
    ) -> None:
        self._names = names
        self._stream = stream
        self._timer = timer
        self._segment_s = segment_s
        self._writer: SegmentWriter | None = None
        self._segments = 0  # begun on this connection
        self._start_s = 0.0  # of the running one, in the stream's clock

    def add(self, packet: Packet) -> list[Segment]:
        """Write a packet; the segment before it, if it starts another."""
        if not self._timer.stamp(packet):
            return []
        ended: list[Segment] = []
        seconds = self._timer.seconds
        writer = self._writer
        if packet.is_keyframe and (writer is None or writer.lasts(seconds) >= self._segment_s):
            ended = self.finish()
            start_utc = self._timer.start_segment(is_first=not self._segments)
            self._segments, self._start_s = self._segments + 1, seconds
            target = self._names.path_of(start_utc, SUFFIX)
            writer = SegmentWriter(target, self._stream, start_utc)
        if writer is not None:
            self._writer = None  # a segment that cannot be written is not completed
            writer.add(packet, seconds)
            self._writer = writer
        return ended

    def finish(self) -> list[Segment]:
        """Complete the running segment, if there is one."""
        writer, self._writer = self._writer, None
        if writer is None:
            return []
        if self._segments == 1:  # known better than when it began
            start_utc = self._timer.instant(self._start_s)
            writer.rename(self._names.path_of(start_utc, SUFFIX), start_utc)
        return [writer.finish()]
