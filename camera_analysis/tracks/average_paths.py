"""Ways through a view: walks alike are one average path, and how unlike the others a walk is.

A walk is a track that leads somewhere. It is compared by 16 points at equal shares of its length;
the distance of two walks is the mean distance of their points in body heights, so that near and far
count alike:

    d(a, b) = mean_k |a_k - b_k| / sqrt(h_a h_b)

Walks there and back are far from each other: the points are compared in the order of time. Average
linkage (UPGMA) joins walks while the mean distance of two groups is below one body height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera_analysis.tracks.track_tables import Track, evenly_spread

FloatArray = npt.NDArray[np.float64]
IntVector = npt.NDArray[np.int64]

#: Points by which walks are compared.
PATH_POINTS = 16
#: A walk lasts at least so long, and leads at least so many body heights away from where it began:
#: twice the walker's own width. Along the line of sight it is a way of several metres.
LEAST_WALK_S, LEAST_WALK_HEIGHTS = 1.0, 0.75
#: Body heights between groups of walks that are one path.
ONE_PATH = 1.0
#: Walks, and their share, from which a group is a path; the others go ways of their own.
LEAST_WALKS, LEAST_WALKS_SHARE = 3, 0.02
#: Walks that are clustered: all pairs are compared. Of more, so many are taken, evenly spread.
MOST_COMPARED = 1500
#: A walk is as unlike the others as the k-th nearest of them is far.
NEIGHBOURS = 3
NO_PATH = -1


@dataclass(frozen=True, kw_only=True)
class AveragePath:
    """Walks that go the same way.

    Args:
        points_xy: (16, 2) mean of their points, in label-map pixels.
        walks: how many.
        height_px: mean height of the walkers.
    """

    points_xy: FloatArray
    walks: int
    height_px: float


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The walks of a day, sorted into paths.

    Args:
        paths: the most walked first.
        path_n: (N,) number of each walk's path in ``paths``, -1 for a way of its own.
        unusual_p: (N,) share of the walks, itself included, that are at least as far from their
            third-nearest neighbour; NaN where there are too few to say.
        distance_n: (N,) that distance in body heights; NaN where there are too few.
    """

    paths: tuple[AveragePath, ...]
    path_n: IntVector
    unusual_p: FloatArray
    distance_n: FloatArray


def is_walk(track: Track) -> bool:
    """Whether a track leads somewhere."""
    feet = track.way_xy
    way = float(np.linalg.norm(feet - feet[0], axis=1).max())
    return track.seconds >= LEAST_WALK_S and way >= LEAST_WALK_HEIGHTS * track.height_px


def resampled(feet_xy: FloatArray, points: int = PATH_POINTS) -> FloatArray:
    """(points, 2) at equal shares of the length of the way through (N, 2) points, ends included."""
    return at_equal_lengths(feet_xy, feet_xy, points)


