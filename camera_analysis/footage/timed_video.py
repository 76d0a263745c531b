"""H.264 that browsers play, each frame at its own time: a variable frame rate stays one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from camera_analysis.footage.audio_copy import AudioCopy
from camera_analysis.footage.video_file import ReadConfig, open_video
from camera_analysis.footage.video_write import EXACT, even

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

#: Seconds between key frames, by the mean rate: how far a player must decode when it jumps.
_KEY_FRAME_S = 2


@dataclass(frozen=True, kw_only=True)
class SourceClock:
    """In which steps a video counts time, and how many frames a second it has on average."""

    time_base: Fraction = Fraction(1, 90_000)
    frame_rate: Fraction = Fraction(25)
    metadata: Mapping[str, str] = field(default_factory=dict)


def source_clock(path: Path) -> SourceClock:
    """The clock of a video file, and what its header says beside.

    Raises:
        VideoError: it cannot be read.
    """
    container, stream = open_video(path, ReadConfig())
    with container:
        return SourceClock(
            time_base=Fraction(stream.time_base or SourceClock.time_base),
            frame_rate=Fraction(stream.average_rate or SourceClock.frame_rate),
            metadata=dict(container.metadata),
        )


class TimedVideoWriter:
    """Writes MP4: H.264 in yuv420p, its index first, nothing in it that was not asked for.

    One thread encodes, so that the same frames give the same bytes. A context manager; whoever
    leaves it by an exception leaves a file that must not be used.

    Args:
        path: ends in ``.mp4``.
        clock: of the source.
        crf: x264's constant rate factor.
        audio: of the source, to be copied; None writes a silent file.
        keep_metadata: copy what the source's header says.
    """

    def __init__(
        self,
        path: Path,
        clock: SourceClock,
        *,
        crf: int,
        audio: AudioCopy | None = None,
        keep_metadata: bool = False,
    ) -> None:
        self._path = path
        self._clock = clock
        self._crf = crf
        self._audio = audio
        self._keep_metadata = keep_metadata
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._shape: tuple[int, ...] = ()
        self._last_tick = -1
        self.frames = 0

    def __enter__(self) -> Self:
        import av

        # bitexact: no names of programs, no time of writing; faststart: played while it loads.
        options = {"fflags": "+bitexact", "movflags": "+faststart"}
        self._container = av.open(str(self._path), "w", format="mp4", container_options=options)
        if self._keep_metadata:
            self._container.metadata.update(self._clock.metadata)
        return self

    def add(self, frame_rgb: npt.NDArray[np.uint8], offset_s: float) -> None:
        """Write the next frame; an odd last row or column is repeated.

        Args:
            frame_rgb: (H, W, 3) uint8, all of one size.
            offset_s: since the first frame of the source; increasing.

        Raises:
            ValueError: another size, or a time that does not increase.
        """
        import av

        tick = round(offset_s / self._clock.time_base)
        if tick <= self._last_tick:
            raise ValueError(f"{self._path.name}: a frame at {offset_s} s comes after a later one")
        if self._stream is None:
            self._shape, self._stream = frame_rgb.shape, self._begin(frame_rgb)
        if frame_rgb.shape != self._shape:
            raise ValueError(f"{self._path.name}: a frame is {frame_rgb.shape}, not {self._shape}")
        picture = av.VideoFrame.from_ndarray(even(frame_rgb), format="rgb24")
        picture = picture.reformat(format="yuv420p", threads=1)
        picture.pts, picture.time_base = tick, self._clock.time_base
        self._mux(offset_s, self._stream.encode(picture))
        self._last_tick = tick
        self.frames += 1

    def _begin(self, frame_rgb: npt.NDArray[np.uint8]) -> VideoStream:
        container = self._open()
        rate = self._clock.frame_rate
        options = {"crf": str(self._crf), "preset": "veryfast", "threads": "1"}
        stream = container.add_stream(
            "libx264", rate=rate, options=options | {"x264-params": EXACT}
        )
        stream.height, stream.width = (side + side % 2 for side in frame_rgb.shape[:2])
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = self._clock.time_base
        stream.gop_size = max(1, round(_KEY_FRAME_S * rate))
        if self._audio is not None:
            self._audio.begin(container)
        return stream

    def _mux(self, until_s: float, packets: object) -> None:
        container = self._open()
        if self._audio is not None:
            for packet in self._audio.until(until_s):
                container.mux(packet)
        container.mux(packets)  # type: ignore[arg-type]

    def _open(self) -> OutputContainer:
        if self._container is None:
            raise ValueError(f"{self._path.name}: a writer is used outside of its 'with'")
        return self._container

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        container = self._open()
        if kind is None and self._stream is not None:
            self._mux(float("inf"), self._stream.encode(None))
        container.close()
