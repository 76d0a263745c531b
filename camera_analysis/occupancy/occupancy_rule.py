"""When a region of interest counts as occupied: the score, two thresholds, the shortest stay."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from camera_analysis.yaml_values import mapping, typed

Score = Literal["overlap", "roi_share", "person_share"]


@dataclass(frozen=True, kw_only=True)
class OccupancyRule:
    """How scores of frames become stays.

    Attributes:
        score: what is compared with the thresholds, see
        :mod:`camera_analysis.occupancy.roi_overlap`. enter: a stay holds at least one frame that
        scores so much, in (0, 1]. leave: it lasts while frames score at least this much, in (0,
        enter]. min_s: a shorter stay is none.
    """

    score: Score = "roi_share"  # specks of light fill little of a region, but may be wholly inside
    enter: float = 0.1  # on the clip of docs/occupancy.md specks reached 0.085, persons 0.118
    leave: float = 0.05  # flicker of the mask's edge neither ends nor begins a stay
    min_s: float = 0.0  # every frame counts, as long as nobody says otherwise

    def __post_init__(self) -> None:
        if self.score not in get_args(Score):
            raise ValueError(f"occupancy.score is {self.score!r}; allowed: {get_args(Score)}")
        if not 0 < self.leave <= self.enter <= 1:
            raise ValueError(
                f"occupancy.leave is {self.leave} and occupancy.enter {self.enter}; "
                "allowed: 0 < leave <= enter <= 1"
            )
        if not 0 <= self.min_s <= 86_400:
            raise ValueError(f"occupancy.min_s is {self.min_s}; allowed: 0 <= s <= 86400")


def read_rule(value: object) -> OccupancyRule:
    """A rule as ``camera.yaml`` holds it.

    Raises:
        ValueError: it is none.
    """
    keys = mapping(value, tuple(item.name for item in fields(OccupancyRule)), "occupancy")
    for key in ("enter", "leave", "min_s"):
        typed(keys.get(key, 0.0), (int, float), f"occupancy.{key}")
    return OccupancyRule(**keys)


def rule_document(rule: OccupancyRule) -> dict[str, Any]:
    """A rule in the form that :func:`read_rule` reads."""
    return asdict(rule)
