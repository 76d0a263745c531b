"""How unlike the walks of other days a walk is, and how rarely usual walks are as unlike.

A walk is usual where some earlier walk went through the same places in the same order at about the
same pace. Its distance to another walk is that of the best alignment that never goes back:

    d(a, b) = min over j_1 <= ... <= j_16 of mean_i c(i, j_i)
    c(i, j)^2 = |a_i - b_j|^2 / (h_i h_j) + |v_i - v_j|^2 / (2 max(|v_i|, |v_j|))^2

with a_i its points, b_j the legs between the points of the other, h body heights and v velocities
there: to go the other way counts like one body height aside, to go twice as fast like a quarter.
The other walk need not be covered from end to end: of many walks
only a part is seen, for the tracker loses people, and part of a usual way is usual. Somebody who
turns back, goes the other way or leaves one usual way for another can be aligned with none.

The score of a walk is the distance to its nearest walk of any other day. Scores of walks of the
window, each against the other days alone, calibrate it: the conformal p-value of a new walk is
(k + 1) / (n + 1), k of n window walks being at least as unlike (cross-conformal prediction; Vovk
2015). The new walk has one day more to be like than they had, which makes it no larger: the p-value
errs to the safe side. A whole day is left out, since people of a day come back the way they went.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera_analysis.tracks.track_tables import FloatArray, evenly_spread
from camera_analysis.tracks.walks import Walk

Costs = npt.NDArray[np.float32]

#: Days of walks from which one can be left out.
LEAST_DAYS = 2
#: Usual walks as unlike as one that alarms, as a share of all, at most: of a day of one walk its
#: share of the day's false alarms alone would let the more unlike half of all usual walks alarm.
MOST_P = 0.05
#: Walks that others are compared with, and walks that calibrate, at most: evenly spread over the
#: window.
MOST_COMPARED, MOST_CALIBRATING = 500, 4_000
#: Body heights that the opposite velocity is aside, halved: velocities differ by up to twice.
VELOCITY = 0.5
#: Slower than so many body heights a second is standing, whichever way the feet seem to drift.
STANDING = 0.2
#: Pairs of walks aligned at a time: arrays that stay in the processor's cache.
_PAIRS = 500
#: Body heights from every earlier way, an arm's length: nobody walked there.
ASIDE = 0.5
#: With this part of its distance left without velocities, a walk differs by these.
PACE_SHARE = 0.25


@dataclass(frozen=True)
class JudgedWalk:
    """A walk of a day against those of other days.

    Args:
        walk: which.
        distance: to the nearest walk of another day.
        p: share of usual walks that are as unlike, itself counted.
        point: of its 16, the one that departs most from the nearest walk.
    """

    walk: Walk
    distance: float
    p: float
    point: int


@dataclass(frozen=True)
class UsualWays:
    """The walks of a window, calibrated.

    Attributes:
        compared: those that a walk is compared with.
        scores: day -> (n,) distances of its walks, each against the other days.
    """

    compared: tuple[Walk, ...]
    scores: Mapping[str, FloatArray]

    @property
    def days(self) -> int:
        """Days that calibrate."""
        return len(self.scores)

    @property
    def walks(self) -> int:
        """Walks that calibrate."""
        return sum(len(scores) for scores in self.scores.values())

    def can_tell(self, walks: int, alarms: float) -> bool:
        """Whether a day of so many walks could alarm, with so many false alarms expected of it."""
        return self.days >= LEAST_DAYS and walks <= alarms * (self.walks + 1)

    def past_alarms(self, alarms: float) -> int:
        """Walks of the window that would have alarmed, each day judged by the others."""
        return sum(
            int((_p_values(scores, self._every(without=day)) * len(scores) <= allowed).sum())
            for day, scores in self.scores.items()
            if (allowed := alarms_allowed(len(scores), alarms))
        )

    def judge(self, walks: Sequence[Walk]) -> list[JudgedWalk]:
        """Each walk against those of the window, which are of other days."""
        if not walks:
            return []
        distances = distances_between(walks, self.compared)
        nearest = distances.argmin(axis=1)
        found = distances[np.arange(len(walks)), nearest]
        p_values = _p_values(found, self._every())
        return [
            JudgedWalk(
                walk=walk,
                distance=float(found[number]),
                p=float(p_values[number]),
                point=_departing(walk, self.compared[nearest[number]]),
            )
            for number, walk in enumerate(walks)
        ]

    def _every(self, *, without: str = "") -> FloatArray:
        """Scores of all days but one."""
        kept = [scores for day, scores in self.scores.items() if day != without]
        return np.concatenate([np.zeros(0), *kept])


def alarms_allowed(walks: int, alarms: float) -> float:
    """Alarms by chance of a normal day of so many walks, where a day may have ``alarms``."""
    return min(alarms, MOST_P * walks)


def usual_ways(window: Sequence[Walk]) -> UsualWays:
    """Calibrate the walks of a window: every walk against those of the other days.

    Args:
        window: walks of earlier days; with fewer than two days nothing is calibrated.
    """
    compared = _spread(window, MOST_COMPARED)
    scores = {}
    calibrating = _spread(window, MOST_CALIBRATING)
    for day in sorted({walk.day for walk in calibrating}):
        others = [walk for walk in compared if walk.day != day]
        left_out = [walk for walk in calibrating if walk.day == day]
        if others:
            scores[day] = distances_between(left_out, others).min(axis=1)
    return UsualWays(tuple(compared), scores)


def distances_between(walks: Sequence[Walk], others: Sequence[Walk]) -> FloatArray:
    """(N, M) distances of walks to others by the best alignment that never goes back.

    Args:
        walks: N of them, each looked for as a part of the others.
        others: M of them.
    """
    rows = max(1, _PAIRS // max(len(others), 1))
    parts = [_aligned(walks[at : at + rows], others) for at in range(0, len(walks), rows)]
    return np.concatenate([np.zeros((0, len(others))), *parts])


def what_departs(walk: Walk, window: Sequence[Walk]) -> str:
    """In what a walk differs: "place", "direction", "order" or "pace".

    A place is new where a foot stood an arm's length aside of every earlier way. A way whose places
    are usual in order differs in pace; one whose reverse is, in direction.
    """
    costs = _leg_costs(_Ways((walk,)), _Ways(window), moving=False)  # (1, M, 16, 15)
    aside = costs.min(axis=(0, 1, 3))  # (16,) to any way
    if aside.max() >= ASIDE:
        return "place"
    there, back = float(_best(costs).min()), float(_best(costs[:, :, ::-1]).min())
    if there <= PACE_SHARE * float(distances_between([walk], window).min()):
        return "pace"
    return "direction" if back <= there / 2 else "order"


class _Ways:
    """Walks as arrays: x and y of (N, 16) points and (N, 15) legs; bodies and velocities there."""

    def __init__(self, walks: Sequence[Walk]) -> None:
        points = np.stack([walk.feet_xy for walk in walks]).astype(np.float32)
        self.bodies = np.maximum(np.stack([walk.body_px for walk in walks]), 1.0)
        self.bodies = self.bodies.astype(np.float32)
        after = np.stack([walk.after_s for walk in walks]).astype(np.float32)
        legs = np.diff(points, axis=1)
        velocities = legs / np.maximum(np.diff(after, axis=1), 1e-3)[..., None]
        padded = np.pad(velocities, ((0, 0), (1, 1), (0, 0)), mode="edge")
        self.points = np.moveaxis(points, 2, 0)
        self.legs = np.moveaxis(legs, 2, 0)
        self.leg_bodies = (self.bodies[:, :-1] + self.bodies[:, 1:]) / 2
        self.leg_velocities = np.moveaxis(velocities, 2, 0)
        self.velocities = np.moveaxis((padded[:, :-1] + padded[:, 1:]) / 2, 2, 0)


def _aligned(walks: Sequence[Walk], others: Sequence[Walk]) -> Costs:
    return _best(_leg_costs(_Ways(walks), _Ways(others), moving=True))


def _leg_costs(a: _Ways, b: _Ways, *, moving: bool) -> Costs:
    """(N, M, 16, 15) costs of points of a at legs of b; ``moving`` counts velocities too."""
    at, start = a.points[:, :, None, :, None], b.points[:, None, :, None, :-1]
    leg = b.legs[:, None, :, None]
    off_x, off_y = at[0] - start[0], at[1] - start[1]
    along = off_x * leg[0] + off_y * leg[1]
    along /= np.maximum(leg[0] ** 2 + leg[1] ** 2, 1e-6)
    np.clip(along, 0.0, 1.0, out=along)
    off_x -= along * leg[0]
    off_y -= along * leg[1]
    square = off_x**2 + off_y**2
    body = a.bodies[:, None, :, None] * b.leg_bodies[None, :, None]  # squared
    square /= body
    if moving:
        one, other = a.velocities[:, :, None, :, None], b.leg_velocities[:, None, :, None]
        apart = (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2
        faster = np.maximum(one[0] ** 2 + one[1] ** 2, other[0] ** 2 + other[1] ** 2)
        apart /= np.maximum(faster, STANDING**2 * body)
        square += VELOCITY**2 * apart
    return np.asarray(np.sqrt(square), np.float32)


def _best(costs: Costs) -> Costs:
    """(N, M) mean cost of the best alignment, by dynamic programming over (N, M, 16, 15)."""
    total = costs[:, :, 0]
    for point in range(1, costs.shape[2]):
        total = costs[:, :, point] + np.minimum.accumulate(total, axis=2)
    return np.asarray(total.min(axis=2) / costs.shape[2], np.float32)


def _departing(walk: Walk, other: Walk) -> int:
    """The point farthest from where the best alignment puts it."""
    cost = _leg_costs(_Ways((walk,)), _Ways((other,)), moving=True)[0, 0]
    totals = [cost[0]]
    for row in cost[1:]:
        totals.append(row + np.minimum.accumulate(totals[-1]))
    leg, found = cost.shape[1] - 1, np.zeros(len(cost))
    for point in range(len(cost) - 1, -1, -1):
        leg = int(totals[point][: leg + 1].argmin())
        found[point] = cost[point, leg]
    return int(found.argmax())


def _spread(walks: Sequence[Walk], most: int) -> list[Walk]:
    """At most so many of them, evenly spread."""
    return [walks[number] for number in evenly_spread(len(walks), most).tolist()]


def _p_values(distances: FloatArray, usual: FloatArray) -> FloatArray:
    """Conformal p-values: share of the usual distances, one's own among them, that are as large."""
    at_least = usual.size - np.searchsorted(np.sort(usual), distances, side="left")
    return np.asarray((at_least + 1) / (usual.size + 1), np.float64)
