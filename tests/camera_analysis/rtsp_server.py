"""A network camera on this machine: H.264 by RTSP, its RTP packets inside the connection.

Just as much of RFC 2326 (RTSP), RFC 3550 (RTP) and RFC 6184 (H.264 in RTP) as a recorder meets.
"""

from __future__ import annotations

import base64
import re
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

TICKS_PER_S = 90_000
LARGEST_PAYLOAD = 1_400
PAYLOAD_TYPE = 96
#: Time stamps of RTP start anywhere (RFC 3550, section 5.1).
FIRST_TICKS = 1_234_567
#: A parameter set or a picture unit cut up over several packets.
FRAGMENT_UNIT = 28


@dataclass
class Camera:
    """What it shows, to whom, and how many pictures each connection gets, the last one ever after.

    None: all of them.
    """

    pictures: list[Picture]
    user: str = ""
    password: str = ""
    lengths: list[int | None] = field(default_factory=lambda: [None, 0])
    requests: list[str] = field(default_factory=list)
    plays: int = 0


@dataclass(frozen=True)
class Picture:
    """The NAL units of one picture, and when it is shown, in seconds."""

    units: tuple[bytes, ...]
    seconds: float


def pictures_of(clip: Path) -> list[Picture]:
    """Coded pictures of an H.264 file, in coded order, parameter sets before each key frame."""
    with av.open(str(clip)) as file:
        stream = file.streams.video[0]
        to_units = BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [out for packet in file.demux(stream) for out in to_units.filter(packet)]
        base = Fraction(stream.time_base)
        return [
            Picture(tuple(_units(bytes(packet))), float(packet.pts * base))
            for packet in packets
            if packet.size
        ]


def _units(annex_b: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in re.split(b"\0\0\0?\1", annex_b) if unit]


@contextmanager
def rtsp_served(camera: Camera) -> Iterator[str]:
    """Serve it; yields ``host:port``."""
    server = _Server(camera)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        while head := self._head():
            method, headers = head[0].split()[0], head[1:]
            self.server.camera.requests.append(head[0])
            number = next(line for line in headers if line.lower().startswith("cseq"))
            if not _admitted(self.server.camera, headers):
                self._say(number, "401 Unauthorized", ['WWW-Authenticate: Basic realm="cam"'])
                continue
            self._say(number, "200 OK", *_answer(method, head[0]))
            if method == "PLAY":
                self._play(self.server.camera)
                return  # and the connection ends, wherever that is

    def _head(self) -> list[str]:
        return list(iter(lambda: self.rfile.readline().decode().strip(), ""))

    def _say(self, number: str, status: str, headers: list[str], body: str = "") -> None:
        if body:
            headers = [*headers, f"Content-Length: {len(body)}"]
        lines = [f"RTSP/1.0 {status}", number, *headers, "", body]
        self.wfile.write("\r\n".join(lines).encode())

    def _play(self, camera: Camera) -> None:
        length = camera.lengths[min(camera.plays, len(camera.lengths) - 1)]
        camera.plays += 1
        for packet in rtp_packets(camera.pictures[:length]):
            self.wfile.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, camera: Camera) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.camera = camera

    def handle_error(self, *_: object) -> None:
        """A recorder that has enough hangs up."""


def _admitted(camera: Camera, headers: list[str]) -> bool:
    wanted = base64.b64encode(f"{camera.user}:{camera.password}".encode()).decode()
    return not camera.password or f"Authorization: Basic {wanted}" in headers


def _answer(method: str, request: str) -> tuple[list[str], str]:
    if method == "DESCRIBE":
        return [f"Content-Base: {request.split()[1]}/", "Content-Type: application/sdp"], _SDP
    if method == "SETUP":
        return ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"], ""
    if method == "PLAY":
        return ["Session: 1"], ""
    return ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"], ""


_SDP = "\r\n".join(
    [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=camera",
        "t=0 0",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        "c=IN IP4 0.0.0.0",
        f"a=rtpmap:{PAYLOAD_TYPE} H264/{TICKS_PER_S}",
        f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1",
        "a=control:track1",
        "",
    ]
)


def rtp_packets(pictures: list[Picture]) -> Iterator[bytes]:
    """RTP packets of pictures; the last one of a picture has the marker bit."""
    number = 0
    for picture in pictures:
        ticks = FIRST_TICKS + round(picture.seconds * TICKS_PER_S)
        payloads = [part for unit in picture.units for part in _payloads(unit)]
        for index, payload in enumerate(payloads):
            marker = 0x80 if index == len(payloads) - 1 else 0
            head = struct.pack(">BBHII", 0x80, marker | PAYLOAD_TYPE, number % 65_536, ticks, 7)
            yield head + payload
            number += 1


def _payloads(unit: bytes) -> Iterator[bytes]:
    if len(unit) <= LARGEST_PAYLOAD:
        yield unit
        return
    importance, kind, body = unit[0] & 0xE0, unit[0] & 0x1F, unit[1:]
    for start in range(0, len(body), LARGEST_PAYLOAD):
        first = 0x80 if start == 0 else 0
        last = 0x40 if start + LARGEST_PAYLOAD >= len(body) else 0
        yield (
            bytes([importance | FRAGMENT_UNIT, first | last | kind])
            + body[start : start + LARGEST_PAYLOAD]
        )
