"""Segments that a killed recorder left unfinished: what can be read of them is completed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from camera_analysis.footage.stream_segments import PART_SUFFIX, SUFFIX, SegmentWriter

#: A recorder that runs writes more often than this.
_ABANDONED_S = 120.0


def recover_parts(folder: Path, *, abandoned_s: float = _ABANDONED_S) -> Iterator[Path]:
    """Complete abandoned segments below a folder; what holds no readable frame is removed.

    Args:
        folder: the camera's footage.
        abandoned_s: seconds without a write after which nobody records into a part any more.

    Yields:
        Each completed segment.
    """
    for part in sorted(folder.rglob(f".*{SUFFIX}{PART_SUFFIX}")):
        if time.time() - part.stat().st_mtime < abandoned_s:
            continue
        left = part.rename(part.with_suffix(".left"))
        completed = _remuxed(left, part.with_name(part.name[1:].removesuffix(PART_SUFFIX)))
        left.unlink()
        if completed is not None:
            yield completed


def _remuxed(left: Path, target: Path) -> Path | None:
    """Readable packets of an unfinished file as a complete segment; None without any."""
    import av

    written = datetime.fromtimestamp(left.stat().st_mtime, UTC)
    writer: SegmentWriter | None = None
    try:
        with av.open(str(left), container_options={"format_whitelist": "matroska"}) as source:
            stream = source.streams.video[0]
            for packet in source.demux(stream):
                if packet.size and packet.pts is not None and packet.time_base is not None:
                    writer = writer or SegmentWriter(target, stream, written)
                    writer.add(packet, float(packet.pts * packet.time_base))
    except (av.FFmpegError, IndexError):  # the end is missing, or even the header
        pass
    return None if writer is None else writer.finish().path
