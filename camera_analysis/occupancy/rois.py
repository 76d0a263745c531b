"""Regions of interest: named polygons in raw or in rectified pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, get_args

from camera_analysis.yaml_values import mapping, typed

Space = Literal["raw", "rectified"]


@dataclass(frozen=True, kw_only=True)
class Roi:
    """A named polygon of at least three corners; pixel centres lie on whole numbers.

    Attributes:
        name: unique among the camera's regions.
        polygon_xy: corners in pixels of the full frame, not of the reduced label map.
        space: "raw" as filmed, or "rectified" as :func:`camera_analysis.lenses.lens.rectify_frame`
            shows it.
    """

    name: str
    polygon_xy: tuple[tuple[float, float], ...]
    space: Space = "raw"  # what the footage shows

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a region of interest has no name")
        if len(self.polygon_xy) < 3 or any(len(corner) != 2 for corner in self.polygon_xy):
            raise ValueError(
                f"region {self.name!r}: polygon_xy needs three or more [x, y] corners, "
                f"got {list(self.polygon_xy)}"
            )
        if not all(isfinite(number) for corner in self.polygon_xy for number in corner):
            raise ValueError(f"region {self.name!r}: a corner is no place: {list(self.polygon_xy)}")
        if self.space not in get_args(Space):
            raise ValueError(
                f"region {self.name!r}: space is {self.space!r}; allowed: {get_args(Space)}"
            )


def read_rois(value: object) -> tuple[Roi, ...]:
    """Regions as ``camera.yaml`` holds them.

    Raises:
        ValueError: the value is no list of regions; names the region or the key.
    """
    rois = []
    for item in typed(value, (list,), "rois"):
        keys = mapping(item, ("name", "polygon_xy", "space"), "a region in rois")
        corners = tuple(
            tuple(
                float(typed(number, (int, float), "a number of polygon_xy"))
                for number in typed(corner, (list,), "a corner of polygon_xy")
            )
            for corner in typed(keys.get("polygon_xy"), (list,), "polygon_xy")
        )
        name = str(keys.get("name", ""))
        rois.append(Roi(name=name, polygon_xy=corners, space=keys.get("space", Roi.space)))  # type: ignore[arg-type]
    return tuple(rois)


def rois_document(rois: Sequence[Roi]) -> list[dict[str, Any]]:
    """Regions in the form that :func:`read_rois` reads."""
    return [
        {"name": roi.name, "polygon_xy": [list(corner) for corner in roi.polygon_xy]}
        | ({} if roi.space == Roi.space else {"space": roi.space})
        for roi in rois
    ]
