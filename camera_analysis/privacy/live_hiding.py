"""Arriving frames become pictures that may be shown: people hidden, or all of it.

What is shown of a frame is made by :class:`camera_analysis.privacy.private_frames.PeopleHider`
alone. While the empty view is being learned there is a grey picture instead.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import chain, takewhile

import cv2
import numpy as np

from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.labelling.motion import ImageRgb, MotionConfig, learn_plate
from camera_analysis.labelling.plates import PLATE_SAMPLES, Spread, View, view_of
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.lenses.lens import same_shape
from camera_analysis.privacy.live_sources import ArrivedFrame
from camera_analysis.privacy.privacy_cover import MASK_RGB
from camera_analysis.privacy.private_frames import MASK_PX, PeopleHider, TimedFrame
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings

#: Why all is hidden while the empty view is not known.
LEARNING = "learning"


@dataclass(frozen=True, kw_only=True)
class LiveConfig:
    """How a live view is made.

    Attributes:
        settings: how people are hidden.
        learn_s: for how long the empty view is learned where it is not known; all is hidden then.
        doubt_s: after so long without a trusted frame the empty view is learned anew.
        motion: thresholds of motion.
        limits: when a frame cannot be used.
    """

    settings: PrivateVideoSettings = field(default_factory=PrivateVideoSettings)
    learn_s: float = 30.0  # who does not move for so long, and is missed by the network, is shown
    doubt_s: float = 10.0  # a lorry before the lens is gone by then; a turned camera is not
    motion: MotionConfig = field(default_factory=MotionConfig)
    limits: QualityLimits = field(default_factory=QualityLimits)

    def __post_init__(self) -> None:
        if not 0 < self.learn_s <= 3600 or not 0 < self.doubt_s <= 3600:
            raise ValueError(
                f"learn_s is {self.learn_s} and doubt_s {self.doubt_s}; expected 0 < s <= 3600"
            )


@dataclass(frozen=True, kw_only=True)
class EmptyPlace:
    """What a camera shows when nobody is there.

    Attributes:
        view: at the size that masks are found at.
        fill_rgb: (H, W, 3) uint8, what is drawn where people were; of any size.
    """

    view: View
    fill_rgb: ImageRgb


@dataclass(frozen=True, kw_only=True)
class ShownFrame:
    """What may be shown of a frame.

    Attributes:
        shown_rgb: (H, W, 3) uint8.
        hidden: why all of it is hidden; "" where people alone are.
        arrived_s: when the frame came.
    """

    shown_rgb: ImageRgb
    hidden: str
    arrived_s: float


def hide_arriving(
    frames: Iterator[ArrivedFrame],
    segmenter: Segmenter | None,
    config: LiveConfig,
    empty: EmptyPlace | None = None,
) -> Iterator[ShownFrame]:
    """Hide people in frames as they come, in order.

    Args:
        frames: of one camera; another size, or a view that is not recognised for long, is learned
            anew.
        segmenter: says where people are; None hides what moves alone.
        config: see there.
        empty: the empty place, where it is known; None learns it from the first frames.
    """
    while True:
        if empty is None:
            empty = yield from _learn(frames, config)
        if empty is None:
            return
        ended = yield from _follow(frames, segmenter, config, empty)
        if ended:
            return
        empty = None


def _learn(
    frames: Iterator[ArrivedFrame], config: LiveConfig
) -> Generator[ShownFrame, None, EmptyPlace | None]:
    """Learn the empty place behind a grey picture; None where the frames end."""
    samples: Spread[ImageRgb] = Spread(PLATE_SAMPLES)
    size_wh, started_s = (0, 0), 0.0
    for frame in frames:
        if size_wh != frame.size_wh:
            samples = Spread(PLATE_SAMPLES)
            size_wh, started_s = frame.size_wh, frame.arrived_s
        samples.add(_reduced(frame.frame_rgb))
        yield ShownFrame(shown_rgb=grey(size_wh), hidden=LEARNING, arrived_s=frame.arrived_s)
        if frame.arrived_s - started_s >= config.learn_s:
            view = view_of(learn_plate(samples.items, config.motion), size_wh)
            return EmptyPlace(view=view, fill_rgb=view.plate.rgb)
    return None


def _follow(
    frames: Iterator[ArrivedFrame],
    segmenter: Segmenter | None,
    config: LiveConfig,
    empty: EmptyPlace,
) -> Generator[ShownFrame, None, bool]:
    """Frames of a place; True where they ended, False where it must be learned anew."""
    first = next(frames, None)
    if first is None:
        return True
    if not _fits(empty.view, first):
        return False
    hider = PeopleHider(
        empty.view,
        segmenter,
        config.settings,
        motion=config.motion,
        limits=config.limits,
        fill_rgb=np.asarray(cv2.resize(empty.fill_rgb, first.size_wh), np.uint8),
    )
    timed = (
        TimedFrame(offset_s=frame.arrived_s, frame_rgb=frame.frame_rgb)
        for frame in takewhile(lambda one: one.size_wh == first.size_wh, chain([first], frames))
    )
    trusted_s = first.arrived_s
    for private in hider.hide(timed):
        yield ShownFrame(
            shown_rgb=private.shown_rgb, hidden=private.reason, arrived_s=private.offset_s
        )
        if not private.reason:
            trusted_s = private.offset_s
        if private.offset_s - trusted_s > config.doubt_s:
            return False
    return next(frames, None) is None


def _fits(view: View, frame: ArrivedFrame) -> bool:
    """Whether a frame has the shape of what was learned."""
    return same_shape(frame.size_wh, view.native_wh)


def _reduced(frame_rgb: ImageRgb) -> ImageRgb:
    """(h, w, 3) a frame at the size that masks are found at."""
    height, width = frame_rgb.shape[:2]
    scale = min(1.0, MASK_PX / max(height, width))
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(frame_rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def grey(size_wh: tuple[int, int]) -> ImageRgb:
    """A picture of nothing, of a width and height."""
    return np.full((size_wh[1], size_wh[0], 3), MASK_RGB, np.uint8)
