"""Frames of a footage file with people hidden, one after the other; none without a mask.

Shared by the stored private video and by whoever shows a camera live: one rule says what is hidden.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from camera_analysis.labelling.frame_quality import QualityLimits, QualityMeter
from camera_analysis.labelling.motion import BoolImage, ImageRgb, MotionConfig
from camera_analysis.labelling.plates import View, to_grey
from camera_analysis.labelling.registration import edges_of
from camera_analysis.labelling.segmenter import Segmenter, human_probability
from camera_analysis.privacy.clean_plate import without_people
from camera_analysis.privacy.mask_safety import HeldMasks, enlarged, safe_mask
from camera_analysis.privacy.mask_tracks import MaskTracks
from camera_analysis.privacy.privacy_cover import MASK_RGB
from camera_analysis.privacy.privacy_filters import FILTERS, apply_filter
from camera_analysis.privacy.privacy_frame import FilterInput, IntImage
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings

#: Longer side at which masks are found, where no camera says another; pictures keep their size.
MASK_PX = 640
#: Of a seed that nobody is to guess.
_SEED_BITS = 128
#: Faults of a frame by which its mask cannot be trusted; who is blurred or stands still is hidden.
_DISTRUSTED = frozenset({"dark", "bright", "covered", "corrupt", "moved"})


@dataclass(frozen=True, kw_only=True)
class TimedFrame:
    """A frame of the source: (H, W, 3) uint8, and its seconds since the first one."""

    offset_s: float
    frame_rgb: ImageRgb


@dataclass(frozen=True, kw_only=True)
class PrivateFrame:
    """A frame that may be shown.

    Attributes:
        offset_s: since the first frame of the source.
        shown_rgb: (H, W, 3) uint8, people hidden, or all of it.
        source_rgb: (H, W, 3) uint8 as it was filmed.
        mask_hw: (H, W) what was hidden.
        reason: why the whole frame is hidden; "" where it is not.
        doubtful_share: see :class:`camera_analysis.privacy.mask_safety.SafeMask`.
    """

    offset_s: float
    shown_rgb: ImageRgb
    source_rgb: ImageRgb
    mask_hw: BoolImage
    reason: str
    doubtful_share: float


@dataclass(frozen=True, kw_only=True)
class _Judged:
    frame: TimedFrame
    reason: str
    doubtful_share: float


class PeopleHider:
    """Hides people in the frames of one view, in order of time.

    Args:
        view: what the camera shows when nothing moves, at the size that masks are found at.
        segmenter: says where people are; None hides what moves alone.
        settings: how they are hidden.
        motion: thresholds of motion.
        limits: when a frame cannot be used.
        fill_rgb: (H, W, 3) the empty place at the frames' size; None enlarges the view's plate.
            Whom the network finds in it is not drawn.
        seed: of what filters draw at random. None draws one from the system for a filter that puts
            a person's own pixels where the seed says, since who knows it puts them back; it is
            written nowhere. For others it is 0, so that equal footage gives equal pictures.
        backdrop_rgb: (H, W, 3) at the frames' size, put behind people by the filter that replaces
            the background.

    Raises:
        ValueError: people alone are to be hidden, and nothing says where they are.
    """

    def __init__(
        self,
        view: View,
        segmenter: Segmenter | None,
        settings: PrivateVideoSettings,
        *,
        motion: MotionConfig,
        limits: QualityLimits,
        fill_rgb: ImageRgb | None = None,
        seed: int | None = None,
        backdrop_rgb: ImageRgb | None = None,
    ) -> None:
        if settings.hide == "people" and segmenter is None:
            raise ValueError(
                "privacy.video.hide is 'people', and there is no model to find them: promote one "
                "(learned-normal train), or hide 'movers'"
            )
        self._view = view
        self._segmenter = segmenter
        self._settings = settings
        self._motion = motion
        self._limits = limits
        self._fill_rgb = fill_rgb
        self._backdrop_rgb = backdrop_rgb
        self._empty_rgb: ImageRgb | None = None
        self._meter = QualityMeter(limits)
        self._looked_s = -float("inf")
        self._fault = ""
        method = FILTERS[settings.method]
        drawn = secrets.randbits(_SEED_BITS) if method.seeded else 0
        self._seed = drawn if seed is None else seed
        self._tracks = MaskTracks() if method.by_track else None
        self._draws_place = method.draws_place

    def hide(self, frames: Iterable[TimedFrame]) -> Iterator[PrivateFrame]:
        """The frames with people hidden; each comes out one ``hold_s`` after it went in."""
        held: HeldMasks[_Judged] = HeldMasks(self._settings.hold_s)
        for frame in frames:
            judged, mask_hw = self._judge(frame)
            for item, union in held.add(frame.offset_s, judged, mask_hw):
                yield self._hidden(item, union)
        for item, union in held.finish():
            yield self._hidden(item, union)

    def _judge(self, frame: TimedFrame) -> tuple[_Judged, BoolImage]:
        height, width = self._view.grey.shape
        small = cv2.resize(frame.frame_rgb, (width, height), interpolation=cv2.INTER_AREA)
        small = np.asarray(small, np.uint8)
        due = frame.offset_s - self._looked_s >= self._settings.network_interval_s - 1e-6
        found = safe_mask(
            small,
            self._view.plate,
            human_probability(self._segmenter, small) if due else None,
            motion=self._motion,
            safety=self._settings.safety,
            movers=self._settings.hide == "movers",
        )
        if due:  # what is found now holds until the next look, a doubt of the network too
            self._looked_s = frame.offset_s
            self._fault = self._fault_of(small, frame.offset_s)
            if self._segmenter is not None:
                self._fault = self._fault or found.distrust
        reason = self._fault or found.distrust
        judged = _Judged(frame=frame, reason=reason, doubtful_share=found.doubtful_share)
        return judged, found.mask_hw

    def _fault_of(self, small_rgb: ImageRgb, offset_s: float) -> str:
        grey = to_grey(small_rgb)
        quality = self._meter.measure(grey, edges_of(grey), offset_s, self._view.quality)
        faults = quality.reasons(self._limits)
        return next((reason for reason in faults if reason in _DISTRUSTED), "")

    def _hidden(self, judged: _Judged, union: BoolImage | None) -> PrivateFrame:
        source = judged.frame.frame_rgb
        reason = judged.reason if union is not None else "no_mask"
        if reason or union is None:
            mask = np.ones(source.shape[:2], bool)
            shown = np.full_like(source, MASK_RGB)
        else:
            mask = enlarged(union, source.shape[1::-1])
            tracks = self._tracks_of(judged.frame.offset_s, union, source.shape[1::-1])
            shown = apply_filter(self._settings.method, self._filter_input(source, mask, tracks))
        return PrivateFrame(
            offset_s=judged.frame.offset_s,
            shown_rgb=shown,
            source_rgb=source,
            mask_hw=mask,
            reason=reason,
            doubtful_share=judged.doubtful_share,
        )

    def _tracks_of(
        self, offset_s: float, union: BoolImage, size_wh: tuple[int, ...]
    ) -> IntImage | None:
        if self._tracks is None:
            return None
        tracks = self._tracks.update(offset_s, union)
        return np.asarray(
            cv2.resize(tracks, size_wh[:2], interpolation=cv2.INTER_NEAREST), np.int32
        )

    def _filter_input(
        self, frame_rgb: ImageRgb, mask_hw: BoolImage, tracks_hw: IntImage | None
    ) -> FilterInput:
        return FilterInput(
            frame_rgb=frame_rgb,
            mask_hw=mask_hw,
            plate_rgb=self._empty_place(frame_rgb.shape[1::-1]) if self._draws_place else None,
            tracks_hw=tracks_hw,
            backdrop_rgb=self._backdrop_rgb,
            strength=self._settings.strength,
            seed=self._seed,
        )

    def _empty_place(self, size_wh: tuple[int, ...]) -> ImageRgb:
        """(H, W, 3) what is drawn where people were; found once."""
        if self._empty_rgb is None:
            fill = self._fill_rgb
            if fill is None:
                fill = np.asarray(cv2.resize(self._view.plate.rgb, size_wh[:2]), np.uint8)
            height, width = self._view.grey.shape
            self._empty_rgb = without_people(
                fill, (width, height), self._segmenter, self._settings.safety
            )
        return self._empty_rgb
