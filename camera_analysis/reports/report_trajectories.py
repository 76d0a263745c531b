"""What a report says of the tracks: how many walked where, and which walks are unlike others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from camera_analysis.events.anomaly_files import ANOMALIES_META_FILE
from camera_analysis.events.path_verdict import JUDGED as PATHS_JUDGED
from camera_analysis.events.path_verdict import NO_HISTORY, NOT_ASKED, NOT_TRACKED, PathSummary
from camera_analysis.local_time import LocalClock, duration
from camera_analysis.reports.report_figures import Figure, figure_of
from camera_analysis.tracks.path_zones import ELSEWHERE
from camera_analysis.tracks.track_tables import SUMMARY_FILE
from camera_analysis.tracks.trajectories import FAILED, TRACKED, TRAJECTORIES_FILE

#: Walks listed, and walks of a day from which there are usual ones to be unlike.
LISTED_WALKS, LEAST_WALKS = 5, 20

CAPTIONS: Mapping[str, tuple[str, str]] = {
    "paths.png": (
        "Average paths",
        "Walks that go the same way, as one arrow; the wider, the more walked.",
    ),
    "zones.png": (
        "Where walks begin and end",
        "Entry and exit zones, and the walks from each (row) to each (column).",
    ),
    "tracks.png": ("Walks", "The way of each walker's feet; a dot where it was first seen."),
}


@dataclass(frozen=True, kw_only=True)
class WalkFact:
    """One walk in local time."""

    span: str
    length: str
    way: str
    unlike: str


@dataclass(frozen=True, kw_only=True)
class TrackFacts:
    """What the page says of tracks; ``problem`` is a sentence where there are none to be had.

    Args:
        paths: whether a walk on an unusual path can alarm, and how often one does by chance.
    """

    tracks: str
    paths: str
    speed: str
    unusual: tuple[WalkFact, ...]
    figures: tuple[Figure, ...]
    problem: str


def read_tracks(folder: Path, anomalies: Path, clock: LocalClock) -> TrackFacts:
    """Read a day's trajectories, and how they were judged.

    Args:
        folder: of the trajectories asset.
        anomalies: folder of anomalies.json.
        clock: of the day.
    """
    told = json.loads((folder / TRAJECTORIES_FILE).read_text(encoding="utf-8"))
    judged = json.loads((anomalies / ANOMALIES_META_FILE).read_text(encoding="utf-8"))
    rows = pq.read_table(folder / SUMMARY_FILE).to_pylist()
    found = [figure_of(folder / name, *words) for name, words in CAPTIONS.items()]
    return TrackFacts(
        tracks=_in_words(told),
        paths=judged_in_words(judged.get("paths")),
        speed=_speed(rows),
        unusual=_unusual(rows, clock) if told["walks"] >= LEAST_WALKS else (),
        figures=tuple(figure for figure in found if figure.picture),
        problem=_problem(told),
    )


def _problem(told: Mapping[str, Any]) -> str:
    """Why there are no tracks; "" where there are."""
    if told["status"] == TRACKED:
        return ""
    if told["status"] == FAILED:
        return (
            f"No path evidence: tracking failed ({told['reason']}). No walk of this day raises an "
            "alarm; all else was judged as on other days. Run the day again, and if it fails again "
            "report the error with its lines in the run's log."
        )
    return (
        "Not tracked: this camera is looked at too rarely to follow anybody from frame to "
        "frame. Set tracking: {fps: 5} in camera.yaml and label the day again to have tracks."
    )


def _in_words(told: Mapping[str, Any]) -> str:
    lost = _count(told["breaks"], "was", "were")
    return (
        f"{_count(told['tracks'], 'track')}, of which {_count(told['walks'], 'leads', 'lead')} "
        f"somewhere, on {_count(len(told['paths']), 'average path')}. {lost} lost and taken up "
        "again as another."
    )


def judged_in_words(told: Mapping[str, Any] | None) -> str:
    """How the walks were judged by those of the days before; nothing for days of before.

    Args:
        told: what ``anomalies.json`` says of paths; None for days of before.
    """
    if not told or told["status"] == NOT_TRACKED:
        return ""
    paths = PathSummary(**told)
    behind = f"{_count(paths.usual_walks, 'walk')} of {_count(paths.days, 'day')}"
    if paths.status == NOT_ASKED:
        return "No share of the false alarms is for paths: none raises an alarm."
    if paths.status == NO_HISTORY:
        return "No walks of earlier days to judge these by: no path raises an alarm."
    if paths.status != PATHS_JUDGED:
        return f"{behind} are too few to call a walk of this day unusual: no path raises an alarm."
    unusual = _count(paths.unusual, "walk takes", "walks take")
    left = ""
    if paths.without_event:
        left = (
            f" The {paths.unusual - paths.without_event} most unlike are events; the frames of the "
            f"other {paths.without_event:,} alarm too."
        )
    return (
        f"{unusual} a path unlike those of the {behind} before. By chance "
        f"{paths.alarms_per_day:g} a day would; of those days, each judged by the others, "
        f"{paths.measured:.1f} a day did ({paths.low:.1f} to {paths.high:.1f}).{left}"
    )


def _count(number: int, one: str, more: str = "") -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def _speed(rows: Sequence[Mapping[str, Any]]) -> str:
    """Median speed of the walks, with its unit."""
    for name, unit in (("mean_speed_m_s", "m/s"), ("mean_speed_px_s", "pixels a second")):
        values = sorted(row[name] for row in rows if row[name] is not None)
        if values:
            return f"Half of the tracks are slower than {values[len(values) // 2]:.1f} {unit}."
    return ""


def _unusual(rows: Sequence[Mapping[str, Any]], clock: LocalClock) -> tuple[WalkFact, ...]:
    """The walks farthest from the others, the farthest first."""
    walks = [row for row in rows if row["unlike_heights"] is not None]
    walks.sort(key=lambda row: (-row["unlike_heights"], row["track_id"]))
    return tuple(
        WalkFact(
            span=clock.span(row["start_utc"], row["end_utc"]),
            length=duration(row["end_utc"] - row["start_utc"] or timedelta(seconds=1)),
            way=f"{row['entry_zone'] or ELSEWHERE} to {row['exit_zone'] or ELSEWHERE}",
            unlike=f"{row['unlike_heights']:.1f} body heights",
        )
        for row in walks[:LISTED_WALKS]
    )
