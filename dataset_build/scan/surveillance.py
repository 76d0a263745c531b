"""How like a fixed camera's view a sample is: a score in [0, 1] and what it is made of.

docs/surveillance_likeness.md says what each part means, why, and how well it tells camera frames
from photographs. A sample without humans has no score and is never judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

#: Columns of a sample that the definition reads.
COLUMNS = (
    "tallest_region_share",
    "largest_person_share",
    "headroom_share",
    "head_cut_share",
    "person_regions",
    "ground_agreement",
)
#: Part -> its exponent. The first three tell a portrait from a scene and count double.
WEIGHTS: Mapping[str, float] = {
    "height": 2.0,
    "portrait": 2.0,
    "headroom": 2.0,
    "heads": 1.0,
    "several": 1.0,
    "ground": 1.0,
}
#: Persons up to half the frame's height are of middle height; one that fills it is a portrait.
MIDDLE_HEIGHT, FULL_HEIGHT = 0.5, 1.0
#: Below this a person is too small to be made out: 19 of 240 rows.
SMALL_HEIGHT = 0.08
#: Share of the frame's pixels: up to a twentieth is a passer-by, from a third on a portrait.
PASSER_BY, PORTRAIT = 0.05, 0.35
#: A photographer leaves little room above the head; a camera under the ceiling leaves a quarter.
AMPLE_HEADROOM = 0.25
#: Beyond this many persons, more are no surer sign.
SEVERAL = 3
#: One person, or two on one row, say nothing about the ground.
UNKNOWN_GROUND = 0.5
#: No part alone may bring the score to nothing.
LEAST_PART = 0.01


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """The parts of the score, each in [0, 1], 1 being most like a camera.

    Args:
        height: the tallest person is of small to middle height.
        portrait: the largest person is a small part of the frame.
        headroom: there is room above the tallest person.
        heads: no head is cut off by the upper edge.
        several: there are several persons.
        ground: the lower in the frame, the taller.
    """

    height: float
    portrait: float
    headroom: float
    heads: float
    several: float
    ground: float

    def score(self) -> float:
        """The weighted geometric mean of the parts, in [0, 1]."""
        total = sum(
            weight * math.log(max(getattr(self, part), LEAST_PART))
            for part, weight in WEIGHTS.items()
        )
        return math.exp(total / sum(WEIGHTS.values()))

    def weakest(self) -> tuple[str, float]:
        """The part that lowers the score most, and its value."""
        name = min(WEIGHTS, key=lambda part: getattr(self, part) ** WEIGHTS[part])
        return name, getattr(self, name)


def likeness(sample: Mapping[str, float | None]) -> Likeness:
    """The parts of the score of a mask that shows persons.

    Args:
        sample: the values of ``COLUMNS``; shares are fractions in [0, 1].
    """
    value = {name: _known(sample[name]) for name in COLUMNS}
    return Likeness(
        height=_ramp(value["tallest_region_share"], FULL_HEIGHT, MIDDLE_HEIGHT)
        * _ramp(value["tallest_region_share"], 0.0, SMALL_HEIGHT),
        portrait=_ramp(value["largest_person_share"], PORTRAIT, PASSER_BY),
        headroom=_ramp(value["headroom_share"], 0.0, AMPLE_HEADROOM),
        heads=1.0 - value["head_cut_share"],
        several=_ramp(value["person_regions"], 0.0, SEVERAL),
        ground=value["ground_agreement"],
    )


def _known(value: float | None) -> float:
    """Only the ground's agreement can be unknown: for lack of two persons to compare."""
    return UNKNOWN_GROUND if value is None or math.isnan(value) else float(value)


def _ramp(value: float, nothing: float, full: float) -> float:
    """0 at ``nothing``, 1 at ``full``, straight between and constant beyond."""
    return min(max((value - nothing) / (full - nothing), 0.0), 1.0)
