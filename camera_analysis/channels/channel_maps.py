"""Codes of a frame become maps of surprise, one per channel, on one grid of places.

Motion scores are averaged over the moving places of a small window, so that one wrong flow vector
is no surprise; tone is averaged over a window the size of a small person's. A further map,
``stay``, is the tone's average over the last seconds: what passes leaves little in it, what stays
fills it. ``remain`` is the same over a minute: who pauses fills ``stay``, what is left behind fills
``remain``. Both are at most what the place shows now, so that they end with what filled them, and
say nothing before a clip has lasted as long as they look back: until then they know too little.
On camera-days ``stay`` has codes of its own instead (:mod:`camera_analysis.labelling.stay`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_codes import (
    ABSENT,
    DIRECTION,
    SIZE,
    SPEED,
    STAY,
    STIFF,
    TONE,
    CodeMap,
)
from camera_analysis.channels.channel_surprise import TailTables

FloatImage = npt.NDArray[np.float32]

REMAIN = "remain"
#: The channels that are scored; ``stay`` and ``remain`` are read off the tone's counts.
SCORED = (SPEED, DIRECTION, SIZE, STIFF, TONE, STAY, REMAIN)
#: Those of a camera-day; the last two where it keeps tones.
DAY_SCORED = (SPEED, DIRECTION, SIZE, STAY, TONE, REMAIN)


@dataclass(frozen=True, kw_only=True)
class MapConfig:
    """How places support each other."""

    # Places along x and y: a small person's outline, 12 x 20 pixels.
    window: tuple[int, int] = (3, 5)
    # Moving places of a window that count as full support.
    support: float = 4.0
    # Share of the width over which tone is averaged, as for label maps.
    tone_share: float = 1 / 32
    # Seconds that ``stay`` looks back: longer than anybody needs to walk past a place.
    stay_s: float = 5.0
    # Seconds that ``remain`` looks back: longer than most people wait.
    remain_s: float = 60.0

    @property
    def look_back_s(self) -> dict[str, float]:
        """Channel -> seconds that it looks back; of those that do."""
        return {STAY: self.stay_s, REMAIN: self.remain_s}


class ChannelMaps:
    """Maps of consecutive frames of one clip.

    Args:
        tables: the normal.
        fps: frames per second.
        config: see there.
    """

    def __init__(self, tables: TailTables, fps: float, config: MapConfig) -> None:
        self._tables = tables
        self._config = config
        self._look_back = {  # frames
            channel: max(1.0, seconds * fps)
            for channel, seconds in config.look_back_s.items()
            if TONE in tables.grids and channel not in tables.grids
        }
        self._past: dict[str, FloatImage] = {}
        self._frames = 0
        height, width = tables.grids[SPEED]
        self._size_wh = (width, height)

    @property
    def look_back(self) -> int:
        """Frames before the first of which every channel knows something."""
        return int(np.ceil(max(self._look_back.values(), default=1.0))) - 1

    def forget(self) -> None:
        """The next frame does not follow the last one: what came before says nothing of it."""
        self._past, self._frames = {}, 0

    def of(self, codes: Mapping[str, CodeMap]) -> dict[str, FloatImage]:
        """Channel -> (h, w) surprise in nats, at least 0."""
        maps = {
            channel: self._mean_near(channel, codes[channel])
            for channel in self._tables.grids
            if channel != TONE
        }
        if TONE not in self._tables.grids:
            return maps
        tone = self._tone(codes[TONE])
        maps[TONE] = tone
        self._frames += 1
        for channel, frames in self._look_back.items():
            past = self._past.get(channel, np.zeros_like(tone))  # nothing has stayed yet
            self._past[channel] = past + (tone - past) / np.float32(frames)
            known = self._frames >= frames
            maps[channel] = np.minimum(self._past[channel], tone) if known else np.zeros_like(tone)
        return maps

    def _mean_near(self, channel: str, code: CodeMap) -> FloatImage:
        there = (code != ABSENT).astype(np.float32)
        total, support = (
            cv2.boxFilter(
                plane, -1, self._config.window, normalize=False, borderType=cv2.BORDER_CONSTANT
            )
            for plane in (self._tables.score(channel, code), there)
        )
        return np.asarray(total / np.maximum(support, self._config.support), np.float32)

    def _tone(self, code: CodeMap) -> FloatImage:
        side = max(3, 2 * int(code.shape[1] * self._config.tone_share / 2) + 1)
        near = cv2.blur(self._tables.score(TONE, code), (side, side))
        return np.asarray(cv2.resize(near, self._size_wh, interpolation=cv2.INTER_AREA), np.float32)
