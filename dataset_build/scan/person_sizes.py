"""How large the persons of a mask are, where they stand, and where the frame cuts them.

A person is a connected region of human pixels; people who overlap count as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: A region of less than this share of the tallest one's height is a hand, a speck or far away.
PERSON_OF_TALLEST = 0.25
#: A region this near to an edge, as a share of the frame's shorter side, is cut by it: annotators
#: leave a line of unlabelled pixels around persons, also where the frame ends.
EDGE_SHARE = 0.01
#: Feet closer than this share of the frame's height say nothing about distance.
SAME_ROW_SHARE = 0.02
#: Persons compared with each other, the largest first; bounds the pairs of a damaged mask.
COMPARED_PERSONS = 32


@dataclass(frozen=True, kw_only=True)
class PersonSizes:
    """Persons of one mask; shares of pixels are of the pixels of all its persons.

    Args:
        person_regions: regions at least a quarter as tall as the tallest.
        largest_person_share: pixels of the largest / pixels of the frame.
        headroom_share: rows above the tallest / rows of the frame; 1 without any.
        cut_share: share of pixels in persons who touch any edge of the frame.
        head_cut_share: share of pixels in persons who touch the upper edge.
        ground_agreement: of all pairs of persons whose feet are at different rows, the share in
            which the lower one is the taller, as on one ground seen from above; pairs count by the
            distance of the rows. None without such a pair.
    """

    person_regions: int
    largest_person_share: float
    headroom_share: float
    cut_share: float
    head_cut_share: float
    ground_agreement: float | None


NOBODY = PersonSizes(
    person_regions=0,
    largest_person_share=0.0,
    headroom_share=1.0,
    cut_share=0.0,
    head_cut_share=0.0,
    ground_agreement=None,
)


def measure_persons(regions_xywha: npt.NDArray[np.int32], height: int, width: int) -> PersonSizes:
    """Sizes and places of the persons of a frame.

    Args:
        regions_xywha: (n, 5) x, y, width, height and pixels of each human region.
        height: of the frame, px.
        width: of the frame, px.
    """
    if not len(regions_xywha):
        return NOBODY
    tallest = regions_xywha[:, 3].max()
    persons = regions_xywha[regions_xywha[:, 3] >= PERSON_OF_TALLEST * tallest]
    x, y, w, h, area = persons.T.astype(np.float64)
    edge = np.floor(EDGE_SHARE * min(height, width))
    above, below = y <= edge, y + h >= height - edge
    beside = (x <= edge) | (x + w >= width - edge)
    weight = area / area.sum()
    whole = ~(above | below)
    largest = np.argsort(-area[whole], kind="stable")[:COMPARED_PERSONS]
    return PersonSizes(
        person_regions=len(persons),
        largest_person_share=float(area.max()) / (height * width),
        headroom_share=float(y[np.argmax(h)]) / height,
        cut_share=float(weight[above | below | beside].sum()),
        head_cut_share=float(weight[above].sum()),
        ground_agreement=_ground_agreement(
            (y + h)[whole][largest] / height, h[whole][largest] / height
        ),
    )


def _ground_agreement(foot_row: FloatArray, tall: FloatArray) -> float | None:
    """Share of the pairs in which the lower is the taller; equally tall ones count half."""
    one, two = np.triu_indices(len(foot_row), 1)
    lower, taller = foot_row[one] - foot_row[two], tall[one] - tall[two]
    apart = np.abs(lower)
    apart[apart <= SAME_ROW_SHARE] = 0.0
    total = float(apart.sum())
    if total == 0.0:
        return None
    return float((apart * (1.0 + np.sign(lower * taller))).sum()) / (2.0 * total)
