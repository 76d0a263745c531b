"""Where walks begin and end: entry and exit zones, and how many went from which to which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera_analysis.tracks.average_paths import MOST_COMPARED, average_linkage
from camera_analysis.tracks.track_tables import Track, evenly_spread

FloatArray = npt.NDArray[np.float64]

#: Body heights between ends of walks that lie in one zone.
ONE_ZONE = 1.5
#: Ends, and their share, from which a group of them is a zone.
LEAST_ENDS, LEAST_ENDS_SHARE = 3, 0.04
#: Names of zones; a view with more of them has no zones worth naming.
LETTERS = "ABCDEFGHIJKL"
#: Body heights: ends that all lie in one point still have a zone around them.
LEAST_RADIUS = 0.3
#: Name of what is no zone, in a matrix.
ELSEWHERE = "elsewhere"
#: A track that ends within so many seconds and body heights of another's start was lost.
BREAK_S, BREAK_HEIGHTS = 3.0, 1.5


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A place where walks begin or end: the middle and radius of nine tenths of the ends in it."""

    name: str
    centre_xy: tuple[float, float]
    radius_px: float
    entries: int
    exits: int


@dataclass(frozen=True)
class Breaks:
    """Which tracks end beside another one that begins shortly after, and the other way round."""

    starts_n: npt.NDArray[np.bool_]
    ends_n: npt.NDArray[np.bool_]


def find_breaks(tracks: Sequence[Track]) -> Breaks:
    """Ends that are no exits: the tracker lost someone, and found them again as another track.

    Each start is matched with at most one end, the nearest in time.
    """
    starts = np.zeros(len(tracks), bool)
    ends = np.zeros(len(tracks), bool)
    by_start = sorted(range(len(tracks)), key=lambda number: int(tracks[number].times_us[0]))
    start_us = np.array([int(tracks[number].times_us[0]) for number in by_start])
    for number in sorted(range(len(tracks)), key=lambda n: int(tracks[n].times_us[-1])):
        end_us, foot = int(tracks[number].times_us[-1]), tracks[number].feet_xy[-1]
        first = int(np.searchsorted(start_us, end_us, side="right"))
        last = int(np.searchsorted(start_us, end_us + BREAK_S * 1e6, side="right"))
        for other in by_start[first:last]:
            reach = BREAK_HEIGHTS * tracks[number].height_px
            away = float(np.linalg.norm(tracks[other].feet_xy[0] - foot))
            if not starts[other] and away <= reach:
                starts[other] = ends[number] = True
                break
    return Breaks(starts, ends)


def find_zones(
    starts_xy: FloatArray, ends_xy: FloatArray, heights_px: FloatArray
) -> tuple[tuple[Zone, ...], list[str | None], list[str | None]]:
    """Zones, and the zone of each walk's start and end; None for those in none.

    Ends are joined by average linkage while groups are less than 1.5 body heights apart. Zones are
    named A, B, ... by the number of ends in them.

    Args:
        starts_xy: (N, 2) first point of each walk; NaN for one that is no entry.
        ends_xy: (N, 2) last point; NaN for one that is no exit.
        heights_px: (N,) body heights.
    """
    points = np.concatenate([starts_xy, ends_xy])
    heights = np.concatenate([heights_px, heights_px])
    known = np.flatnonzero(~np.isnan(points[:, 0]))
    groups = _groups(points, heights, known)
    centres = [points[group].mean(axis=0) for group in groups]
    radii = [
        max(
            float(np.quantile(np.linalg.norm(points[group] - centre, axis=1), 0.9)),
            LEAST_RADIUS * float(heights[group].mean()),
        )
        for group, centre in zip(groups, centres, strict=True)
    ]
    zone_n = np.full(len(points), -1)
    for number, group in enumerate(groups):
        zone_n[group] = number
    for end in known[zone_n[known] < 0].tolist():  # ends that were not compared, or stray
        away = [float(np.linalg.norm(points[end] - centre)) for centre in centres]
        inside = [number for number, one in enumerate(away) if one <= radii[number]]
        zone_n[end] = min(inside, key=away.__getitem__, default=-1)
    zones = tuple(
        Zone(
            name=LETTERS[number],
            centre_xy=(float(centre[0]), float(centre[1])),
            radius_px=radius,
            entries=int((zone_n[: len(starts_xy)] == number).sum()),
            exits=int((zone_n[len(starts_xy) :] == number).sum()),
        )
        for number, (centre, radius) in enumerate(zip(centres, radii, strict=True))
    )
    named = [LETTERS[number] if number >= 0 else None for number in zone_n.tolist()]
    return zones, named[: len(starts_xy)], named[len(starts_xy) :]


def origin_destination(
    entries: Sequence[str | None], exits: Sequence[str | None], zones: Sequence[Zone]
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Names, zones and then ``elsewhere``, and (n, n) walks from each (row) to each (column)."""
    names = [*(zone.name for zone in zones), ELSEWHERE]
    place = {name: number for number, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)), np.int64)
    for entry, leave in zip(entries, exits, strict=True):
        matrix[place[entry or ELSEWHERE], place[leave or ELSEWHERE]] += 1
    return names, matrix


def _groups(
    points: FloatArray, heights: FloatArray, known: npt.NDArray[np.intp]
) -> list[npt.NDArray[np.intp]]:
    """Members of each group that is large enough, the largest first."""
    if len(known) < LEAST_ENDS:
        return []
    some = known[evenly_spread(len(known), MOST_COMPARED)]
    off = points[some][:, None] - points[some][None]
    apart = np.hypot(off[..., 0], off[..., 1]) / np.sqrt(heights[some][:, None] * heights[some])
    members = [some[group] for group in average_linkage(apart, ONE_ZONE)]
    least = max(LEAST_ENDS, LEAST_ENDS_SHARE * len(some))
    large = [group for group in members if len(group) >= least]
    return sorted(large, key=lambda group: (-len(group), int(group[0])))[: len(LETTERS)]
