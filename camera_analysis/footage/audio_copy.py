"""The sound of a footage file, copied beside its private video where somebody asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from camera_analysis.footage.video_file import ReadConfig, open_video

if TYPE_CHECKING:
    from av import Packet
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer

#: Codecs that browsers play from MP4; others would have to be encoded again.
_CODECS = ("aac", "mp3", "opus", "flac")


class AudioCopy:
    """Packets of a file's first sound, in time with its video; nothing where it has none.

    A context manager.

    Args:
        path: the source.
        first_s: when its first video frame is shown, in its own clock: there the copy begins.

    Raises:
        ValueError: the sound is in a codec that MP4 does not carry to browsers.
    """

    def __init__(self, path: Path, first_s: float) -> None:
        self._container, _ = open_video(path, ReadConfig())
        self._first_s = first_s
        self.copied = False  # becomes true where there is any
        self._packets = _packets(self._container)
        self._waiting: Packet | None = None
        self._stream: AudioStream | None = None
        streams = self._container.streams.audio
        if streams and streams[0].codec_context.name not in _CODECS:
            codec = streams[0].codec_context.name
            self._container.close()
            raise ValueError(
                f"{path.name}: sound in {codec} cannot be copied into MP4 (it takes "
                f"{', '.join(_CODECS)}); leave keep_audio off"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    def begin(self, target: OutputContainer) -> None:
        """Add the stream of sound to a file about to be written."""
        if self._container.streams.audio:
            self.copied = True
            self._stream = target.add_stream_from_template(self._container.streams.audio[0])

    def until(self, offset_s: float) -> Iterator[Packet]:
        """Packets that begin at most so long after the first video frame, not given before."""
        while self._stream is not None:
            packet = self._waiting or next(self._packets, None)
            self._waiting = None
            if packet is None or packet.pts is None:
                return
            base = Fraction(packet.time_base)
            start_s = float(packet.pts * base) - self._first_s
            if start_s > offset_s:
                self._waiting = packet
                return
            if start_s >= 0:
                shift = round(self._first_s / base)
                packet.pts -= shift
                packet.dts = packet.pts
                packet.stream = self._stream
                yield packet


def _packets(container: InputContainer) -> Iterator[Packet]:
    if container.streams.audio:
        yield from (packet for packet in container.demux(container.streams.audio[0]) if packet.size)
