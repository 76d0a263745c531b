"""People of the synthetic datasets and cameras: how they look and how they hold themselves.

The same people stand in the datasets and walk through the footage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Colour = tuple[float, float, float]
T = TypeVar("T")

SKINS: tuple[Colour, ...] = (
    (240, 205, 180),
    (224, 172, 138),
    (198, 140, 104),
    (150, 100, 70),
    (108, 70, 48),
    (72, 48, 36),
)
HAIR: tuple[Colour, ...] = (
    (30, 24, 20),
    (60, 40, 26),
    (110, 72, 38),
    (190, 150, 90),
    (150, 148, 146),
    (130, 50, 30),
)
CLOTHES: tuple[Colour, ...] = (
    (40, 44, 52),
    (235, 232, 225),
    (176, 32, 36),
    (32, 62, 130),
    (52, 110, 62),
    (214, 170, 48),
    (120, 62, 110),
    (96, 86, 74),
    (190, 96, 50),
    (110, 150, 190),
    (206, 140, 160),
    (70, 70, 74),
    (150, 152, 156),
    (24, 92, 104),
    (88, 40, 34),
)
HI_VIS: tuple[Colour, ...] = ((236, 220, 40), (240, 120, 30))
PATTERNS = ("plain", "plain", "stripes", "hoops", "checks", "speckle", "print")
HATS = ("none", "none", "none", "cap", "brim", "hood", "long_hair", "bun")
CUTS = ("trousers", "trousers", "trousers", "shorts", "skirt", "coat")
SHOES: tuple[Colour, ...] = ((36, 32, 30), (225, 222, 218), (110, 70, 44), (60, 60, 66))
BAGS = ("none", "none", "none", "backpack", "handbag")


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """What one person looks like; colours are RGB in [0, 255]."""

    height_m: float = 1.72  # a middling adult
    girth: float = 1.0  # multiplies the radii
    skin: Colour = SKINS[1]  # light brown
    hair: Colour = HAIR[0]  # black
    hat: str = "none"  # bare head
    hat_colour: Colour = CLOTHES[0]  # dark
    top: Colour = CLOTHES[3]  # blue
    top_second: Colour = CLOTHES[1]  # off-white
    pattern: str = "plain"  # no pattern
    bottom: Colour = CLOTHES[0]  # dark
    cut: str = "trousers"  # or shorts, skirt, coat
    short_sleeves: bool = False  # sleeves cover the arms
    shoes: Colour = (36, 32, 30)  # near black
    bag: str = "none"  # hands free
    bag_colour: Colour = CLOTHES[8]  # brown


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How the body is held: radians, forward positive; pairs are left, right."""

    thigh: tuple[float, float] = (0.03, -0.03)  # standing
    knee: tuple[float, float] = (0.04, 0.06)  # nearly straight
    arm: tuple[float, float] = (0.06, -0.02)  # hanging
    elbow: tuple[float, float] = (0.2, 0.25)  # slightly bent
    spread: tuple[float, float] = (0.12, 0.12)  # arms away from the body
    lean: float = 0.0  # upright


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, each as likely."""
    return options[int(rng.integers(len(options)))]


def random_appearance(rng: np.random.Generator, *, hi_vis: bool = False) -> Appearance:
    """Draw a person's looks; `hi_vis` dresses a factory worker."""
    if hi_vis:
        return _worker(rng)
    child = rng.random() < 0.08
    return Appearance(
        height_m=float(
            rng.uniform(1.15, 1.4) if child else np.clip(rng.normal(1.72, 0.08), 1.5, 1.95)
        ),
        girth=float(np.clip(rng.normal(1.0, 0.1), 0.82, 1.3)),
        skin=_tinted(rng, pick(rng, SKINS), 0.07),
        hair=pick(rng, HAIR),
        hat=pick(rng, HATS),
        hat_colour=pick(rng, CLOTHES),
        top=_tinted(rng, pick(rng, CLOTHES), 0.2),
        top_second=pick(rng, CLOTHES),
        pattern=pick(rng, PATTERNS),
        bottom=_tinted(rng, pick(rng, CLOTHES), 0.2),
        cut=pick(rng, CUTS),
        short_sleeves=bool(rng.random() < 0.35),
        shoes=pick(rng, SHOES),
        bag=pick(rng, BAGS),
        bag_colour=pick(rng, CLOTHES),
    )


