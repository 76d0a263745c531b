"""Key frames of H.264 from which a picture is whole only some frames later (gradual refresh).

Some cameras send no whole picture after the first: a stripe of it is refreshed with each frame, and
a recovery point (an SEI message) says where a round begins and after how many frames the picture is
whole again. Containers and FFmpeg call the frame at that point a key frame, but a decoder that
begins there shows nothing until the round is complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import Packet
    from av.video.stream import VideoStream

#: Types of the units that a packet consists of (H.264, table 7-1): slices of a picture that refers
#: to others, its first data partition, slices of one at which decoding starts afresh, messages.
_SLICE, _PARTITION, _WHOLE_SLICE, _MESSAGES = 1, 2, 5, 6
_SLICES = frozenset({_SLICE, _PARTITION, _WHOLE_SLICE})
#: Types of slices that refer to no other picture (table 7-6, modulo 5): I and SI.
_INTRA_SLICES = frozenset({2, 4})
#: Type of the message that is a recovery point (annex D).
_RECOVERY_POINT = 6
#: Comes before each unit where its length does not.
_START_CODE = re.compile(b"\0\0\1")


class RefreshReader:
    """Looks into the packets of one stream; of other codecs than H.264 it says nothing.

    Args:
        stream: as opened; its header says how its packets are divided.
    """

    def __init__(self, stream: VideoStream) -> None:
        context = stream.codec_context
        header = bytes(context.extradata or b"")
        self._is_h264 = context.name == "h264"
        # ISO/IEC 14496-15: version 1, …, and in the fifth byte how long the lengths are
        self._length_bytes = (header[4] & 3) + 1 if header[:1] == b"\1" and len(header) > 4 else 0

    def is_gradual(self, key_packet: Packet) -> bool:
        """Whether a decoder that begins at this key frame does not show it whole."""
        if not self._is_h264:
            return False
        frames_until_whole = 0
        packet, lengths = memoryview(key_packet), self._length_bytes
        for unit in _units_by_length(packet, lengths) if lengths else _units_by_code(packet):
            kind = _kind(unit)
            if kind == _MESSAGES:
                frames_until_whole = max(frames_until_whole, _recovery_frames(bytes(unit[1:])))
            elif kind in (_SLICE, _PARTITION):
                return frames_until_whole > 0 or _exp_golomb(unit[1:], 1) % 5 not in _INTRA_SLICES
            elif kind == _WHOLE_SLICE:
                return False
        return frames_until_whole > 0


def _kind(unit: memoryview) -> int:
    """The type of a unit, which its first byte says; 0 for an empty one."""
    return unit[0] & 31 if unit else 0


def _units_by_length(packet: memoryview, length_bytes: int) -> Iterator[memoryview]:
    """The units of a packet, each after its length."""
    start = 0
    while start + length_bytes < len(packet):
        begin = start + length_bytes
        start = begin + int.from_bytes(packet[start:begin])
        yield packet[begin:start]


def _units_by_code(packet: memoryview) -> Iterator[memoryview]:
    """The units of a packet, each after a start code; the first slice is the last of them.

    Where that one ends is not looked for: it is long, and only its first numbers count.
    """
    code = _START_CODE.search(packet)
    while code:
        begin = code.end()
        code = None if _kind(packet[begin:]) in _SLICES else _START_CODE.search(packet, begin)
        yield packet[begin : code.start() if code else len(packet)]


def _recovery_frames(messages: bytes) -> int:
    """Frames until the picture is whole that a recovery point states; 0 where there is none."""
    data, at = messages.replace(b"\0\0\3", b"\0\0"), 0  # the 3 only keeps start codes apart
    while at < len(data):
        kind, at = _message_number(data, at)
        size, at = _message_number(data, at)
        if kind == _RECOVERY_POINT:
            return _exp_golomb(data[at:])
        at += size
    return 0


def _message_number(data: bytes, at: int) -> tuple[int, int]:
    """A message's type or size, and where it ends: bytes of 255 and a smaller one are added up."""
    last = at
    while data[last : last + 1] == b"\xff":
        last += 1
    return 255 * (last - at) + int.from_bytes(data[last : last + 1]), last + 1


def _exp_golomb(data: bytes | memoryview, after: int = 0) -> int:
    """A number of variable length (section 9.1) that follows ``after`` others; 0 past the end.

    Args:
        data: begins with the first number; 16 bytes of it count.
        after: numbers to pass by.
    """
    head = data[:16]
    bits, at, value = f"{int.from_bytes(head):0{8 * len(head)}b}", 0, 0
    for _ in range(after + 1):
        one = bits.find("1", at)
        if one < 0:
            return 0
        end = 2 * one - at + 1  # as many digits follow as zeros come before
        at, value = end, int(bits[one:end], 2) - 1
    return value
