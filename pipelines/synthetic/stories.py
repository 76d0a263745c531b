"""What a story about a synthetic camera must say, and what all of them share: light and hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from camera_analysis.lenses.lens import Lens
from camera_analysis.occupancy.rois import Roi
from pipelines.synthetic.actors import Mover
from pipelines.synthetic.footage import Clip, Light
from pipelines.synthetic.scenes import Place

Generator = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Story:
    """One camera: its place, its ordinary hours, its light, and its bad day.

    Attributes:
        build: paints the place, the same for every file.
        cast: who moves in an ordinary file, from place, hour and length in seconds.
        light: light and sensor of an hour.
        disturb: turns an ordinary clip of an hour into one of the bad day; untouched hours pass.
    """

    camera_id: str
    size_wh: tuple[int, int]
    time_zone: str
    lens: Lens
    rois: tuple[Roi, ...]
    build: Callable[[Generator], Place]
    cast: Callable[[Generator, Place, int, float], list[Mover]]
    light: Callable[[Generator, Place, int], Light]
    disturb: Callable[[Generator, Clip, int, float], None]


def how_many(rng: Generator, by_hour: dict[int, float], hour: int, seconds: float) -> int:
    """Movers in a file: the hour's rate, stated per 40 seconds, give or take one.

    Hours without a rate of their own take that of the nearest hour that has one.
    """
    nearest = min(by_hour, key=lambda known: (abs(known - hour), known))
    expected = by_hour[nearest] * seconds / 40
    return max(1, round(expected + rng.uniform(-0.8, 0.8)))


def daylight(rng: Generator, hour: int) -> Light:
    """Sun from dawn to dusk: brightness, colour, shadows; lamps are added by who has them."""
    height = float(np.clip(np.sin(np.pi * (hour - 5.5) / 14), 0, 1))
    warm = 0.14 * (1 - height)
    return Light(
        gain=0.5 + 0.5 * height + float(rng.uniform(-0.04, 0.04)),
        tint=(1 + warm * 0.5, 1.0, 1 - warm) if height > 0 else (0.96, 0.98, 1.06),
        drift=float(rng.uniform(0.02, 0.07)),
        drift_phase=float(rng.uniform(0, 2 * np.pi)),
        noise=2.2 + 2.6 * (1 - height),
        slant=0.9 * float(np.cos(np.pi * (hour - 5.5) / 14)) if height > 0.3 else 0.0,
    )


def lamplight(rng: Generator, hour: int) -> Light:
    """Lamps under a ceiling: nearly the same all day, dimmed late, a little daylight at noon."""
    late = hour >= 20 or hour < 6
    noon = float(np.clip(np.sin(np.pi * (hour - 6) / 13), 0, 1))
    return Light(
        gain=(0.66 if late else 0.88 + 0.14 * noon) + float(rng.uniform(-0.03, 0.03)),
        tint=(1.04, 1.0, 0.92 + 0.06 * noon),
        drift=float(rng.uniform(0.01, 0.04)),
        drift_phase=float(rng.uniform(0, 2 * np.pi)),
        noise=3.8 if late else 2.6,
    )
