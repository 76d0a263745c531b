"""When the packets of a network camera's stream were shown: by its clock, set by ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import Packet
    from av.video.stream import VideoStream

#: Formats that carry no times: their frames were taken when they arrive.
_UNTIMED_FORMATS = frozenset({"mpjpeg", "mjpeg", "jpeg_pipe", "h264", "hevc"})

_MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The time, and a way to let it pass."""

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None]


class StreamTimer:
    """Times of packets: the stream's own, or those of arrival where it has none.

    Opening a stream reads seconds of it before the first packet is handed over. No packet arrives
    before it is shown: the one that took the least says where the stream's clock stands, as far as
    the first segment shows, and no earlier than the camera was asked.

    Args:
        stream: whose packets are stamped.
        format_name: of its container, as FFmpeg calls it.
        clock: of this machine.
        largest_drift_s: of the stream's clock against ours, before it is set anew.
        asked_utc: when the connection was asked for.
    """

    def __init__(
        self,
        stream: VideoStream,
        format_name: str,
        clock: Clock,
        largest_drift_s: float,
        asked_utc: datetime,
    ) -> None:
        self._clock = clock
        self._drift_s = largest_drift_s
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
