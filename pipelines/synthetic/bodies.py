"""Bodies of the synthetic people: each part the convex hull of a few spheres, in metres.

Any camera that turns spheres into discs can draw them; `figures` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.synthetic.people import Appearance, Colour, FloatArray, Pose


@dataclass(frozen=True)
class Solid:
    """Convex hull of `spheres`, (n, 4): x, y, z, radius in metres; cloth marks the top."""

    spheres: FloatArray
    colour: Colour
    cloth: bool = False


def solids(who: Appearance, pose: Pose, yaw: float) -> list[Solid]:
    """The body in metres, feet at z = 0, origin between them; yaw 0 looks along +y."""
    shoulder_z = 0.30 * who.height_m  # above the hip, which is the origin until the feet are known
    parts = _legs(who, pose) + _torso(who, pose, shoulder_z)
    parts += _arms(who, pose, shoulder_z) + _head(who, pose, shoulder_z)
    lowest = min(float((p.spheres[:, 2] - p.spheres[:, 3]).min()) for p in parts)
    return turned(raised(parts, -lowest), yaw)


def turned(body: Sequence[Solid], yaw: float) -> list[Solid]:
    """A body about the vertical through its origin; yaw 0 looks along +y."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    turn = np.array([[cos, -sin], [sin, cos]])
    return [
        Solid(np.column_stack([p.spheres[:, :2] @ turn, p.spheres[:, 2:]]), p.colour, p.cloth)
        for p in body
    ]


def raised(body: Sequence[Solid], by_m: float) -> list[Solid]:
    """A body, higher by so many metres."""
    return [Solid(p.spheres + np.array([0, 0, by_m, 0]), p.colour, p.cloth) for p in body]


def _hull(colour: Colour, *balls: Sequence[float], cloth: bool = False) -> Solid:
    return Solid(np.array(balls, dtype=np.float64), colour, cloth)


def _swing(start: FloatArray, length: float, pitch: float, aside: float = 0.0) -> FloatArray:
    """The end of a limb that hangs from `start`, swung forward by `pitch` and out by `aside`."""
    away = np.array([np.sin(aside), np.sin(pitch) * np.cos(aside), -np.cos(pitch) * np.cos(aside)])
    return start + length * away


def _legs(who: Appearance, pose: Pose) -> list[Solid]:
    tall, wide = who.height_m, who.girth
    shin_colour = who.skin if who.cut in ("shorts", "skirt") else who.bottom
    parts, knees = [], []
    for side, thigh, flex in zip((-1, 1), pose.thigh, pose.knee, strict=True):
        hip = np.array([side * 0.09 * wide, 0.0, 0.0])
        knee = _swing(hip, 0.24 * tall, thigh)
        ankle = _swing(knee, 0.23 * tall, thigh - flex)
        toe = ankle + np.array([side * 0.02, 0.15, -0.02])
        knees.append(knee)
        parts += [
            _hull(who.shoes, (*ankle, 0.05), (*toe, 0.04), (*(ankle - [0, 0.03, 0.02]), 0.045)),
            _hull(shin_colour, (*knee, 0.065 * wide), (*ankle, 0.045 * wide)),
            _hull(who.bottom, (*hip, 0.095 * wide), (*knee, 0.07 * wide)),
        ]
    if who.cut in ("skirt", "coat"):
        colour = who.top if who.cut == "coat" else who.bottom
        hem = [(k[0], k[1], k[2] + 0.03, 0.1 * wide) for k in knees]
        parts.append(
            _hull(
                colour, (-0.08, 0, 0.02, 0.11), (0.08, 0, 0.02, 0.11), *hem, cloth=who.cut == "coat"
            )
        )
    return parts


def _leaning(point: Sequence[float], lean: float) -> FloatArray:
    x, y, z = point
    return np.array([x, y * np.cos(lean) + z * np.sin(lean), z * np.cos(lean) - y * np.sin(lean)])


def _torso(who: Appearance, pose: Pose, shoulder_z: float) -> list[Solid]:
    wide, balls = who.girth, []
    for x, y, z, radius in (
        (-0.15, 0.0, shoulder_z - 0.02, 0.075),
        (0.15, 0.0, shoulder_z - 0.02, 0.075),
        (-0.1, 0.02, shoulder_z * 0.6, 0.1),
        (0.1, 0.02, shoulder_z * 0.6, 0.1),
        (-0.07, 0.0, 0.0, 0.105),
        (0.07, 0.0, 0.0, 0.105),
    ):
        balls.append((*_leaning((x * wide, y, z), pose.lean), radius * wide))
    parts = [_hull(who.top, *balls, cloth=True)]
    if who.bag == "backpack":
        low, high = (_leaning((0, -0.2, z), pose.lean) for z in (0.12, shoulder_z - 0.1))
        parts.append(_hull(who.bag_colour, (*low, 0.13), (*high, 0.12)))
    return parts