def at_equal_lengths(
    feet_xy: FloatArray, values_nk: FloatArray, points: int = PATH_POINTS
) -> FloatArray:
    """(points, K) of (N, K) values at equal shares of the length of the way through (N, 2) points.

    Of a way that has no length, the values where it begins.
    """
    steps = np.linalg.norm(np.diff(feet_xy, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if along[-1] == 0:
        return np.repeat(values_nk[:1], points, axis=0)
    at = np.linspace(0.0, along[-1], points)
    return np.column_stack([np.interp(at, along, side) for side in values_nk.T])


def find_ways(walks_xy: Sequence[FloatArray], heights_px: Sequence[float]) -> Ways:
    """Sort walks into average paths.

    Args:
        walks_xy: (16, 2) points of each walk.
        heights_px: body height of each.
    """
    count = len(walks_xy)
    if not count:
        nothing = np.zeros(0)
        return Ways(
            paths=(), path_n=np.zeros(0, np.int64), unusual_p=nothing, distance_n=nothing.copy()
        )
    points = np.stack(walks_xy)
    heights = np.asarray(heights_px, np.float64)
    chosen = evenly_spread(count, MOST_COMPARED)
    between = path_distances(points[chosen], heights[chosen], points[chosen], heights[chosen])
    groups = _groups(between, max(LEAST_WALKS, LEAST_WALKS_SHARE * len(chosen)))
    paths = tuple(
        AveragePath(
            points_xy=points[chosen[group]].mean(axis=0),
            walks=0,
            height_px=float(heights[chosen[group]].mean()),
        )
        for group in groups
    )
    path_n = _nearest_paths(points, heights, paths)
    by_walks = np.argsort(
        [-(path_n == number).sum() for number in range(len(paths))], kind="stable"
    )
    rank = {int(old): new for new, old in enumerate(by_walks)}
    path_n = np.array([rank.get(int(old), NO_PATH) for old in path_n], np.int64)
    distance_n, unusual_p = _unlikeness(points, heights, chosen, between)
    return Ways(
        paths=tuple(
            AveragePath(
                points_xy=paths[old].points_xy,
                walks=int((path_n == new).sum()),
                height_px=paths[old].height_px,
            )
            for new, old in enumerate(by_walks.tolist())
        ),
        path_n=path_n,
        unusual_p=unusual_p,
        distance_n=distance_n,
    )


def path_distances(
    a_nk2: FloatArray, a_heights: FloatArray, b_mk2: FloatArray, b_heights: FloatArray
) -> FloatArray:
    """(N, M) distances in body heights of walks of (N, K, 2) and (M, K, 2) points."""
    total = np.zeros((len(a_nk2), len(b_mk2)))
    for k in range(a_nk2.shape[1]):  # one point at a time: all at once would not fit in memory
        off = a_nk2[:, None, k] - b_mk2[None, :, k]
        total += np.hypot(off[..., 0], off[..., 1])
    return np.asarray(
        total / a_nk2.shape[1] / np.sqrt(a_heights[:, None] * b_heights[None]), np.float64
    )


def average_linkage(between: FloatArray, nearer: float) -> list[IntVector]:
    """Members of the groups that UPGMA joins while their mean distance is small enough.

    Args:
        between: (N, N) symmetric distances, 0 on the diagonal; N is 2 or more.
        nearer: groups at most so far apart are joined.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    tree = linkage(squareform(between, checks=False), method="average")
    label_n = fcluster(tree, nearer, criterion="distance")
    return [np.flatnonzero(label_n == label) for label in np.unique(label_n)]


def _groups(between: FloatArray, least: float) -> list[IntVector]:
    """Members of each group that is large enough, by average linkage."""
    if len(between) < LEAST_WALKS:
        return []
    symmetric = (between + between.T) / 2
    np.fill_diagonal(symmetric, 0.0)
    return [group for group in average_linkage(symmetric, ONE_PATH) if len(group) >= least]


def _nearest_paths(
    points: FloatArray, heights: FloatArray, paths: Sequence[AveragePath]
) -> IntVector:
    """(N,) the nearest path within its reach, else ``NO_PATH``."""
    if not paths:
        return np.full(len(points), NO_PATH, np.int64)
    means = np.stack([path.points_xy for path in paths])
    mean_heights = np.array([path.height_px for path in paths])
    to_paths = path_distances(points, heights, means, mean_heights)
    near = to_paths.min(axis=1) <= ONE_PATH
    return np.where(near, to_paths.argmin(axis=1), NO_PATH).astype(np.int64)


def _unlikeness(
    points: FloatArray, heights: FloatArray, chosen: npt.NDArray[np.intp], between: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Distance of each walk to its third-nearest among the chosen, and its rank among them."""
    count = len(points)
    if len(chosen) < 2 * NEIGHBOURS + 1:
        return np.full(count, np.nan), np.full(count, np.nan)
    others = between.copy()
    np.fill_diagonal(others, np.inf)
    of_chosen = np.sort(others, axis=1)[:, NEIGHBOURS - 1]
    distance_n = np.empty(count)
    distance_n[chosen] = of_chosen
    rest = np.setdiff1d(np.arange(count), chosen)
    if rest.size:
        away = path_distances(points[rest], heights[rest], points[chosen], heights[chosen])
        distance_n[rest] = np.sort(away, axis=1)[:, NEIGHBOURS - 1]
    ordered = np.sort(distance_n)
    at_least = count - np.searchsorted(ordered, distance_n, side="left")
    return distance_n, np.asarray(at_least / count, np.float64)
