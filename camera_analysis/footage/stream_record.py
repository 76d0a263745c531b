"""A network camera's stream to segment files: remuxed, never encoded again, whole or not at all.

Only the pictures are kept, never the sound. A segment starts with a key frame, so that each can
be decoded alone. It is written under a hidden name and renamed when it is complete; where the
connection breaks, the segment ends there and the next connection starts another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

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

#: Formats that carry no times: their frames were taken when they arrive.
_UNTIMED_FORMATS = frozenset({"mpjpeg", "mjpeg", "jpeg_pipe", "h264", "hevc"})

_MILLISECOND = Fraction(1, 1000)


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


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The time, and a way to let it pass."""

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None]


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
        timer = _Timer(stream, source.format.name, self._clock, self._config, asked_utc)
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


class _Timer:
    """Times of packets: the stream's own, or those of arrival where it has none.

    Opening a stream reads seconds of it before the first packet is handed over. No packet arrives
    before it is shown: the one that took the least says where the stream's clock stands, as far as
    the first segment shows, and no earlier than the camera was asked.
    """

    def __init__(
        self,
        stream: VideoStream,
        format_name: str,
        clock: Clock,
        config: RecordConfig,
        asked_utc: datetime,
    ) -> None:
        self._clock = clock
        self._drift_s = config.largest_drift_s
        self._tick_s = Fraction(stream.time_base or _MILLISECOND)
        self._untimed = bool(_UNTIMED_FORMATS & set(format_name.split(",")))
        self._counts_from_first = format_name == "rtsp"
        self._zero_utc: datetime | None = None  # instant at which the stream's clock shows 0
        self._earliest_utc = asked_utc  # that it can be: the first packet was shown then
        self._in_first_segment = True
        self._last_dts: int | None = None
        self.seconds = 0.0  # of the packet stamped last, in the stream's clock

    def stamp(self, packet: Packet) -> bool:
        """Give a packet its time; False where it has none, or one that steps back."""
        now = self._clock.now()
        if self._untimed:
            self._stamp_arrival(packet, now)
        elif self._counts_from_first and self._last_dts is None:
            _stamp_zero(packet)
        order = packet.dts if packet.dts is not None else packet.pts
        if order is None or (self._last_dts is not None and order <= self._last_dts):
            return False
        if packet.dts is None and self._last_dts is not None:  # next in order, shown later
            packet.dts = order = self._last_dts + 1
        self._last_dts = order
        shown = packet.pts if packet.pts is not None else order
        self.seconds = float(shown * Fraction(packet.time_base or self._tick_s))
        self._set_zero(now - timedelta(seconds=self.seconds))
        return True

    def _set_zero(self, arrived_utc: datetime) -> None:
        """The first packet's zero, or an earlier one by a packet that took less to arrive."""
        if self._zero_utc is None:
            self._zero_utc = arrived_utc
            self._earliest_utc -= timedelta(seconds=self.seconds)
        elif self._in_first_segment and not self._untimed:
            sooner = max(arrived_utc, self._earliest_utc)
            self._zero_utc = min(self._zero_utc, sooner)

    def _stamp_arrival(self, packet: Packet, now: datetime) -> None:
        if self._zero_utc is None:
            self._zero_utc = now
        elapsed = round((now - self._zero_utc).total_seconds() * 1000)
        ticks = max(elapsed, 0 if self._last_dts is None else self._last_dts + 1)
        packet.time_base = _MILLISECOND
        packet.pts = packet.dts = ticks

    def instant(self, seconds: float) -> datetime:
        """At which the stream's clock shows so much, as far as is known by now."""
        return (self._zero_utc or self._clock.now()) + timedelta(seconds=seconds)

    def start_segment(self, *, is_first: bool) -> datetime:
        """Instant of the packet stamped last; the clocks are compared where a segment starts."""
        self._in_first_segment = is_first
        now = self._clock.now()
        zero = self._zero_utc or now
        instant = zero + timedelta(seconds=self.seconds)
        if abs((now - instant).total_seconds()) > self._drift_s and not self._untimed:
            self._zero_utc, instant = now - timedelta(seconds=self.seconds), now
        return instant


def _stamp_zero(packet: Packet) -> None:
    """FFmpeg counts RTP's times from the first packet, and leaves out that one's own: zero."""
    if packet.pts is None and packet.dts is None:
        packet.pts = packet.dts = 0


class _Cutter:
    """Packets in, complete segments out."""

    def __init__(
        self, names: SegmentNames, stream: VideoStream, timer: _Timer, segment_s: float
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
