"""Since when a camera shows another scene: a change point over the small views of its days.

A view is compared with those of the days before it. The scene has changed where every day before
some day differs and none after it does, by a step: the days next to that day differ from it too, so
that a season, which no two neighbouring days show, is followed instead. A day or two of something
else between days alike, as of fog, is an episode: left out of the normal, and no change.

A view that is displaced or veiled is believed at once. Something else in a part of the view must
be there on a second day and lie where the days before did not differ among themselves: a car parks
for a day, and a car park differs every day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from camera_analysis.normal.scene_views import (
    CHANGED,
    BoolImage,
    GreyImage,
    Kind,
    SceneLimits,
    ViewDifference,
    compare_views,
    solid_parts,
)

Status = Literal["as_learned", "suspected", "changed"]

AS_LEARNED: Status = "as_learned"
SUSPECTED: Status = "suspected"
SCENE_CHANGED: Status = "changed"

#: Days before a change that bear witness; more would make every place one that has differed.
WITNESSES = 7
#: Fewer days do not show what usually differs from day to day in a part of the view.
LEAST_WITNESSES = 3
#: Share of the witnesses that a place must differ from.
MAJORITY = 0.5
#: A change of a part is larger than this many times what changes from day to day, by the median.
BEYOND_USUAL = 2.0
#: Days before a change that must differ from its first day; a slow change differs from none.
STEP_DAYS = 3


@dataclass(frozen=True, kw_only=True)
class SceneChange:
    """What the views of a window say of the judged day.

    Args:
        status: "changed" blocks the judging; "suspected" waits for a second day.
        kind: "moved", "veiled" or "changed"; "" where the scene is as it was learned.
        since: first day that shows the new scene; "" where nothing changed.
        before: days that show the old scene, ascending.
        left_out: day -> kind, of days whose scene is neither the judged one nor to be learned.
        difference: the judged view against the last day before; None where nothing changed.
        box_xyxy: of the changed part, as shares of width and height in [0, 1]; the whole view
            where it is displaced or veiled; None where nothing changed.
        changed_share: of the view, where no day before differed; 1 for the whole view.
        by_day: every compared day's difference to the judged view.
    """

    status: Status
    kind: Kind
    since: str
    before: tuple[str, ...]
    left_out: Mapping[str, Kind]
    difference: ViewDifference | None
    box_xyxy: tuple[float, float, float, float] | None
    changed_share: float
    by_day: Mapping[str, ViewDifference]


def find_change(
    day: str, view: GreyImage, history: Mapping[str, GreyImage], limits: SceneLimits
) -> SceneChange:
    """Compare the view of a day with those of the days before it.

    Args:
        day: the judged day, "YYYY-MM-DD".
        view: its (H, W) uint8 view.
        history: day -> view, of days before it; one of another size is another resolution, which
            adding up the counts refuses, and is not compared.
        limits: when two views differ.

    Raises:
        ValueError: the history holds the judged day or a later one.
    """
    if any(other >= day for other in history):
        raise ValueError(f"day {day} is compared with itself or a later day: {sorted(history)}")
    views = {d: history[d] for d in sorted(history) if history[d].shape == view.shape}
    by_day = {d: compare_views(seen, view, limits) for d, seen in views.items()}
    kinds: dict[str, Kind] = {d: found.kind(limits) for d, found in by_day.items()}
    first_alike = next((d for d in views if not kinds[d]), day)
    before = [d for d in views if d < first_alike]
    episodes = _episodes({d: kind for d, kind in kinds.items() if d > first_alike})
    unchanged = _unchanged(episodes, by_day)
    if not before:
        return unchanged
    arrived = view if first_alike == day else views[first_alike]
    steps = [compare_views(views[d], arrived, limits).kind(limits) for d in before[-STEP_DAYS:]]
    if not all(steps):
        return unchanged
    if CHANGED in steps:
        if _went_back(
            before[-1], [d for d in kinds if d > first_alike and kinds[d]], views, limits
        ):
            return unchanged
        confirmed = first_alike != day
        return _part_changed(
            first_alike, confirmed, before[-WITNESSES:], views, view, limits, unchanged
        )
    kind = steps[-1]
    return SceneChange(
        status=SCENE_CHANGED,
        kind=kind,
        since=first_alike,
        before=tuple(before),
        left_out=episodes | {d: kinds[d] for d in before},
        difference=by_day[before[-1]],
        box_xyxy=(0.0, 0.0, 1.0, 1.0),
        changed_share=1.0,
        by_day=by_day,
    )


def _episodes(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """Days between days alike that are not to be learned: another view, or blocked days.

    A part that differs on a single day was not believed then, and its day was judged: it counts.
    """
    found = ["", *kinds.values(), ""]
    return {
        d: kind
        for (d, kind), earlier, later in zip(kinds.items(), found, found[2:], strict=False)
        if kind and (kind != CHANGED or CHANGED in (earlier, later))
    }


def _unchanged(episodes: Mapping[str, Kind], by_day: Mapping[str, ViewDifference]) -> SceneChange:
    return SceneChange(
        status=AS_LEARNED,
        kind="",
        since="",
        before=(),
        left_out=episodes,
        difference=None,
        box_xyxy=None,
        changed_share=0.0,
        by_day=by_day,
    )


def _went_back(
    before: str, unlike: Sequence[str], views: Mapping[str, GreyImage], limits: SceneLimits
) -> bool:
    """Whether a later day shows what the last day before shows: light that comes and goes."""
    return any(not compare_views(views[before], views[d], limits).kind(limits) for d in unlike)


def _part_changed(
    since: str,
    confirmed: bool,
    witnesses: Sequence[str],
    views: Mapping[str, GreyImage],
    view: GreyImage,
    limits: SceneLimits,
    unchanged: SceneChange,
) -> SceneChange:
    """A part that differs from most witnesses, where no two of them in a row differ."""
    if len(witnesses) < LEAST_WITNESSES:
        return unchanged
    usual = _changes_of_neighbours([views[d] for d in witnesses], limits)
    unsteady = np.logical_or.reduce(usual)
    other = np.mean([unchanged.by_day[d].other_hw for d in witnesses], axis=0) > MAJORITY
    changed = solid_parts(other & ~unsteady, limits)
    share, usual_share = float(changed.mean()), float(np.median([one.mean() for one in usual]))
    if share < max(limits.changed_share, BEYOND_USUAL * usual_share):
        return unchanged
    return SceneChange(
        status=SCENE_CHANGED if confirmed else SUSPECTED,
        kind=CHANGED,
        since=since,
        before=tuple(d for d in views if d < since),
        left_out=unchanged.left_out,
        difference=unchanged.by_day[witnesses[-1]],
        box_xyxy=_box_of(changed),
        changed_share=share,
        by_day=unchanged.by_day,
    )


def _changes_of_neighbours(views: Sequence[GreyImage], limits: SceneLimits) -> list[BoolImage]:
    """(H, W) places that differ, of each two neighbouring days; none where the view is another."""
    found = [compare_views(earlier, later, limits) for earlier, later in pairwise(views)]
    return [one.changed_hw & (one.kind(limits) in ("", CHANGED)) for one in found]


def _box_of(changed: npt.NDArray[np.bool_]) -> tuple[float, float, float, float]:
    height, width = changed.shape
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return (
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )
