"""How large a person usually is at each place of a view, and regions of several people split by it.

In a view of a floor from above, a person's height in pixels grows linearly with the row of the
feet (for a camera without roll, exactly so: both are the distance to the horizon times a constant).
The line is learned from the camera's own regions that have the shape of one person, by the
Theil-Sen estimator, which half of its data may contradict. A region that is as large as two such
people or more is cut into that many parts by k-means over its outline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.day_regions import DayRegion, outline_mask
from camera_analysis.labelling.regions import Box

FloatArray = npt.NDArray[np.float64]

#: Height over width of one person, from walking with wide steps to standing.
PERSON_SHAPE = (1.7, 4.0)
#: A region fits the line if its height is within this share of it.
FITS_WITHIN = 0.25
#: Regions of such a shape that must fit, and the share of all regions that they must be: on a road
#: or in a view from straight above, nothing is learned and nothing is split.
LEAST_REGIONS, LEAST_SHARE = 60, 0.4
#: Regions that the line is drawn through: pairs are compared, which costs their square.
MOST_FITTED = 600
#: More people than that in one region are a crowd, whose members nobody can tell apart.
MOST_PEOPLE = 8
#: A region is wider or higher than one person may be before it is split.
WIDER, HIGHER = 1.5, 1.35


@dataclass(frozen=True, kw_only=True)
class PersonSize:
    """A person at a place: height = slope * foot_y + intercept, in label-map pixels.

    Args:
        slope: pixels of height per row.
        intercept: height at row 0; may be negative.
        aspect: width over height of the box.
        fill: share of the box that is the person.
        regions: behind the line.
    """

    slope: float
    intercept: float
    aspect: float
    fill: float
    regions: int

    def height(self, foot_y: float) -> float:
        """Pixels, at least 4."""
        return max(4.0, self.slope * foot_y + self.intercept)

    def area(self, foot_y: float) -> float:
        """Pixels of one person whose feet are in this row."""
        return self.fill * self.aspect * self.height(foot_y) ** 2


def learn_person_size(
    boxes_xyxy: FloatArray, areas_n: FloatArray, size_hw: tuple[int, int]
) -> PersonSize | None:
    """The usual size of a person; None where most regions are no single people.

    Args:
        boxes_xyxy: (N, 4) boxes of regions, in label-map pixels.
        areas_n: (N,) their pixels.
        size_hw: height and width of the label maps; what touches the border is cut off by it.
    """
    x0, y0, x1, y1 = boxes_xyxy.T
    inside = (x0 > 0) & (y0 > 0) & (x1 < size_hw[1]) & (y1 < size_hw[0])
    height, width = y1 - y0, x1 - x0
    shape = height / np.maximum(width, 1)
    alike = inside & (shape >= PERSON_SHAPE[0]) & (shape <= PERSON_SHAPE[1])
    if alike.sum() < LEAST_REGIONS:
        return None
    slope, intercept = _line(y1[alike], height[alike])
    usual = np.maximum(slope * y1 + intercept, 4.0)
    fits = alike & (np.abs(height / usual - 1) <= FITS_WITHIN)
    if fits.sum() < max(LEAST_REGIONS, LEAST_SHARE * inside.sum()):
        return None
    return PersonSize(
        slope=slope,
        intercept=intercept,
        aspect=float(np.median(width[fits] / height[fits])),
        fill=float(np.median(areas_n[fits] / (width[fits] * height[fits]))),
        regions=int(fits.sum()),
    )


def people_of(region: DayRegion, size: PersonSize) -> list[Box]:
    """Boxes of the people in a region: its own box if it is no larger than one person."""
    box, foot = region.box, region.box.y1
    height = size.height(foot)
    wide = (box.x1 - box.x0) / (size.aspect * height)
    high = (box.y1 - box.y0) / height
    people = min(MOST_PEOPLE, round(region.area_px / size.area(foot)))
    if people < 2 or (wide <= WIDER and high <= HIGHER):
        return [box]
    rows, columns = np.nonzero(outline_mask(region.outline))
    side = outline_mask(region.outline).shape[0]
    cell_x, cell_y = (box.x1 - box.x0) / side, (box.y1 - box.y0) / side
    # a person as wide as high, so that distances in both directions weigh alike
    points = np.column_stack([columns * cell_x, rows * cell_y * size.aspect])
    part_n = _parts(points, people, axis=0 if wide >= high else 1)
    return [
        Box(
            box.x0 + round(columns[here].min() * cell_x),
            box.y0 + round(rows[here].min() * cell_y),
            box.x0 + round((columns[here].max() + 1) * cell_x),
            box.y0 + round((rows[here].max() + 1) * cell_y),
        )
        for part in range(people)
        if (here := part_n == part).any()
    ]


def _line(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Slope and intercept by Theil and Sen: the median of the slopes of all pairs of points.

    SciPy's ``theilslopes`` also estimates an interval, which fails where many x are equal.
    """
    stride = max(1, len(x) // MOST_FITTED)
    x, y = x[::stride], y[::stride]
    first, second = np.triu_indices(len(x), 1)
    run = x[second] - x[first]
    apart = run != 0
    rise = (y[second] - y[first])[apart]
    slope = float(np.median(rise / run[apart])) if rise.size else 0.0
    return slope, float(np.median(y - slope * x))


def _parts(points: FloatArray, parts: int, *, axis: int, rounds: int = 15) -> npt.NDArray[np.intp]:
    """(N,) part of each (N, 2) point by k-means, from equal shares along an axis."""
    order = np.argsort(points[:, axis], kind="stable")
    part_n = np.empty(len(points), np.intp)
    part_n[order] = np.arange(len(points)) * parts // len(points)
    for _ in range(rounds):
        centres = np.array(
            [
                points[part_n == part].mean(axis=0) if (part_n == part).any() else [np.inf, np.inf]
                for part in range(parts)
            ]
        )
        nearest = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        if (nearest == part_n).all():
            break
        part_n = nearest
    return part_n
