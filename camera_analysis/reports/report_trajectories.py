"""What a report says of the tracks: how many walked where, and which walks are unlike others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from camera_analysis.local_time import LocalClock, duration
from camera_analysis.reports.report_figures import Figure, figure_of
from camera_analysis.tracks.path_zones import ELSEWHERE
from camera_analysis.tracks.track_tables import SUMMARY_FILE
from camera_analysis.tracks.trajectories import TRACKED, TRAJECTORIES_FILE

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
    """What the page says of tracks; ``problem`` is a sentence where there are none to be had."""

    tracks: str
    speed: str
    unusual: tuple[WalkFact, ...]
    figures: tuple[Figure, ...]
    problem: str


def read_tracks(folder: Path, clock: LocalClock) -> TrackFacts:
    """Read a day's trajectories.

    Args:
        folder: of the trajectories asset.
        clock: of the day.
    """
    told = json.loads((folder / TRAJECTORIES_FILE).read_text(encoding="utf-8"))
    rows = pq.read_table(folder / SUMMARY_FILE).to_pylist()
    found = [figure_of(folder / name, *words) for name, words in CAPTIONS.items()]
    problem = (
        ""
        if told["status"] == TRACKED
        else "Not tracked: this camera is looked at too rarely to follow anybody from frame to "
        "frame. Set tracking: {fps: 5} in camera.yaml and label the day again to have tracks."
    )
    return TrackFacts(
        tracks=_in_words(told),
        speed=_speed(rows),
        unusual=_unusual(rows, clock) if told["walks"] >= LEAST_WALKS else (),
        figures=tuple(figure for figure in found if figure.picture),
        problem=problem,
    )


def _in_words(told: Mapping[str, Any]) -> str:
    lost = _count(told["breaks"], "was", "were")
    return (
        f"{_count(told['tracks'], 'track')}, of which {_count(told['walks'], 'leads', 'lead')} "
        f"somewhere, on {_count(len(told['paths']), 'average path')}. {lost} lost and taken up "
        "again as another."
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
