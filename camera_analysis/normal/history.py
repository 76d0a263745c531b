"""Which days of a window may judge a day: those of its segmenter that show its scene."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from camera_analysis.labelling.frame_quality import QualityLimits, is_moved
from camera_analysis.labelling.registration import (
    VIEW_FILE,
    Edges,
    edges_of,
    measure_shift,
    read_view,
)
from camera_analysis.normal.counts import counted_by


@dataclass(frozen=True, kw_only=True)
class Window:
    """The days of a window, each in one of five fates; all ascending.

    Args:
        days: counted.
        missing_days: without counts.
        other_segmenter_days: left out, because their labels mean something else.
        moved_days: left out, because their pixels show other places.
        other_scene_days: left out, because something veiled or changed what they show.
    """

    days: tuple[str, ...]
    missing_days: tuple[str, ...]
    other_segmenter_days: tuple[str, ...]
    moved_days: tuple[str, ...]
    other_scene_days: tuple[str, ...] = ()


def choose_days(
    counts: Mapping[str, Path],
    wanted_days: Sequence[str],
    *,
    judged_day: str | None,
    segmenter: str | None,
    plate: Path | None,
    left_out: Collection[str] = (),
) -> Window:
    """Sort a window's days into those that count and those that are left out, and why.

    Args:
        counts: day -> folder of its activity counts.
        wanted_days: days of the window.
        judged_day: refused inside its own window.
        segmenter: of the judged day; None takes days of any.
        plate: the judged day's ``plate.png``; without it, or for a day without a view of its own,
            nothing is known of a move.
        left_out: days that show another scene; see ``scene_change``.

    Raises:
        ValueError: the judged day is in the window, or a day was not wanted.
    """
    _require_wanted(counts, wanted_days, judged_day)
    others = {
        day for day in counts if segmenter is not None and counted_by(counts[day]) != segmenter
    }
    moved = set(_moved_days({day: counts[day] for day in counts if day not in others}, plate))
    changed = set(counts) & set(left_out) - others - moved
    return Window(
        days=tuple(sorted(set(counts) - others - moved - changed)),
        missing_days=tuple(sorted(set(wanted_days) - set(counts))),
        other_segmenter_days=tuple(sorted(others)),
        moved_days=tuple(sorted(moved)),
        other_scene_days=tuple(sorted(changed)),
    )


def _moved_days(counts: Mapping[str, Path], plate: Path | None) -> Iterator[str]:
    """Days whose view differs from the plate's: displaced, or another scene."""
    judged = _edges(plate)
    if judged is None:
        return
    for day, folder in counts.items():
        edges = _edges(folder / VIEW_FILE)
        if edges is None or edges.map_hw.shape != judged.map_hw.shape:
            continue  # another shape is another resolution, which adding up the counts refuses
        width = judged.map_hw.shape[1]
        if is_moved(measure_shift(judged, edges), width, QualityLimits()):
            yield day


def _edges(picture: Path | None) -> Edges | None:
    view = read_view(picture) if picture else None
    return None if view is None else edges_of(view)


def _require_wanted(
    counts: Mapping[str, Path], wanted_days: Sequence[str], judged_day: str | None
) -> None:
    if judged_day is not None and judged_day in wanted_days:
        raise ValueError(
            f"day {judged_day} is in the window that it is to be judged by; leave it out, "
            "or judge a single clip by cross-fitting"
        )
    unwanted = sorted(set(counts) - set(wanted_days))
    if unwanted:
        raise ValueError(
            f"counts of {', '.join(unwanted)} are given, but the window is "
            f"{', '.join(sorted(wanted_days)) or 'empty'}; pass only the window's days"
        )
