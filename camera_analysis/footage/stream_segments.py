"""Segment files of a recorded stream: hidden until they are complete, never replaced."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import Packet
    from av.container import OutputContainer
    from av.video.stream import VideoStream

#: Matroska carries every codec that cameras send, and what was written of it can be read.
SUFFIX = ".mkv"
PART_SUFFIX = ".part"

_MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A complete segment file."""

    path: Path
    start_utc: datetime
    seconds: float
    frames: int


class SegmentWriter:
    """One segment, hidden until it is complete.

    Args:
        target: the name that it gets.
        stream: whose packets will be written.
        start_utc: of its first frame.
    """

    def __init__(self, target: Path, stream: VideoStream, start_utc: datetime) -> None:
        import av

        self._target = target
        self._part = self._target.with_name(f".{self._target.name}{PART_SUFFIX}")
        self._start_utc = start_utc
        self._file: OutputContainer = av.open(str(self._part), "w", format="matroska")
        self._stream = self._file.add_stream_from_template(stream)
        self._first: tuple[int, Fraction] | None = None
        self._frames = 0
        self._first_s = 0.0
        self._last_s = 0.0

    def lasts(self, seconds: float) -> float:
        """Length up to a time of the stream's clock."""
        return round(seconds - self._first_s, 3)

    def add(self, packet: Packet, seconds: float) -> None:
        """Append a packet at a time of the stream's clock; times count from the first one.

        Frames that are shown before the first key frame refer to the segment before; they are
        left out, because nothing could decode them.
        """
        time_base = Fraction(packet.time_base or _MILLISECOND)
        if self._first is None:
            self._first = (packet.pts if packet.pts is not None else packet.dts or 0, time_base)
            self._first_s = seconds
        origin = self._first[0]
        if packet.pts is not None and packet.pts < origin:
            return
        if packet.pts is not None:
            packet.pts -= origin
        if packet.dts is not None:
            packet.dts -= origin
        packet.stream = self._stream
        self._file.mux(packet)
        self._frames += 1
        self._last_s = max(self._last_s, seconds)

    def rename(self, target: Path, start_utc: datetime) -> None:
        """Another name and start than those known when it began."""
        self._target, self._start_utc = target, start_utc

    def finish(self) -> Segment:
        """Complete the file and give it its name; an existing file is never replaced."""
        self._file.close()
        with self._part.open("rb") as written:
            os.fsync(written.fileno())
        target = _free_name(self._target)
        self._part.rename(target)
        _sync_folder(target.parent)
        return Segment(
            path=target,
            start_utc=self._start_utc,
            seconds=self._last_s - self._first_s,
            frames=self._frames,
        )


def _free_name(path: Path) -> Path:
    number, free = 2, path
    while free.exists():
        free = path.with_name(f"{path.stem}_{number}{path.suffix}")
        number += 1
    return free


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
