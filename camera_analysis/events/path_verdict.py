"""What the walks of a day say beside those of its window: which take a path nobody took before.

Walks are judged after the day, each as a whole. Their alarms have a share of the day's budget of
false alarms of their own, and the channels have the rest: a walk with p-value p among W walks of
the day alarms where ``p * W`` is at most that share, so that a normal day has at most that many
such alarms in the mean, and p is small, so that on a day of few walks a usual one stays silent.
Bits are -log2 of the expected number, p * W, per judged frame, the unit of the channels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from camera_analysis.events.alarm_budget import rate_interval
from camera_analysis.tracks.path_evidence import (
    JudgedWalk,
    UsualWays,
    alarms_allowed,
    usual_ways,
    what_departs,
)
from camera_analysis.tracks.walks import read_walks, read_walks_meta

#: Why walks are no evidence, or that they are.
JUDGED, NOT_TRACKED, NO_HISTORY, TOO_FEW = "judged", "not_tracked", "no_history", "too_few"
NOT_ASKED = "not_asked"  # no share of the false alarms is theirs
#: Walks of a day that are put into words and become events, at most: the rest of a day on which
#: the way is closed are of one cause, and are counted.
MOST_EVENTS = 100


@dataclass(frozen=True, kw_only=True)
class PathSummary:
    """What was promised and seen of a day's walks.

    Args:
        status: "judged", or why not: "not_tracked", "not_asked", "no_history" or "too_few".
        walks: of the day.
        usual_walks: of the window; where walks are judged, those that calibrate.
        days: they are of.
        alarms_per_day: walks that may alarm by chance on a normal day; 0 where none can.
        measured: walks a day of the window that would have, each day judged by the others.
        low: least rate that these are compatible with, 95 %.
        high: largest.
        unusual: walks of the day that alarm.
        without_event: of them, those that are counted alone; their frames alarm all the same.
    """

    status: str
    walks: int = 0
    usual_walks: int = 0
    days: int = 0
    alarms_per_day: float = 0.0
    measured: float = 0.0
    low: float = 0.0
    high: float = 0.0
    unusual: int = 0
    without_event: int = 0


@dataclass(frozen=True)
class PathVerdict:
    """The walks of a day, judged; none where they are no evidence."""

    summary: PathSummary
    walks: tuple[JudgedWalk, ...] = ()
    usual: UsualWays | None = None

    @property
    def is_evidence(self) -> bool:
        """Whether any walk could alarm, so that walks take their share of the budget."""
        return self.summary.status == JUDGED

    @property
    def unusual(self) -> list[JudgedWalk]:
        """The walks that alarm, in the order of time."""
        found = [one for one in self.walks if self._expected(one) <= self.summary.alarms_per_day]
        return sorted(found, key=lambda one: (one.walk.start, one.walk.track_id))

    @property
    def told(self) -> list[JudgedWalk]:
        """Of those, the ones that become events, in the order of time: the most unlike."""
        unlike = sorted(self.unusual, key=lambda one: (-one.distance, one.walk.track_id))
        return sorted(unlike[:MOST_EVENTS], key=lambda one: (one.walk.start, one.walk.track_id))

    def bits(self, one: JudgedWalk, frames: int) -> float:
        """-log2 of the walks as unlike that a normal day has, per judged frame; at least 0."""
        return max(0.0, float(np.log2(max(frames, 1) / self._expected(one))))

    def words(self, one: JudgedWalk) -> str:
        """What is unusual, without a subject."""
        if self.usual is None:
            return ""
        as_unlike = round(one.p * (self.usual.walks + 1)) - 1
        behind = f"{self.usual.walks:,} walks of {self.usual.days} days"
        rare = (
            f"none of {behind} is as unlike the others"
            if not as_unlike
            else f"{as_unlike} of {behind} {'is' if as_unlike == 1 else 'are'} as unlike the others"
        )
        took, as_nobody = _TOOK[what_departs(one.walk, self.usual.compared)]
        return f"{took if as_unlike else as_nobody}, {_from_to(one)}; {rare}"

    def _expected(self, one: JudgedWalk) -> float:
        return one.p * len(self.walks)


#: What departs -> in words, where a walk before was as unlike the others, and where none was.
_TOOK = {
    "place": ("left the usual paths", "took a path nobody took before"),
    "direction": (
        "went the usual way backwards",
        "went the usual way backwards, as nobody did before",
    ),
    "order": (
        "turned back or cut across",
        "turned back or cut across, as nobody did before",
    ),
    "pace": (
        "took a usual path at an unusual pace",
        "took a usual path at another pace than anybody before",
    ),
}


def judge_paths(trajectories: Path | None, normal_dir: Path, alarms_per_day: float) -> PathVerdict:
    """Judge the walks of a day by those of the window of its normal.

    Args:
        trajectories: folder of the day's; None where it has none.
        normal_dir: folder of the learned normal.
        alarms_per_day: walks that may alarm by chance on a normal day.
    """
    meta = read_walks_meta(trajectories) if trajectories else None
    if trajectories is None or meta is None:
        return PathVerdict(PathSummary(status=NOT_TRACKED))
    walks = read_walks(trajectories)
    if not alarms_per_day:
        return PathVerdict(PathSummary(status=NOT_ASKED, walks=len(walks)))
    if read_walks_meta(normal_dir) != meta:  # none, or another segmenter, size or rate
        return PathVerdict(PathSummary(status=NO_HISTORY, walks=len(walks)))
    window = read_walks(normal_dir)
    usual = usual_ways(window)
    allowed = alarms_allowed(len(walks), alarms_per_day)
    if not usual.can_tell(len(walks), allowed):
        days = len({walk.day for walk in window})
        few = PathSummary(status=TOO_FEW, walks=len(walks), usual_walks=len(window), days=days)
        return PathVerdict(few)
    past, judged = usual.past_alarms(alarms_per_day), tuple(usual.judge(walks))
    low, high = rate_interval(past, usual.days)
    summary = PathSummary(
        status=JUDGED,
        walks=len(walks),
        usual_walks=usual.walks,
        days=usual.days,
        alarms_per_day=allowed,
        measured=past / usual.days,
        low=low,
        high=high,
    )
    verdict = PathVerdict(summary, judged, usual)
    unusual = len(verdict.unusual)
    counted_alone = unusual - len(verdict.told)
    return replace(verdict, summary=replace(summary, unusual=unusual, without_event=counted_alone))


def _from_to(one: JudgedWalk) -> str:
    walk = one.walk
    begin, end = (
        f"zone {zone}" if zone else f"point {x:.0f}, {y:.0f}"
        for zone, (x, y) in zip(
            (walk.entry_zone, walk.exit_zone), walk.feet_xy[[0, -1]].tolist(), strict=True
        )
    )
    return f"from {begin} to {end}"
