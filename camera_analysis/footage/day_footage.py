"""All sampled frames of a camera-day in one order of time, whatever its files are like."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from camera_analysis.camera import Camera
from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.footage_samples import probe_footage, sample_footage
from camera_analysis.footage.frame_pairs import LaterFrame
from camera_analysis.footage.left_out import OVERLAP, RESOLUTION_CHANGED, LeftOut
from camera_analysis.footage.sampled_frame import Fault, SampledFrame, Timing, VideoInfo
from camera_analysis.footage.video_file import ReadConfig, VideoError, packet_span_s
from camera_analysis.labelling.frame_quality import (
    MovedTo,
    QualityLimits,
    is_blurred,
    is_moved,
)
from camera_analysis.labelling.labels import FootageFault
from camera_analysis.labelling.motion import ImageRgb, MotionConfig
from camera_analysis.labelling.plate_memory import Remembered, remember
from camera_analysis.labelling.plates import View, learn_view, shows_the_scene, view_of
from camera_analysis.labelling.registration import measure_shift

#: A fault: a file shows another view than the day's first one.
CAMERA_MOVED = "camera_moved"
#: A file that claims to run for longer has a broken clock.
_LONGEST_FILE_S = 7 * 86_400.0

#: Duration assumed for progress where a header states none.
_ASSUMED_FILE_S = 3_600.0


@dataclass(frozen=True, kw_only=True)
class DaySample:
    """A sampled frame with its place in time.

    Attributes:
        file: path relative to the camera's folder, of a video or an image.
        time_utc: instant; strictly increasing over the day.
        pts_s: time stamp in the file's own clock.
        frame_rgb: (H, W, 3) uint8; one size over the day.
        view: what the camera shows here when nothing moves.
        timing: how far the time can be trusted.
        later: the frame beside it; None where there is none.
        between: read for motion between two samples; no sample itself.
    """

    file: str
    time_utc: datetime
    pts_s: float
    frame_rgb: ImageRgb
    view: View
    timing: Timing
    later: LaterFrame | None = None
    between: bool = False


class DayReader:
    """Reads the files of one camera-day, in order.

    Args:
        camera: whose footage it is.
        files: those of the day, ascending by start.
        motion: how plates are learned.
        limits: when a view counts as moved.
        pairs: each sample comes with the frame shortly after it.
        between_s: frames so far apart are read between the samples, too; None for none.
        before: the last file of the days before, which may run on into this one.
    """

    def __init__(
        self,
        camera: Camera,
        files: Sequence[FootageFile],
        *,
        motion: MotionConfig,
        limits: QualityLimits,
        pairs: bool = False,
        between_s: float | None = None,
        before: FootageFile | None = None,
    ) -> None:
        self._camera = camera
        self._files = files
        self._motion = motion
        self._limits = limits
        self._read = ReadConfig(max_side_px=camera.max_side_px, sampling=camera.sampling)
        self._pairs = pairs
        self._between_s = between_s
        self._infos = {file.path: _probe(file, self._read) for file in files}
        self._reference: View | None = None
        self._reference_file = ""
        self._memory: Remembered | None = None
        self._memory_start = datetime.min
        self._last_time: datetime | None = None
        self._last_between: datetime | None = None
        self._last_file = ""
        if before is not None:
            self._start_after(before)

    @property
    def view(self) -> View | None:
        """The view of the first readable file; None before it was read."""
        return self._reference

    @property
    def end_utc(self) -> datetime:
        """When the last file ends, as far as headers say."""
        ends = [file.start_utc + timedelta(seconds=self._seconds(file)) for file in self._files]
        return max(ends)

    @property
    def expected_samples(self) -> int:
        """Samples of all files, as far as headers say."""
        seconds = sum(self._seconds(file) for file in self._files)
        return math.ceil(seconds / self._camera.interval_s)

    def read(self) -> Iterator[DaySample | FootageFault]:
        """Samples in strictly increasing time; faults of a file after its samples."""
        for file in self._files:
            name = file.path.relative_to(self._camera.folder).as_posix()
            info = self._infos[file.path]
            if isinstance(info, VideoError):
                yield FootageFault(
                    file=name, reason=info.reason, detail=info.detail, start_utc=file.start_utc
                )
                continue
            yield from self._read_file(file, name, info)

    def _read_file(
        self, file: FootageFile, name: str, info: VideoInfo
    ) -> Iterator[DaySample | FootageFault]:
        view, moved = self._view_of(file, name, info)
        left_out = LeftOut(name, self._last_file)
        read = replace(self._read, pairs=self._pairs, between_s=self._between_s)
        for item in sample_footage(file, self._camera.interval_s, config=read):
            if isinstance(item, Fault):
                yield _in_utc(item, file, name)
                continue
            if item.offset_s > _LONGEST_FILE_S:
                yield FootageFault(
                    file=name,
                    reason="time_jump",
                    detail=f"time stamps jump to {item.offset_s:.0f} s; the rest is left out",
                    start_utc=self._last_time,
                )
                break
            time_utc = file.start_utc + timedelta(seconds=item.offset_s)
            reason = self._left_out(item, time_utc)
            if reason or view is None:
                if not item.between:
                    left_out.add(reason or RESOLUTION_CHANGED, time_utc, item.native_wh)
                continue
            if item.between:
                self._last_between = time_utc
            else:
                self._last_time, self._last_file = time_utc, name
            yield DaySample(
                file=_path_of(name, item),
                time_utc=time_utc,
                pts_s=item.pts_s,
                frame_rgb=item.frame_rgb,
                view=view,
                timing=item.timing,
                later=item.later,
                between=item.between,
            )
        yield from moved
        native_wh = self._reference.native_wh if self._reference else (0, 0)
        yield from left_out.faults(self._reference_file, native_wh)

    def _view_of(
        self, file: FootageFile, name: str, info: VideoInfo
    ) -> tuple[View | None, list[FootageFault]]:
        """The view to compare the file's frames with, and the fault if the camera was moved.

        A view that is displaced against the day's first one is not followed: its pixels no longer
        mean the same places, and its frames will be found to have moved. Nor is one that is blurred
        beside it: measured against themselves, the frames of a file out of focus would be sharp.
        One that shows nothing, as of a dark hour, is neither followed nor remembered.
        """
        native_wh = self._reference.native_wh if self._reference else None
        view = learn_view(
            file, info, native_wh, read=self._read, motion=self._motion, limits=self._limits
        )
        if view is None:
            return None, []
        if not shows_the_scene(view, self._limits):
            if self._reference is None:  # of its frames none is used
                self._reference, self._reference_file = view, name
            return self._reference, []
        if self._reference is None or self._memory is None:
            self._reference, self._reference_file = self._recalled(view, file), name
            return self._reference, []
        shift = measure_shift(self._reference.quality.edges, view.quality.edges)
        if not is_moved(shift, view.grey.shape[1], self._limits):
            blurred = is_blurred(view.quality, self._reference.quality, self._limits)
            return (self._reference if blurred else self._recalled(view, file)), []
        detail = (
            f"the view differs from that of {self._reference_file}: shift {shift.shift_px:.1f} px, "
            f"rotation {shift.rotation_deg:.1f} degrees, agreement {shift.match:.2f}; frames that "
            "show the new view are not used"
        )
        fault = FootageFault(
            file=name, reason=CAMERA_MOVED, detail=detail, start_utc=file.start_utc
        )
        moved_to = MovedTo(view.quality.edges, shift)
        quality = replace(self._reference.quality, moved_to=moved_to)
        return replace(self._reference, quality=quality), [fault]

    def _recalled(self, view: View, file: FootageFile) -> View:
        """The view of a file, with what the day's earlier files know of its background."""
        since_s = (file.start_utc - self._memory_start).total_seconds() if self._memory else 0.0
        self._memory = remember(view.plate, self._memory, since_s, self._motion)
        self._memory_start = file.start_utc
        if self._memory.plate is view.plate:
            return view
        return view_of(self._memory.plate, view.native_wh)

    def _start_after(self, before: FootageFile) -> None:
        """Leave out what an earlier file covers: packets that are there, whatever its header says.

        Those of a run of images are its images.
        """
        self._infos[before.path] = _probe(before, self._read)
        start_utc, seconds = before.start_utc, self._seconds(before)
        if not self._files or start_utc + timedelta(seconds=seconds) <= self._files[0].start_utc:
            return
        if before.images is None:
            seconds = packet_span_s(before.path, _LONGEST_FILE_S)
        else:
            seconds = float(before.images.ticks[-1] * before.images.tick_s)
        self._last_time = start_utc + timedelta(seconds=seconds)
        self._last_file = before.path.relative_to(self._camera.folder).as_posix()

    def _left_out(self, item: SampledFrame, time_utc: datetime) -> str:
        if self._reference is not None and item.native_wh != self._reference.native_wh:
            return RESOLUTION_CHANGED
        lasts = [self._last_time, self._last_between if item.between else None]
        return OVERLAP if any(last is not None and time_utc <= last for last in lasts) else ""

    def _seconds(self, file: FootageFile) -> float:
        info = self._infos[file.path]
        if isinstance(info, VideoError):
            return 0.0
        return min(info.duration_s or _ASSUMED_FILE_S, _LONGEST_FILE_S)


def _probe(file: FootageFile, read: ReadConfig) -> VideoInfo | VideoError:
    try:
        return probe_footage(file, config=read)
    except VideoError as error:
        return error


def _path_of(name: str, item: SampledFrame) -> str:
    """Path of the file that a sample comes from; of images, each has its own."""
    return (PurePosixPath(name).parent / item.image).as_posix() if item.image else name


def _in_utc(fault: Fault, file: FootageFile, name: str) -> FootageFault:
    def instant(second: float | None) -> datetime | None:
        known = second is not None and abs(second) <= _LONGEST_FILE_S
        return file.start_utc + timedelta(seconds=second or 0.0) if known else None

    return FootageFault(
        file=name,
        reason=fault.reason,
        detail=fault.detail,
        start_utc=instant(fault.start_s),
        end_utc=instant(fault.end_s),
    )
