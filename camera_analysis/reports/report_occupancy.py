"""What a report says of the regions of interest: how long somebody was there, and by what rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq

from camera_analysis.local_time import LocalClock, duration
from camera_analysis.occupancy.occupancy import MEASURED, NO_REGIONS
from camera_analysis.occupancy.occupancy_files import STAYS_FILE, read_occupancy
from camera_analysis.reports.report_figures import Figure, figure_of

#: Stays listed in the page, the longest first; the rest is in stays.parquet.
LISTED_STAYS = 20

CAPTIONS: Mapping[str, tuple[str, str]] = {
    "regions.png": (
        "Regions",
        "Where they lie; with a calibrated lens as filmed and rectified.",
    ),
    "occupancy.png": ("Stays", "When each region was occupied."),
    "occupancy_by_hour.png": (
        "By hour",
        "The share of each local hour's frames in which a region was occupied.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class RoiFact:
    """One region's day."""

    name: str
    frames_occupied: int
    share: float
    stays: int
    occupied: str
    longest: str
    most_persons: int


@dataclass(frozen=True, kw_only=True)
class StayFact:
    """One stay in local time."""

    roi: str
    span: str
    length: str
    most_persons: int


@dataclass(frozen=True, kw_only=True)
class OccupancyFacts:
    """What the page says; ``problem`` is a sentence where nothing was measured."""

    rois: tuple[RoiFact, ...]
    stays: tuple[StayFact, ...]
    unlisted_stays: int
    frames: int
    counted: str
    rule: str
    figures: tuple[Figure, ...]
    problem: str


def read_facts(folder: Path, clock: LocalClock) -> OccupancyFacts | None:
    """Read a day's occupancy; None for a camera without regions.

    Args:
        folder: of the occupancy asset.
        clock: of the day.
    """
    told = read_occupancy(folder)
    if told["status"] == NO_REGIONS:
        return None
    frames, rule = told["frames"], told["rule"]
    rows = pq.read_table(folder / STAYS_FILE).to_pylist()
    rows.sort(key=lambda row: (-row["dwell_s"], row["start_utc"], row["roi"]))
    problem = (
        ""
        if told["status"] == MEASURED
        else (
            "Not measured: this day was labelled before the size of its frames was kept. Label it "
            "again to have it."
        )
    )
    return OccupancyFacts(
        rois=tuple(
            RoiFact(
                name=roi["name"],
                frames_occupied=roi["frames_occupied"],
                share=roi["frames_occupied"] / frames if frames else 0.0,
                stays=roi["stays"],
                occupied=_length(roi["dwell_s"]),
                longest=_length(roi["longest_s"]),
                most_persons=roi["most_persons"],
            )
            for roi in told["rois"]
        ),
        stays=tuple(
            StayFact(
                roi=row["roi"],
                span=clock.span(row["start_utc"], row["end_utc"]),
                length=_length(row["dwell_s"]),
                most_persons=row["most_persons"],
            )
            for row in rows[:LISTED_STAYS]
        ),
        unlisted_stays=len(rows[LISTED_STAYS:]),
        frames=frames,
        counted="persons" if told["counted"] == "human" else "everything that moves",
        rule=_in_words(rule),
        figures=tuple(
            figure
            for name, words in CAPTIONS.items()
            if (figure := figure_of(folder / name, *words)).picture
        ),
        problem=problem,
    )


def _length(seconds: float) -> str:
    return duration(timedelta(seconds=seconds)) if seconds else "\u2013"


def _in_words(rule: Mapping[str, object]) -> str:
    part = {
        "overlap": "of a person, or of the region where that is smaller,",
        "roi_share": "of the region",
        "person_share": "of a person",
    }[str(rule["score"])]
    enter, leave = (f"{100 * float(str(rule[name])):.0f}\u00a0%" for name in ("enter", "leave"))
    least = float(str(rule["min_s"]))
    shortest = f" A stay shorter than {least:g}\u00a0s is none." if least else ""
    return (
        f"A stay is a run of frames with {leave} or more {part} inside, and {enter} or more in at "
        f"least one.{shortest}"
    )
