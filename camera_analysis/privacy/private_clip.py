"""One video file with people hidden, without a camera's settings around it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.video import probe
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.labelling.label_pass import PassConfig
from camera_analysis.labelling.motion import ImageRgb
from camera_analysis.labelling.plates import learn_view
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.private_frames import MASK_PX, PrivateFrame
from camera_analysis.privacy.private_video import (
    FileOutcome,
    HidingRules,
    Progress,
    write_private_video,
)
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from camera_analysis.privacy.scramble_file import SCRAMBLED_SUFFIX, people_beside
from camera_analysis.privacy.whole_files import written_whole

#: Camera and day of a file that belongs to none, where its people are encrypted.
NO_CAMERA, NO_DAY = "clip", "1970-01-01"
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


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
    backdrop_rgb: ImageRgb | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> ClipOutcome:
    """Hide people in one file; its encrypted people go beside it where the settings ask for them.

    Both appear when they are whole.

    Args:
        video: the file.
        target: ends in ``.mp4``; must not be the file itself.
        settings: how people are hidden.
        segmenter: says where people are; None hides what moves alone.
        key: 32 bytes, where the settings ask for people that can be shown again.
        backdrop_rgb: (h, w, 3) of any size, where the method replaces the background.
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
    read = ReadConfig(max_side_px=MASK_PX)
    info = probe(video, config=read)
    view = learn_view(file, info, None, read=read, motion=config.motion, limits=config.quality)
    if view is None:
        raise ValueError(f"{video.name}: no frame of it can be read")
    rules = HidingRules(
        settings=settings,
        segmenter=segmenter,
        motion=config.motion,
        limits=config.quality,
        backdrop_rgb=backdrop_rgb,
    )
    hidden: Counter[str] = Counter()
    key = key if settings.reversible else None
    targets = [target.with_suffix(SCRAMBLED_SUFFIX)] * (key is not None) + [target]

    def note(_: int, frame: PrivateFrame) -> None:
        hidden.update([frame.reason] if frame.reason else [])

    with written_whole(targets, replace=replace) as aside:
        draft = aside / target.name
        with people_beside(
            draft, key, camera=NO_CAMERA, day=NO_DAY, size_wh=view.native_wh
        ) as people:
            outcome = write_private_video(
                file, info, view, draft, rules, note, people=people, progress=progress
            )
    return ClipOutcome(file=outcome, hidden=hidden)
