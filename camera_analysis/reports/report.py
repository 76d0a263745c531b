"""One self-contained HTML page per camera-day.

A page repeats what the day's tables and pictures say; it measures nothing itself.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from camera_analysis.labelling.labels import NO_SEGMENTER
from camera_analysis.local_time import LocalClock
from camera_analysis.normal.scene_files import read_scene
from camera_analysis.reports.html_page import render, write_page
from camera_analysis.reports.report_channels import read_channels
from camera_analysis.reports.report_facts import DayFacts
from camera_analysis.reports.report_figures import Figure, day_figures, event_cards, scene_figure
from camera_analysis.reports.report_index import ENTRY_FILE, THUMBNAIL_FILE, IndexEntry, index_entry
from camera_analysis.reports.report_marks import JudgedEvent, judged_events, with_marks
from camera_analysis.reports.report_occupancy import read_facts
from camera_analysis.reports.report_privacy import read_private
from camera_analysis.reports.report_promise import read_promise
from camera_analysis.reports.report_tables import read_day
from camera_analysis.reports.report_timeline import event_timeline
from camera_analysis.reports.report_trajectories import TrackFacts, read_tracks
from camera_analysis.reports.report_words import (
    WORDS,
    caution,
    count_events,
    key_figures,
    left_out_before,
    region_row,
    verdict,
)

if TYPE_CHECKING:
    from camera_analysis.camera import Camera
    from camera_analysis.events.event_marks import EventMark

REPORT_FILE = "report.html"
#: Events listed in the table below the cards; the rest is counted and left to events.parquet.
LISTED_EVENTS = 200


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
        occupancy: occupancy.json, stays.parquet and its pictures; None for a day of before.
        trajectories: trajectories.json, track_summary.parquet and pictures; likewise.
        scene_change: scene.json and, of a change, scene.png; None for a day that was not compared.
        private_video: private_video.json and preview.png; None where there is none yet.
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
    occupancy: Path | None = None  # likewise
    trajectories: Path | None = None  # likewise
    private_video: Path | None = None  # comes after the report, if at all
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
    figures = day_figures(
        _picture_folders(inputs),
        plate=inputs.camera.plate,
        shaded=count_events(day.departures),
        has_segmenter=day.segmenter != NO_SEGMENTER,
    )
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
        "faults": day.parts_missing,
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
        caution=caution(day),
        left_out_before=left_out_before(inputs.camera, inputs.day),
        key_figures=key_figures(day, inputs.camera.interval_s),
        figures=figures,
        scene=read_scene(scene) if scene else None,
        scene_figure=scene_figure(scene) if scene else None,
        cards=cards,
        channels=read_channels(inputs.anomalies, inputs.learned_normal),
        promise=read_promise(inputs.anomalies),
        timeline=event_timeline(day, cards, clock, inputs.anomalies),
        other_events=others[:LISTED_EVENTS],
        expected_events=day.departures.expected[:LISTED_EVENTS],
        unlisted_events=len(others[LISTED_EVENTS:]),
        occupancy=read_facts(inputs.occupancy, clock) if inputs.occupancy else None,
        tracks=_tracks(inputs, clock),
        private=read_private(inputs.private_video, inputs.camera.private_video),
        regions=[region_row(roi) for roi in inputs.camera.rois],
        has_segmenter=day.segmenter != NO_SEGMENTER,
        versions=sorted(inputs.versions.items()),
        **WORDS,
    )


def _tracks(inputs: ReportInputs, clock: LocalClock) -> TrackFacts | None:
    folder = inputs.trajectories
    return read_tracks(folder, inputs.anomalies, clock) if folder else None


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
