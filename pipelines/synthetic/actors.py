"""Who moves through a synthetic camera's view: tracks in metres, and the pictures of movers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from pipelines.synthetic.bodies import Solid, solids, turned
from pipelines.synthetic.figures import (
    Fisheye,
    Projection,
    Sprite,
    elevation_of,
    mirrored,
    person_sprite,
    resized,
    seen_solids,
)
from pipelines.synthetic.people import Appearance, FloatArray, gait

#: A stride (two steps) of a person of ordinary height, walking and running.
STRIDE_M = {"walk": 1.35, "run": 2.2}
#: Below this speed a person stands.
STILL_M_S = 0.15
#: Pictures per stride, and steps of turning and of looking down, that are drawn and kept.
_PHASES, _TURNS, _TILT = 12, 24, 0.08


@dataclass(frozen=True)
class Moment:
    """Where a mover is: metres, metres per second, metres walked so far."""

    xy_m: tuple[float, float]
    speed: float
    yaw: float
    walked_m: float


@dataclass(frozen=True)
class Track:
    """Straight legs between corners: `times_s` (n,) ascending, `corners_m` (n, 2)."""

    times_s: FloatArray
    corners_m: FloatArray

    @classmethod
    def walk(cls, start_s: float, speed: float, *stops: tuple[float, ...]) -> Track:
        """Visit stops (x, y) or (x, y, seconds of rest) one after another at a speed."""
        times, corners, now = [], [], start_s
        for stop in stops:
            here = np.array(stop[:2])
            now += float(np.hypot(*(here - corners[-1]))) / speed if corners else 0.0
            times.append(now)
            corners.append(here)
            if len(stop) > 2:
                now += stop[2]
                times.append(now)
                corners.append(here)
        return cls(np.array(times), np.array(corners))

    @property
    def span_s(self) -> tuple[float, float]:
        """First and last moment."""
        return float(self.times_s[0]), float(self.times_s[-1])

    def at(self, time_s: float) -> Moment | None:
        """The mover at a time; None before the track starts and after it ends."""
        if not self.times_s[0] <= time_s <= self.times_s[-1] or len(self.times_s) < 2:
            return None
        leg = int(
            np.clip(np.searchsorted(self.times_s, time_s, "right") - 1, 0, len(self.times_s) - 2)
        )
        lengths = np.hypot(*np.diff(self.corners_m, axis=0).T)
        share = (time_s - self.times_s[leg]) / max(1e-9, self.times_s[leg + 1] - self.times_s[leg])
        xy = self.corners_m[leg] * (1 - share) + self.corners_m[leg + 1] * share
        speed = float(lengths[leg] / max(1e-9, self.times_s[leg + 1] - self.times_s[leg]))
        walked = float(lengths[:leg].sum() + share * lengths[leg])
        return Moment((float(xy[0]), float(xy[1])), speed, self._yaw(leg, lengths), walked)

    def _yaw(self, leg: int, lengths: FloatArray) -> float:
        """Direction of this leg, or of the last one that went anywhere."""
        moving = [i for i in range(leg + 1) if lengths[i] > 1e-6] or [
            int(np.argmax(lengths > 1e-6))
        ]
        step = self.corners_m[moving[-1] + 1] - self.corners_m[moving[-1]]
        return float(np.arctan2(step[0], step[1]))


class Mover(Protocol):
    """Something that may be in the view at a time."""

    track: Track

    def picture(self, now: Moment, time_s: float, lens: Projection) -> Sprite:
        """How it looks at that moment through the lens, at its size there."""
        ...


@dataclass
class Walker:
    """A person on a track; `resting` is what they do where they stop."""

    who: Appearance
    track: Track
    resting: str = "stand"
    _kept: dict[tuple[str, int, int, int], Sprite] = field(default_factory=dict)

    def picture(self, now: Moment, time_s: float, lens: Projection) -> Sprite:
        """Step by step while moving, swaying a little while at rest."""
        activity = self.resting if now.speed < STILL_M_S else "run" if now.speed > 2.4 else "walk"
        stride = STRIDE_M.get(activity, 1.0) * self.who.height_m / 1.72
        turns = now.walked_m / stride if activity in STRIDE_M else time_s / 4
        phase = round(turns * _PHASES) % _PHASES
        if isinstance(lens, Fisheye):
            return seen_solids(self.who, self._body(activity, phase, now.yaw), now.xy_m, lens)
        px_per_m = px_per_m_at(lens, now.xy_m)
        turn = round((now.yaw - np.arctan2(*now.xy_m)) / (2 * np.pi) * _TURNS) % _TURNS
        tilt = round(elevation_of(lens, now.xy_m[1]) / _TILT)
        key = (activity, phase, turn, tilt)
        if key not in self._kept or self._kept[key].px_per_m < px_per_m * 0.9:
            body = self._body(activity, phase, turn * 2 * np.pi / _TURNS)
            drawn = person_sprite(self.who, body, px_per_m=px_per_m * 1.25, elevation=tilt * _TILT)
            self._kept[key] = drawn
        return resized(self._kept[key], px_per_m)

    def _body(self, activity: str, phase: int, yaw: float) -> list[Solid]:
        return solids(self.who, gait(activity, 2 * np.pi * phase / _PHASES), yaw)


@dataclass
class Driven:
    """A car on the road, seen from the side and drawn once, facing right."""

    sprite: Sprite
    track: Track

    def picture(self, now: Moment, time_s: float, lens: Projection) -> Sprite:
        """The car at its size, facing the way it goes."""
        sized = resized(self.sprite, px_per_m_at(lens, now.xy_m))
        return sized if now.yaw > 0 else mirrored(sized)


@dataclass
class Boxes:
    """A machine made of solids, such as a forklift; yaw 0 looks along +y."""

    body: list[Solid]
    track: Track

    def picture(self, now: Moment, time_s: float, lens: Projection) -> Sprite:
        """The machine where it is, turned the way it goes."""
        return seen_solids(Appearance(), turned(self.body, now.yaw), now.xy_m, lens)


@dataclass
class Left:
    """An object that lies still while its track lasts."""

    sprite: Sprite
    track: Track

    def picture(self, now: Moment, time_s: float, lens: Projection) -> Sprite:
        """The object at its size."""
        return resized(self.sprite, px_per_m_at(lens, now.xy_m))


def px_per_m_at(lens: Projection, xy_m: tuple[float, float]) -> float:
    """Scale at a point of the ground."""
    return float(lens.discs(np.array([[*xy_m, 0.0, 1.0]])).radius_px[0])


def foot_px(lens: Projection, xy_m: tuple[float, float]) -> tuple[float, float]:
    """Pixel of a point of the ground."""
    x, y = lens.discs(np.array([[*xy_m, 0.0, 1.0]])).xy_px[0]
    return float(x), float(y)


def forklift() -> list[Solid]:
    """A forklift truck with its mast ahead, in metres, feet at z = 0."""

    def box(
        x: float, y0: float, y1: float, z0: float, z1: float, colour: tuple[float, float, float]
    ) -> Solid:
        corners = [(a, b, c, 0.05) for a in (-x, x) for b in (y0, y1) for c in (z0, z1)]
        return Solid(np.array(corners), colour)

    yellow, brown = (226.0, 166.0, 30.0), (164.0, 124.0, 76.0)
    dark, grey = (44.0, 46.0, 50.0), (120.0, 122.0, 126.0)
    guard = [box(0.02, y, y, 0.9, 1.75, dark) for y in (-0.8, 0.45)]
    return [
        box(0.5, -1.2, 0.7, 0.2, 0.85, yellow), box(0.52, -1.1, -0.6, 0.05, 0.5, dark),
        box(0.52, 0.2, 0.6, 0.05, 0.5, dark), box(0.4, -0.2, 0.25, 0.85, 1.1, dark), *guard,
        box(0.45, -0.7, 0.4, 1.75, 1.8, dark), box(0.4, 0.72, 0.8, 0.1, 1.7, grey),
        box(0.35, 0.85, 1.7, 0.08, 0.12, grey), box(0.45, 0.9, 1.6, 0.18, 0.75, brown),
    ]  # fmt: skip
