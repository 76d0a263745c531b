"""One footage file as a video with people hidden: every frame, at its own time, or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from camera_analysis.footage.audio_copy import AudioCopy
from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.footage_samples import sample_footage
from camera_analysis.footage.sampled_frame import Fault, SampledFrame, VideoInfo
from camera_analysis.footage.timed_video import SourceClock, TimedVideoWriter, source_clock
from camera_analysis.footage.video import EVERY_FRAME_S
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.labelling.motion import ImageRgb, MotionConfig
from camera_analysis.labelling.plates import View
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.background_filters import filling
from camera_analysis.privacy.clean_plate import clean_plate
from camera_analysis.privacy.privacy_filters import FILTERS
from camera_analysis.privacy.private_frames import PeopleHider, PrivateFrame, TimedFrame
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from camera_analysis.privacy.scramble_file import ScrambleWriter

#: Called with each frame that was written: its number, and what was hidden of it.
OnFrame = Callable[[int, PrivateFrame], None]
#: Called with frames done and frames expected.
Progress = Callable[[int, int], None]
#: Frames between two calls of it.
_TOLD_EVERY = 25


@dataclass(frozen=True, kw_only=True)
class HidingRules:
    """How people of one camera are hidden.

    Attributes:
        settings: method and safety.
        segmenter: says where people are; None hides what moves alone.
        motion: thresholds of motion.
        limits: when a frame cannot be used.
        seed: of what filters draw at random; None leaves it to
            :class:`camera_analysis.privacy.private_frames.PeopleHider`.
        backdrop_rgb: (h, w, 3) uint8 of any size, put behind people by the filter that replaces
            the background.
    """

    settings: PrivateVideoSettings
    segmenter: Segmenter | None = None
    motion: MotionConfig = field(default_factory=MotionConfig)
    limits: QualityLimits = field(default_factory=QualityLimits)
    seed: int | None = None
    backdrop_rgb: ImageRgb | None = None


@dataclass(frozen=True, kw_only=True)
class FileOutcome:
    """What became of one footage file.

    Attributes:
        frames: written.
        seconds: from the first to the last of them.
        faults: stretches that could not be read.
        sound: whether there is any in the video.
    """

    frames: int
    seconds: float
    faults: tuple[Fault, ...]
    sound: bool


def write_private_video(
    file: FootageFile,
    info: VideoInfo,
    view: View,
    target: Path,
    rules: HidingRules,
    on_frame: OnFrame,
    *,
    people: ScrambleWriter | None = None,
    progress: Progress | None = None,
) -> FileOutcome:
    """Hide people in a file and write it as H.264, at the source's times.

    Memory does not grow with the file's length.

    Args:
        file: a video, or a run of images.
        info: its header.
        view: the file's, at the size that masks are found at.
        target: ends in ``.mp4``.
        rules: see there.
        on_frame: called in order.
        people: takes whom the video hides, and is bound to it at the end.
        progress: see :data:`Progress`.

    Raises:
        ValueError: sound is asked for, and cannot be copied.
    """
    fill = None
    if FILTERS[rules.settings.method].draws_place:
        fill = clean_plate(
            file,
            info,
            view,
            rules.segmenter,
            motion=rules.motion,
            safety=rules.settings.safety,
        )
    hider = PeopleHider(
        view,
        rules.segmenter,
        rules.settings,
        motion=rules.motion,
        limits=rules.limits,
        fill_rgb=fill,
        seed=rules.seed,
        backdrop_rgb=(
            None if rules.backdrop_rgb is None else filling(rules.backdrop_rgb, view.native_wh)
        ),
    )
    source = _Source(file, view.native_wh)
    clock = source_clock(file.path) if file.images is None else SourceClock()
    expected = round((info.duration_s or 0.0) * (info.frame_rate or 25))
    last_s = 0.0
    with ExitStack() as stack:
        audio = None
        if rules.settings.keep_audio and file.images is None:
            audio = stack.enter_context(AudioCopy(file.path, source.first_s()))
        writer = stack.enter_context(
            TimedVideoWriter(
                target,
                clock,
                crf=rules.settings.crf,
                audio=audio,
                keep_metadata=rules.settings.keep_metadata,
            )
        )
        for number, frame in enumerate(hider.hide(source.frames())):
            writer.add(frame.shown_rgb, frame.offset_s)
            on_frame(number, frame)
            if people is not None:
                people.add(number, frame.source_rgb, frame.mask_hw)
            if progress and number % _TOLD_EVERY == 0:
                progress(number, max(expected, number))
            last_s = frame.offset_s
    if people is not None:
        people.finish(target)
    return FileOutcome(
        frames=writer.frames,
        seconds=last_s,
        faults=tuple(source.faults),
        sound=audio is not None and audio.copied,
    )


class _Source:
    """Every frame of a file at full size; its faults are kept."""

    def __init__(self, file: FootageFile, native_wh: tuple[int, int]) -> None:
        self._file = file
        self._native_wh = native_wh
        self.faults: list[Fault] = []

    def first_s(self) -> float:
        """When the first frame is shown, in the file's own clock; 0 where there is none."""
        samples = sample_footage(self._file, 86_400.0, config=ReadConfig())
        return next((one.pts_s for one in samples if isinstance(one, SampledFrame)), 0.0)

    def frames(self) -> Iterator[TimedFrame]:
        other_sizes = 0
        for item in sample_footage(self._file, EVERY_FRAME_S, config=ReadConfig()):
            if isinstance(item, Fault):
                self.faults.append(item)
            elif item.native_wh != self._native_wh:
                other_sizes += 1
            else:
                yield TimedFrame(offset_s=item.offset_s, frame_rgb=item.frame_rgb)
        if other_sizes:
            detail = f"{other_sizes} frames of another size than {self._native_wh} are left out"
            self.faults.append(Fault(reason="resolution_changed", detail=detail))
