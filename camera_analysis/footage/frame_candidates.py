"""Usable frames of a camera's footage, a bounded number of them, with what is needed to choose."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from camera_analysis.camera import Camera
from camera_analysis.footage.day_footage import DayReader, DaySample
from camera_analysis.footage.footage_files import FootageFile, find_footage, local_day
from camera_analysis.footage.frame_choice import Looks
from camera_analysis.labelling.frame_quality import QualityLimits, QualityMeter
from camera_analysis.labelling.labels import FootageFault
from camera_analysis.labelling.motion import (
    BoolImage,
    FloatImage,
    ImageRgb,
    MotionConfig,
    difference_sigma,
    mover_mask,
)
from camera_analysis.labelling.plates import to_grey
from camera_analysis.labelling.registration import edges_of
from camera_analysis.labelling.segmenter import Segmenter

#: Files that are opened: each costs a background plate. One of every hour, if files are hours.
MAX_FILES = 24
#: Frames that are looked at; ten of each file.
MAX_CANDIDATES = 240
_LOOK_WH = (16, 12)
#: The segmenter calls a pixel human from here on.
_HUMAN_FROM = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A usable frame, kept small: its picture is encoded.

    Attributes:
        file: path relative to the camera's folder.
        pts_s: time stamp in the file's own clock.
        time_utc: instant.
        looks: what it is chosen by.
        picture: the frame, as a lossless PNG.
        human: PNG of what the segmenter sees, 255 human, else 0; all 0 without one.
    """

    file: str
    pts_s: float
    time_utc: datetime
    looks: Looks
    picture: bytes
    human: bytes


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """What a look through the footage found.

    Attributes:
        usable: in order of time.
        unusable: reason -> frames that were looked at and cannot be used.
    """

    usable: tuple[Candidate, ...]
    unusable: dict[str, int]


def find_candidates(
    camera: Camera,
    segmenter: Segmenter | None,
    *,
    first_day: str = "",
    last_day: str = "",
    progress: Callable[[int], None] | None = None,
) -> Candidates:
    """Look at frames spread over the footage; at most about ``MAX_CANDIDATES`` of them.

    At most ``MAX_FILES`` files are opened, evenly spread over the time of day. A frame is usable by
    the limits of the label pass: not dark, bright, covered, blurred, frozen or moved.

    Args:
        camera: whose footage.
        segmenter: whose doubt counts; None where there is none.
        first_day: "YYYY-MM-DD" in the camera's time zone; "" for the first there is.
        last_day: the same, inclusive.
        progress: called with the frames looked at so far.

    Raises:
        ValueError: no footage on those days.
    """
    files = [
        file
        for file in find_footage(camera).files
        if first_day <= local_day(camera, file.start_utc) <= (last_day or "9999")
    ]
    if not files:
        raise ValueError(f"camera {camera.id} has no footage on the days asked for")
    files = _spread_over_the_day(files, camera)
    by_day: dict[str, list[FootageFile]] = {}
    for file in files:
        by_day.setdefault(local_day(camera, file.start_utc), []).append(file)
    wanted = sum(_reader(camera, group).expected_samples for group in by_day.values())
    coarse = replace(camera, interval_s=camera.interval_s * max(1.0, wanted / MAX_CANDIDATES))
    usable: list[Candidate] = []
    unusable: Counter[str] = Counter()
    for _, group in sorted(by_day.items()):
        for candidate in _of_day(coarse, group, segmenter, unusable):
            usable.append(candidate)
            if progress:
                progress(len(usable))
    return Candidates(usable=tuple(usable), unusable=dict(sorted(unusable.items())))


def _spread_over_the_day(files: Sequence[FootageFile], camera: Camera) -> list[FootageFile]:
    """At most ``MAX_FILES``, in order of their start."""
    by_time = sorted(
        files,
        key=lambda file: (file.start_utc.astimezone(camera.zone).time(), file.start_utc),
    )
    places = np.linspace(0, len(by_time) - 1, min(MAX_FILES, len(by_time))).round().astype(int)
    return sorted((by_time[at] for at in places), key=lambda file: (file.start_utc, file.path))


def _reader(camera: Camera, files: Sequence[FootageFile]) -> DayReader:
    return DayReader(camera, files, motion=MotionConfig(), limits=_limits(camera))


def _limits(camera: Camera) -> QualityLimits:
    return camera.quality or QualityLimits()


def _of_day(
    camera: Camera,
    files: Sequence[FootageFile],
    segmenter: Segmenter | None,
    unusable: Counter[str],
) -> Iterator[Candidate]:
    limits = _limits(camera)
    meter = QualityMeter(limits)
    start = files[0].start_utc
    for sample in _reader(camera, files).read():
        if isinstance(sample, FootageFault):
            continue
        grey = to_grey(sample.frame_rgb)
        since_s = (sample.time_utc - start).total_seconds()
        quality = meter.measure(grey, edges_of(grey), since_s, sample.view.quality)
        reason = quality.reason(limits)
        if reason:
            unusable[reason] += 1
        else:
            yield _candidate(camera, sample, segmenter)


def _candidate(camera: Camera, sample: DaySample, segmenter: Segmenter | None) -> Candidate:
    frame = sample.frame_rgb
    human_hw = np.zeros(frame.shape[:2], np.float32)
    if segmenter is not None:
        human_hw = np.asarray(segmenter.probability(frame[None]), np.float32)[0]
    sigma_hw = difference_sigma(frame, sample.view.plate, MotionConfig())
    moved_hw = mover_mask(sigma_hw, MotionConfig())
    looks = Looks(
        time_local=sample.time_utc.astimezone(camera.zone),
        unsure_bits=mean_entropy_bits(human_hw) if segmenter is not None else 0.0,
        moved_share=float(moved_hw.mean()),
        look=_look(frame, moved_hw),
    )
    return Candidate(
        file=sample.file,
        pts_s=sample.pts_s,
        time_utc=sample.time_utc,
        looks=looks,
        picture=_png(frame),
        human=_png(np.where(human_hw >= _HUMAN_FROM, 255, 0).astype(np.uint8)),
    )


def mean_entropy_bits(probability_hw: FloatImage) -> float:
    """Mean over (H, W) probabilities of -p log2 p - (1 - p) log2 (1 - p), in [0, 1]."""
    tiny = 1e-6
    p = np.clip(probability_hw, tiny, 1 - tiny)
    return float(np.mean(-p * np.log2(p) - (1 - p) * np.log2(1 - p)))


def _look(frame_rgb: ImageRgb, moved_hw: BoolImage) -> npt.NDArray[np.float32]:
    """Brightness and share of movers in each cell of a coarse grid, each in [0, 1]."""
    light = cv2.resize(to_grey(frame_rgb), _LOOK_WH, interpolation=cv2.INTER_AREA) / 255.0
    moved = cv2.resize(moved_hw.astype(np.float32), _LOOK_WH, interpolation=cv2.INTER_AREA)
    return np.concatenate([light.ravel(), moved.ravel()]).astype(np.float32)


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, format="PNG", compress_level=1)
    return out.getvalue()