def _arms(who: Appearance, pose: Pose, shoulder_z: float) -> list[Solid]:
    tall, wide, parts = who.height_m, who.girth, []
    lower = who.skin if who.short_sleeves else who.top
    for side, pitch, bend, aside in zip((-1, 1), pose.arm, pose.elbow, pose.spread, strict=True):
        shoulder = _leaning((side * 0.2 * wide, 0.0, shoulder_z - 0.03), pose.lean)
        elbow = _swing(shoulder, 0.165 * tall, pitch, side * aside)
        wrist = _swing(elbow, 0.14 * tall, pitch + bend, -side * aside * 0.3)
        hand = _swing(wrist, 0.05 * tall, pitch + bend)
        parts += [
            _hull(who.skin, (*wrist, 0.035), (*hand, 0.035)),
            _hull(lower, (*elbow, 0.042 * wide), (*wrist, 0.034 * wide)),
            _hull(who.top, (*shoulder, 0.062 * wide), (*elbow, 0.048 * wide), cloth=True),
        ]
        if who.bag == "handbag" and side == 1:
            below = hand - np.array([0.0, 0.0, 0.16])
            parts.append(
                _hull(
                    who.bag_colour,
                    *(
                        (*(below + np.array([0, y, z])), 0.06)
                        for y in (-0.1, 0.1)
                        for z in (-0.08, 0.06)
                    ),
                )
            )
    return parts


#: Hats and hairdos: hulls of balls (x, y, z, radius) in head radii about the head's centre.
_COVERS: dict[str, tuple[tuple[tuple[float, float, float, float], ...], ...]] = {
    "none": (),
    "cap": (
        ((0, 0, 0.6, 0.92), (0, 0.1, 0.4, 0.98)),
        ((-0.4, 1.2, 0.5, 0.12), (0.4, 1.2, 0.5, 0.12), (0, 0.5, 0.6, 0.5)),
    ),
    "brim": (
        ((0, 0, 0.8, 0.8),),
        ((-1.3, -1.2, 0.55, 0.15), (-1.3, 1.2, 0.55, 0.15),
         (1.3, -1.2, 0.55, 0.15), (1.3, 1.2, 0.55, 0.15)),
    ),
    "helmet": (((0, 0, 0.62, 1.12), (0, 0, 0.4, 1.08)), ((0, 1.2, 0.42, 0.2), (0, 0.4, 0.42, 0.8))),
    "hood": (((0, -0.35, 0.3, 1.1), (0, -0.5, -0.6, 1.0)),),
    "long_hair": (((0, -0.3, 0.4, 1.02), (-0.3, -0.5, -1.4, 0.55), (0.3, -0.5, -1.4, 0.55)),),
    "bun": (((0, -1.1, 0.7, 0.5),),),
}  # fmt: skip
_SKULL = ((0, 0, 0.2, 1.0), (0, 0.15, -0.55, 0.72))
_HAIR = ((0, -0.22, 0.42, 0.98), (0, -0.4, -0.1, 0.8), (0, 0.3, 0.75, 0.5))
_EYES = (((-0.36, 0.98, 0.12, 0.1),), ((0.36, 0.98, 0.12, 0.1),))
_EYE_COLOUR: Colour = (40, 30, 28)


def _head(who: Appearance, pose: Pose, shoulder_z: float) -> list[Solid]:
    size = 0.074 * who.height_m**0.5  # radius of the skull; children's heads shrink less
    centre = _leaning((0.0, 0.02, shoulder_z + 0.075 + 1.25 * size), pose.lean)
    neck = _leaning((0, 0, shoulder_z), pose.lean)

    def hull(colour: Colour, balls: Sequence[tuple[float, float, float, float]]) -> Solid:
        spheres = np.array(balls, dtype=np.float64) * size
        spheres[:, :3] += centre
        return Solid(spheres, colour)

    own = who.hat in ("long_hair", "bun")
    return [
        _hull(who.skin, (*neck, 0.055), (*(centre - [0, 0, 0.8 * size]), 0.55 * size)),
        hull(who.skin, _SKULL),
        *(hull(_EYE_COLOUR, eye) for eye in _EYES),
        hull(who.hair, _HAIR),
        *(hull(who.hair if own else who.hat_colour, balls) for balls in _COVERS[who.hat]),
    ]
