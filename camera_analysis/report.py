"""One self-contained HTML page per camera-day, and an index of cameras.

A page repeats what the day's tables and pictures say; it measures nothing itself.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from camera_analysis.html_page import Picture, inline_thumbnail, render, write_page
from camera_analysis.labels import NO_SEGMENTER
from camera_analysis.local_time import LocalClock, day_title
from camera_analysis.report_facts import STATUSES, DayFacts, read_day
from camera_analysis.report_figures import Figure, day_figures, event_cards, scene_figure
from camera_analysis.report_marks import JudgedEvent, judged_events, with_marks
from camera_analysis.report_words import (
    MOSTLY_USABLE,
    WORDS,
    caution,
    key_figures,
    region_row,
    verdict,
)
from camera_analysis.scene_files import read_scene

if TYPE_CHECKING:
    from camera_analysis.camera import Camera
    from camera_analysis.event_marks import EventMark

REPORT_FILE = "report.html"
ENTRY_FILE = "report.json"
THUMBNAIL_FILE = "thumbnail.png"
#: Events listed in the table below the cards; the rest is counted and left to events.parquet.
LISTED_EVENTS = 200
#: A link of an index is relative, or leads to a web server or an object store's web address.
LINK_SCHEMES = ("", "http", "https")


@dataclass(frozen=True, kw_only=True)
class ReportInputs:
    """What a report is made from: the folders that the day's other stages wrote.

    Args:
        camera: the camera; its time zone is the one times are shown in.
        day: local day, "YYYY-MM-DD".
        frame_index: frames.parquet, faults.parquet, quality.png.
        label_maps: labels.json, plate.png, preview.png.
        activity_counts: activity.png.
        learned_normal: normal.json, mode.png, human_frequency.png, entropy.png.
        anomalies: anomalies.json, events.parquet, frame_scores.parquet, timeline.png and the
            events' pictures.
        scene_change: scene.json and, of a change, scene.png; None for a day that was not compared.
        marks: what was said of the camera's events.
        versions: label -> version digest of everything the day was computed from.
    """

    camera: Camera
    day: str
    frame_index: Path
    label_maps: Path
    activity_counts: Path
    learned_normal: Path
    anomalies: Path
    scene_change: Path | None = None  # days of before there was such a comparison
    marks: Sequence[EventMark] = ()  # none were reviewed
    versions: Mapping[str, str] = field(default_factory=dict)  # none known: the footer names none


@dataclass(frozen=True, kw_only=True)
class ReportSummary:
    """What the page says, for an index or for metadata.

    Args:
        worst_bits: the highest score of an event; None without events.
        highest_bits: the highest surprise of a frame; None where no frame was judged.
        missing_pictures: file names that the page shows as absent.
    """

    report: Path
    status: str
    frames: int
    usable_frames: int
    usable_share: float
    faults: int
    events: int
    worst_bits: float | None
    highest_bits: float | None
    missing_pictures: tuple[str, ...]
    page_bytes: int


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """One camera-day of the index.

    Args:
        day: local day, "YYYY-MM-DD".
        status: "judged", "cross_fitted", "warming_up" or "scene_changed".
        events: how many.
        worst_bits: the highest score of an event; None without events.
        usable_share: share of the sampled frames that were usable, in [0, 1].
        href: link to the day's report, relative to the index or http(s).
        thumbnail: a privacy-safe picture of the view, such as the plate; None without one.

    Raises:
        ValueError: the status is unknown, or the link has another scheme.
    """

    camera_id: str
    day: str
    status: str
    events: int
    worst_bits: float | None
    usable_share: float
    href: str
    thumbnail: Path | None = None  # a card without a picture is still a card

    def __post_init__(self) -> None:
        """Refuse what the page could not show or should not link to."""
        where = f"index entry {self.camera_id} {self.day}"
        if self.status not in STATUSES:
            raise ValueError(f"{where}: status {self.status!r}, not one of {sorted(STATUSES)}")
        if urlsplit(self.href).scheme not in LINK_SCHEMES:
            raise ValueError(f"{where}: link {self.href!r} is neither relative nor http(s)")


@dataclass(frozen=True)
class CameraCard:
    """A camera of the index: its latest day in full, the days before it as rows."""

    latest: IndexEntry
    earlier: tuple[IndexEntry, ...]
    thumbnail: Picture | None

    @property
    def eventful(self) -> int:
        """How many of the earlier days had events."""
        return sum(1 for entry in self.earlier if entry.events)


def write_report(inputs: ReportInputs, out: Path) -> ReportSummary:
    """Write report.html, one page that needs no other file, and what an index needs of it.

    Pictures that the day lacks are named as absent; tables that it lacks are an error.

    Args:
        inputs: the day's folders.
        out: an existing folder.

    Raises:
        FileNotFoundError: a table or JSON file of the day is missing.
        ValueError: a table lacks a column, or a status is unknown.
    """
    clock = LocalClock(inputs.camera.time_zone, inputs.day)
    day = read_day(
        clock,
        inputs.camera.interval_s,
        frame_index=inputs.frame_index,
        label_maps=inputs.label_maps,
        learned_normal=inputs.learned_normal,
        anomalies=inputs.anomalies,
    )
    day = with_marks(day, inputs.marks, _seen_events(inputs), clock)
    figures = day_figures(_picture_folders(inputs), plate=inputs.camera.plate)
    report = out / REPORT_FILE
    write_page(report, _fill_report(inputs, clock, day, figures))
    entry = _write_entry(inputs, day, out)
    return ReportSummary(
        report=report,
        status=entry.status,
        frames=day.frames.sampled,
        usable_frames=day.frames.usable,
        usable_share=entry.usable_share,
        faults=len(day.faults),
        events=entry.events,
        worst_bits=entry.worst_bits,
        highest_bits=day.departures.highest_bits,
        missing_pictures=tuple(f.file_name for f in figures.values() if f.picture is None),
        page_bytes=report.stat().st_size,
    )


def index_entry(report_dir: Path, *, href: str) -> IndexEntry:
    """The index's entry of a report that `write_report` wrote.

    Args:
        report_dir: the folder of the report.
        href: link from the index to its report.html.
    """
    told = json.loads((report_dir / ENTRY_FILE).read_text(encoding="utf-8"))
    thumbnail = report_dir / THUMBNAIL_FILE
    return IndexEntry(**told, href=href, thumbnail=thumbnail if thumbnail.is_file() else None)


def write_index(entries: Sequence[IndexEntry], out: Path) -> Path:
    """Write index.html: cameras by what needs attention first, each with its latest day on top.

    Args:
        entries: camera-days in any order.
        out: an existing folder.

    Returns:
        The page written.

    Raises:
        ValueError: two entries are the same camera and day.
    """
    cards = sorted(
        (_camera_card(days) for days in _by_camera(entries).values()),
        key=lambda card: (attention(card.latest), card.latest.camera_id),
    )
    page = render(
        "index.html.j2",
        cards=cards,
        days=len(entries),
        alarmed=sum(1 for card in cards if card.latest.events),
        statuses=STATUSES,
        mostly_usable=MOSTLY_USABLE,
        day_title=day_title,
        **WORDS,
    )
    index = out / "index.html"
    write_page(index, page)
    return index


def attention(entry: IndexEntry) -> tuple[int, float]:
    """Sort key: not judged for its scene, alarms by score, hardly usable, warming up, quiet."""
    if entry.status == "scene_changed":
        return (-1, 0.0)
    if entry.events:
        return (0, -(entry.worst_bits or 0.0))
    if entry.usable_share < MOSTLY_USABLE:
        return (1, entry.usable_share)
    return (2, 0.0) if entry.status == "warming_up" else (3, 0.0)


def _write_entry(inputs: ReportInputs, day: DayFacts, out: Path) -> IndexEntry:
    """Write what an index needs, so that it need not read the day again."""
    alarms = day.departures.alarms
    told = {
        "camera_id": inputs.camera.id,
        "day": inputs.day,
        "status": day.departures.status.code,
        "events": len(alarms),
        "worst_bits": alarms[0].score_bits if alarms else None,
        "usable_share": day.frames.usable_share,
    }
    text = json.dumps(told, indent=2) + "\n"
    (out / ENTRY_FILE).write_text(text, encoding="utf-8", newline="\n")
    plate = inputs.label_maps / "plate.png"
    if plate.is_file():
        shutil.copyfile(plate, out / THUMBNAIL_FILE)
    return index_entry(out, href=REPORT_FILE)


def _fill_report(
    inputs: ReportInputs, clock: LocalClock, day: DayFacts, figures: Mapping[str, Figure]
) -> str:
    events = day.departures.alarms
    cards = event_cards(events, inputs.anomalies)
    scene = inputs.scene_change
    pictured = {card.fact.event_id for card in cards}
    others = [event for event in events if event.event_id not in pictured]
    return render(
        "report.html.j2",
        camera=inputs.camera,
        clock=clock,
        day=day,
        verdict=verdict(day),
        caution=caution(day.frames),
        key_figures=key_figures(day, inputs.camera.interval_s),
        figures=figures,
        scene=read_scene(scene) if scene else None,
        scene_figure=scene_figure(scene) if scene else None,
        cards=cards,
        other_events=others[:LISTED_EVENTS],
        expected_events=day.departures.expected[:LISTED_EVENTS],
        unlisted_events=len(others[LISTED_EVENTS:]),
        regions=[region_row(roi) for roi in inputs.camera.rois],
        has_segmenter=day.segmenter != NO_SEGMENTER,
        versions=sorted(inputs.versions.items()),
        **WORDS,
    )


def _seen_events(inputs: ReportInputs) -> dict[int, JudgedEvent]:
    return judged_events(inputs.anomalies, inputs.label_maps, inputs.camera.id, inputs.day)


def _picture_folders(inputs: ReportInputs) -> dict[str, Path]:
    return {
        "timeline.png": inputs.anomalies,
        "plate.png": inputs.label_maps,
        "preview.png": inputs.label_maps,
        "mode.png": inputs.learned_normal,
        "human_frequency.png": inputs.learned_normal,
        "entropy.png": inputs.learned_normal,
        "activity.png": inputs.activity_counts,
        "quality.png": inputs.frame_index,
    }


def _by_camera(entries: Sequence[IndexEntry]) -> dict[str, dict[str, IndexEntry]]:
    """Camera id -> day -> entry."""
    cameras: dict[str, dict[str, IndexEntry]] = {}
    for entry in entries:
        days = cameras.setdefault(entry.camera_id, {})
        if entry.day in days:
            raise ValueError(f"index: {entry.camera_id} {entry.day} is listed twice; give it once")
        days[entry.day] = entry
    return cameras


def _camera_card(days: Mapping[str, IndexEntry]) -> CameraCard:
    latest, *earlier = (days[day] for day in sorted(days, reverse=True))
    thumbnail = inline_thumbnail(latest.thumbnail) if latest.thumbnail else None
    return CameraCard(latest, tuple(earlier), thumbnail)
