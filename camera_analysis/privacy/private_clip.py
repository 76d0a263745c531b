"""One video file with people hidden, without a camera's settings around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.video import probe
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.labelling.label_pass import PassConfig
from camera_analysis.labelling.plates import View, learn_view
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.private_day import SCRAMBLED_SUFFIX
from camera_analysis.privacy.private_frames import PrivateFrame
from camera_analysis.privacy.private_video import FileOutcome, HidingRules, write_private_video
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from camera_analysis.privacy.scramble import VideoName
from camera_analysis.privacy.scramble_file import ScrambleWriter
from camera_analysis.privacy.whole_files import written_whole

#: Camera and day of a file that belongs to none, where its people are encrypted.
NO_CAMERA, NO_DAY = "clip", "1970-01-01"
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
#: Masks are found at this size; the video keeps its own.
_MASK_PX = 640


@dataclass(frozen=True, kw_only=True)
class ClipOutcome:
    """What was written, and how many frames are hidden as a whole, by reason."""

    file: FileOutcome
    hidden: Counter[str]


def write_private_clip(
    video: Path,
    target: Path,
    settings: PrivateVideoSettings,
    segmenter: Segmenter | None,
    *,
    key: bytes | None = None,
    replace: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ClipOutcome:
    """Hide people in one file; its encrypted people go beside it where the settings ask for them.

    Both appear when they are whole.

    Args:
        video: the file.
        target: ends in ``.mp4``; must not be the file itself.
        settings: how people are hidden.
        segmenter: says where people are; None hides what moves alone.
        key: 32 bytes, where the settings ask for people that can be shown again.
        replace: replace files that exist.
        progress: called with frames done and frames expected.

    Raises:
        VideoError: the file as a whole cannot be read.
        ValueError: it has no readable frame, or the target is no other ``.mp4``, or exists.
    """
    if target.suffix != ".mp4" or target.resolve() == video.resolve():
        raise ValueError(f"{target}: name another file that ends in .mp4")
    if settings.reversible and key is None:
        raise ValueError("people are to be shown again by a key, and there is none")
    config = PassConfig()
    file = FootageFile(path=video, start_utc=_NO_TIME)
    read = ReadConfig(max_side_px=_MASK_PX)
    info = probe(video, config=read)
    view = learn_view(file, info, None, read=read, motion=config.motion, limits=config.quality)
    if view is None:
        raise ValueError(f"{video.name}: no frame of it can be read")
    rules = HidingRules(
        settings=settings, segmenter=segmenter, motion=config.motion, limits=config.quality
    )
    expected = round((info.duration_s or 0.0) * (info.frame_rate or 25))
    hidden: Counter[str] = Counter()
    key = key if settings.reversible else None
    targets = [target.with_suffix(SCRAMBLED_SUFFIX)] * (key is not None) + [target]
    with (
        written_whole(targets, replace=replace) as aside,
        _people_writer(aside / target.name, view, key) as people,
    ):

        def note(number: int, frame: PrivateFrame) -> None:
            hidden.update([frame.reason] if frame.reason else [])
            if people is not None:
                people.add(number, frame.source_rgb, frame.mask_hw)
            if progress and number % 25 == 0:
                progress(number, max(expected, number))

        outcome = write_private_video(file, info, view, aside / target.name, rules, note)
        if people is not None:
            people.finish(aside / target.name)
    return ClipOutcome(file=outcome, hidden=hidden)


def _people_writer(
    target: Path, view: View, key: bytes | None
) -> AbstractContextManager[ScrambleWriter | None]:
    if key is None:
        return nullcontext()
    width, height = view.native_wh
    name = VideoName(camera=NO_CAMERA, day=NO_DAY, video=target.name, height=height, width=width)
    return ScrambleWriter(target.with_suffix(SCRAMBLED_SUFFIX), key, name)