def _worker(rng: np.random.Generator) -> Appearance:
    return Appearance(
        height_m=float(np.clip(rng.normal(1.74, 0.07), 1.55, 1.95)),
        girth=float(np.clip(rng.normal(1.05, 0.1), 0.85, 1.3)),
        skin=_tinted(rng, pick(rng, SKINS), 0.07),
        hair=pick(rng, HAIR),
        hat="helmet" if rng.random() < 0.7 else "none",
        hat_colour=pick(rng, (*HI_VIS, CLOTHES[1])),
        top=_tinted(rng, pick(rng, (*HI_VIS, *HI_VIS, *CLOTHES)), 0.08),
        top_second=(205.0, 205.0, 200.0),
        pattern="band",
        bottom=_tinted(rng, pick(rng, CLOTHES[:6:3] + CLOTHES[11:12]), 0.2),
    )


def _tinted(rng: np.random.Generator, colour: Colour, by: float) -> Colour:
    tint = rng.uniform(1 - by, 1 + by)
    red, green, blue = (float(np.clip(c * tint, 12, 250)) for c in colour)
    return red, green, blue


def gait(kind: str, phase: float) -> Pose:
    """Pose of an activity at a phase of its cycle.

    Args:
        kind: walk, run, stand, wave, phone, hips, sit, crouch or bend.
        phase: radians; one stride (two steps) is 2π. Sways a standing person a little.

    Raises:
        ValueError: the kind is unknown.
    """
    s, c = float(np.sin(phase)), float(np.cos(phase))
    if kind == "walk":
        return Pose(
            thigh=(0.42 * s, -0.42 * s),
            knee=(0.12 + 0.5 * max(0.0, c), 0.12 + 0.5 * max(0.0, -c)),
            arm=(-0.4 * s, 0.4 * s),
            elbow=(0.3, 0.3),
            lean=0.05,
        )
    if kind == "run":
        return Pose(
            thigh=(0.2 + 0.75 * s, 0.2 - 0.75 * s),
            knee=(0.5 + 0.8 * max(0.0, c), 0.5 + 0.8 * max(0.0, -c)),
            arm=(-0.8 * s, 0.8 * s),
            elbow=(1.5, 1.5),
            lean=0.25,
        )
    still = {
        "stand": Pose(lean=0.015 * s, arm=(0.06 + 0.03 * s, -0.02 + 0.03 * c)),
        "wave": Pose(arm=(0.05, 2.7 + 0.2 * s), elbow=(0.2, 0.5), spread=(0.12, 0.35)),
        "phone": Pose(arm=(0.1, 0.5 + 0.03 * s), elbow=(0.2, 2.1), spread=(0.1, 0.05)),
        "hips": Pose(arm=(-0.3, -0.3), elbow=(1.3, 1.3), spread=(0.6, 0.6)),
        "sit": Pose(thigh=(1.5, 1.42), knee=(1.5, 1.4), arm=(0.45, 0.4), elbow=(0.7, 0.8)),
        "crouch": Pose(
            thigh=(1.9, 1.7), knee=(2.3, 2.2), arm=(0.7, 0.8), elbow=(0.9, 0.8), lean=0.5
        ),
        "bend": Pose(
            arm=(1.1, 1.2),
            elbow=(0.4, 0.3),
            lean=1.0 + 0.05 * s,
            knee=(0.2, 0.25),
            thigh=(0.1, 0.1),
        ),
    }
    if kind not in still:
        raise ValueError(f"activity {kind!r}; expected walk, run or one of {sorted(still)}")
    return still[kind]
