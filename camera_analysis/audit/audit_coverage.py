"""How much of people our own masks leave uncovered, on sequences whose truth is known.

The masks are those of a private video
(:class:`camera_analysis.privacy.private_frames.PeopleHider`), over all frames in order. Frames that
are hidden as a whole leave nothing uncovered, and are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from camera_analysis.audit.audit_frames import PEOPLE_CODE
from camera_analysis.benchmark.layouts.change_detection import ChangeSequence
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.labelling.motion import BoolImage, ImageRgb, MotionConfig, Plate, learn_plate
from camera_analysis.labelling.plates import PLATE_SAMPLES, view_of
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.mask_safety import (
    HeldMasks,
    SafetyConfig,
    estimated_in_view,
    safe_mask,
    uncovered_shares,
)
from camera_analysis.privacy.private_frames import PeopleHider, TimedFrame
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings

#: A frame is bad where more than this share of its people's pixels is in view.
BAD_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What was left uncovered in one sequence.

    Attributes:
        frames: with people in them.
        hidden_frames: of these, hidden as a whole.
        person_px: pixels of people in all of them.
        uncovered_px: of these, in view.
        bad_frames: with more than a twentieth of the people's pixels in view.
        estimate: what a private video says of itself, without truth, over shown frames: see
            :func:`camera_analysis.privacy.mask_safety.estimated_in_view`.
    """

    frames: int
    hidden_frames: int
    person_px: int
    uncovered_px: int
    bad_frames: int
    estimate: float

    @property
    def uncovered_share(self) -> float:
        """Of people's pixels, in [0, 1]."""
        return self.uncovered_px / max(self.person_px, 1)


def coverage_of(
    sequence: ChangeSequence,
    segmenter: Segmenter | None,
    settings: PrivateVideoSettings,
    *,
    fps: float = 25.0,
) -> Coverage:
    """Hide people in a sequence and compare with its truth.

    Args:
        sequence: its truth marks people.
        segmenter: says where people are; None hides what moves alone.
        settings: margin, hold and so on.
        fps: at which it was filmed.
    """
    frames = [frame for frame, _ in sequence.read()]
    plate = _plate_of(frames)
    size_wh = (frames[0].shape[1], frames[0].shape[0])
    hider = PeopleHider(
        view_of(plate, size_wh),
        segmenter,
        settings,
        motion=MotionConfig(),
        limits=QualityLimits(),
    )
    hidden = bad = with_people = person_px = uncovered_px = 0
    shares: list[tuple[float, float]] = []  # hidden and doubtful, of each frame that is shown
    truths = (codes for _, codes in sequence.read())
    for private, codes in zip(hider.hide(_timed(frames, fps)), truths, strict=True):
        if not private.reason:
            shares.append((float(private.mask_hw.mean()), private.doubtful_share))
        people = codes == PEOPLE_CODE if codes is not None else np.zeros(size_wh[::-1], bool)
        there = int(people.sum())
        if not there:
            continue
        left = int((people & ~private.mask_hw).sum())
        with_people, person_px, uncovered_px = (
            with_people + 1,
            person_px + there,
            uncovered_px + left,
        )
        hidden += bool(private.reason)
        bad += left > BAD_SHARE * there
    shown = np.asarray(shares, np.float32).reshape(-1, 2)
    return Coverage(
        frames=with_people,
        hidden_frames=hidden,
        person_px=person_px,
        uncovered_px=uncovered_px,
        bad_frames=bad,
        estimate=estimated_in_view(shown[:, 0], shown[:, 1]),
    )


@dataclass(frozen=True, kw_only=True)
class MarginCoverage:
    """What masks of what moves leave uncovered, by how far they are widened.

    Attributes:
        margins: shares of the height.
        uncovered_shares: (M,) of the people's pixels, mean of the frames, in [0, 1].
        bad_frames: (M,) with more than a twentieth of the people's pixels in view.
        frames: with people in them.
    """

    margins: tuple[float, ...]
    uncovered_shares: tuple[float, ...]
    bad_frames: tuple[int, ...]
    frames: int


def coverage_by_margin(
    sequence: ChangeSequence,
    margins: tuple[float, ...],
    *,
    hold_s: float,
    fps: float = 25.0,
) -> MarginCoverage:
    """The margin's part in :func:`coverage_of`, all margins in one pass; no frame is distrusted.

    Args:
        sequence: its truth marks people.
        margins: shares of the height.
        hold_s: how long a mask holds before and after.
        fps: at which it was filmed.
    """
    pairs = list(sequence.read())
    plate = _plate_of([frame for frame, _ in pairs])
    motion, safety = MotionConfig(), SafetyConfig(margin_share=0)
    held: HeldMasks[BoolImage] = HeldMasks(hold_s)
    released: list[tuple[BoolImage, BoolImage | None]] = []
    for number, (frame, codes) in enumerate(pairs):
        people = codes == PEOPLE_CODE if codes is not None else np.zeros(frame.shape[:2], bool)
        found = safe_mask(frame, plate, None, motion=motion, safety=safety)
        released += held.add(number / fps, people, found.mask_hw)
    released += held.finish()
    shares = [
        uncovered_shares(mask, people, np.array(margins, np.float32) * people.shape[0])
        for people, mask in released
        if mask is not None and people.any()
    ]
    left = np.asarray(shares, np.float32).reshape(-1, len(margins))
    return MarginCoverage(
        margins=margins,
        uncovered_shares=tuple(left.mean(axis=0).tolist()) if len(left) else (0.0,) * len(margins),
        bad_frames=tuple((left > BAD_SHARE).sum(axis=0).tolist()),
        frames=len(left),
    )


def _plate_of(frames: list[ImageRgb]) -> Plate:
    spread = np.linspace(0, len(frames) - 1, min(PLATE_SAMPLES, len(frames))).round().astype(int)
    return learn_plate([frames[place] for place in spread], MotionConfig())


def _timed(frames: list[ImageRgb], fps: float) -> Iterator[TimedFrame]:
    for number, frame in enumerate(frames):
        yield TimedFrame(offset_s=number / fps, frame_rgb=frame)
