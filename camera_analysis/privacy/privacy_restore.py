"""A private video with its people shown again, for who has the key: lossless where people are."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.timed_video import source_clock
from camera_analysis.footage.video import EVERY_FRAME_S, read_samples
from camera_analysis.labelling.motion import ImageRgb
from camera_analysis.privacy.scramble_file import People, ScrambleReader
from camera_analysis.privacy.whole_files import written_whole


def restore_video(
    private_video: Path, people_file: Path, key: bytes, target: Path, *, replace: bool = False
) -> int:
    """Write the private video with the people in it, at its times, without any further loss.

    The place around people is that of the private video, which is compressed; people are pixel by
    pixel those that were filmed. FFV1 in Matroska keeps both; VLC and mpv play it.

    Args:
        private_video: as it was written.
        people_file: the encrypted people beside it.
        key: the user's, 32 bytes.
        target: ends in ``.mkv``; appears when it is whole, so not where anything is refused.
        replace: replace a file that exists.

    Returns:
        Frames in which people are shown again.

    Raises:
        ScrambleError: another key, or anything was changed, cut or swapped.
        ValueError: the target is no ``.mkv``, or exists.
    """
    import av

    if target.suffix != ".mkv":
        raise ValueError(f"{target.name}: the people are kept exactly; name a .mkv file")
    reader = ScrambleReader(people_file, key, private_video)
    clock = source_clock(private_video)
    size = (reader.name.height, reader.name.width)
    shown = 0
    with (
        written_whole([target], replace=replace) as aside,
        av.open(
            str(aside / target.name), "w", container_options={"fflags": "+bitexact"}
        ) as container,
    ):
        stream = container.add_stream("ffv1", rate=clock.frame_rate, options={"threads": "1"})
        stream.height, stream.width = size
        stream.pix_fmt = "bgr0"  # no chroma is averaged
        stream.codec_context.time_base = _MILLISECOND
        for offset_s, frame_rgb, changed in _with_people(private_video, reader, size):
            picture = av.VideoFrame.from_ndarray(frame_rgb, format="rgb24")
            picture = picture.reformat(format="bgr0", threads=1)
            picture.pts, picture.time_base = round(offset_s / _MILLISECOND), _MILLISECOND
            container.mux(stream.encode(picture))
            shown += changed
        container.mux(stream.encode(None))
    return shown


#: Matroska counts in milliseconds.
_MILLISECOND = Fraction(1, 1000)


def _with_people(
    private_video: Path, reader: ScrambleReader, size: tuple[int, int]
) -> Iterator[tuple[float, ImageRgb, bool]]:
    """Time of each frame, the frame with its people, and whether it has any."""
    found = reader.people()
    waiting: People | None = next(found, None)
    samples = (one for one in read_samples(private_video, EVERY_FRAME_S))
    frames = (one for one in samples if isinstance(one, SampledFrame))
    for number, frame in enumerate(frames):
        picture = np.ascontiguousarray(frame.frame_rgb[: size[0], : size[1]])
        shown = waiting is not None and waiting.number == number
        if waiting is not None and shown:
            picture[waiting.mask_hw] = waiting.pixels_rgb
            waiting = next(found, None)
        yield frame.offset_s, picture, shown
