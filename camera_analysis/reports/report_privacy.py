"""What a report says of the day's private video: how people are hidden, and in which frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from camera_analysis.labelling.labels import NO_SEGMENTER
from camera_analysis.local_time import duration
from camera_analysis.privacy.privacy_filters import FILTERS
from camera_analysis.privacy.private_day import OFF, PREVIEW_FILE, read_private_note
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from camera_analysis.reports.report_figures import Figure, figure_of

_REASONS = {
    "doubtful": "changed in a place that no mask covers",
    "overfull": "changed nearly everywhere",
    "no_mask": "no mask",
}


@dataclass(frozen=True, kw_only=True)
class VideoFact:
    """One file: its path in the asset's folder, and how long it is."""

    path: str
    length: str
    frames: int


@dataclass(frozen=True, kw_only=True)
class PrivateFacts:
    """What the page says; ``problem`` is a sentence where there is no video yet."""

    method: str
    hidden: str
    kept: str
    videos: tuple[VideoFact, ...] = ()
    frames: int = 0
    hidden_frames: int = 0
    reasons: tuple[str, ...] = ()
    figure: Figure | None = None
    problem: str = ""
    warning: str = ""


def read_private(folder: Path | None, settings: PrivateVideoSettings | None) -> PrivateFacts | None:
    """What is told of a day's private video; None where its camera asks for none.

    Args:
        folder: of the version; None where the day has none yet.
        settings: of the camera as they are now: what is told of a video that is written is what it
            was written with.
    """
    if settings is None:
        return None
    note = read_private_note(folder) if folder else None
    if folder is None or note is None or note["status"] == OFF:
        return replace(
            _facts_of(settings),
            problem="Not written yet, or refused: see the asset private_video. This page is written"
            " again once there is one.",
        )
    facts = _facts_of(_stored_settings(note["settings"]))
    warning = (
        "No model looked for people: whoever stands still throughout a file is seen."
        if note["segmenter"] == NO_SEGMENTER
        else ""
    )
    preview = figure_of(
        folder / PREVIEW_FILE, "People hidden", "Frames of the day as the video shows them."
    )
    return replace(
        facts,
        videos=tuple(
            VideoFact(
                path=one["video"],
                length=duration(timedelta(seconds=one["seconds"])),
                frames=one["frames"],
            )
            for one in note["files"]
        ),
        frames=note["frames"],
        hidden_frames=note["hidden_frames"],
        reasons=tuple(
            f"{count:,} {_REASONS.get(reason, reason)}" for reason, count in note["reasons"].items()
        ),
        figure=preview if preview.picture else None,
        warning=warning,
    )


def _stored_settings(stored: Mapping[str, Any]) -> PrivateVideoSettings:
    """Those that a note states; a setting that is no longer known is left out."""
    known = {one.name for one in fields(PrivateVideoSettings)}
    return PrivateVideoSettings(**{key: stored[key] for key in known & stored.keys()})


def _facts_of(settings: PrivateVideoSettings) -> PrivateFacts:
    says = FILTERS[settings.method].says
    method = f"{settings.method.replace('_', ' ')}: {says}"
    whom = "Everything that moves" if settings.hide == "movers" else "People alone"
    hidden = (
        f"{whom}, {100 * settings.margin_share:.1f}\u00a0% of the height around it, and "
        f"{settings.hold_s:g}\u00a0s before and after."
    )
    return PrivateFacts(method=method, hidden=hidden, kept=_kept(settings))


def _kept(settings: PrivateVideoSettings) -> str:
    sound = "Sound is kept." if settings.keep_audio else "Sound is left out."
    words = (
        "What the footage's header says is kept."
        if settings.keep_metadata
        else "What the footage's header says is left out."
    )
    people = " People are encrypted beside it." if settings.reversible else ""
    return f"{sound} {words}{people}"
