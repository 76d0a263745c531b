"""What a finished MP4 says of itself: whether browsers play it, and what goes with the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from camera_analysis.footage.video_file import ReadConfig, open_video

#: Words that the container itself needs; they say nothing of the source.
_OWN_WORDS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
_BOX_HEADER = 8


@dataclass(frozen=True, kw_only=True)
class VideoHeader:
    """Of one file.

    Attributes:
        frames: packets of the video stream.
        codec: of the video, and its pixel format.
        index_first: the index comes before the pictures.
        sound: whether there is any.
        words: keys of what else the header says.
    """

    frames: int
    codec: tuple[str, str]
    index_first: bool
    sound: bool
    words: tuple[str, ...]

    @property
    def plays_in_browsers(self) -> bool:
        """H.264 in yuv420p, which every browser decodes, and while it loads."""
        return self.codec == ("h264", "yuv420p") and self.index_first


def read_header(path: Path) -> VideoHeader:
    """Header of an MP4; counts its packets.

    Raises:
        VideoError: it cannot be read.
    """
    container, stream = open_video(path, ReadConfig())
    with container:
        words = {*container.metadata, *(key for one in container.streams for key in one.metadata)}
        return VideoHeader(
            frames=sum(1 for packet in container.demux(stream) if packet.size),
            codec=(stream.codec_context.name, str(stream.codec_context.pix_fmt)),
            index_first=_index_first(path),
            sound=bool(container.streams.audio),
            words=tuple(sorted(words - _OWN_WORDS - {"handler_name", "vendor_id", "language"})),
        )


def _index_first(path: Path) -> bool:
    """Whether the box ``moov`` comes before ``mdat`` (ISO/IEC 14496-12)."""
    with path.open("rb") as file:
        while len(head := file.read(_BOX_HEADER)) == _BOX_HEADER:
            size, kind = int.from_bytes(head[:4]), head[4:]
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            if size == 1:
                size = int.from_bytes(file.read(8)) - 8
            if size < _BOX_HEADER:
                return False
            file.seek(size - _BOX_HEADER, 1)
    return False
