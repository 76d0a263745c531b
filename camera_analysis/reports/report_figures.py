"""The pictures of a report, each with the sentence that explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from camera_analysis.normal.scene_files import SCENE_PICTURE
from camera_analysis.reports.html_page import Picture, inline_png
from camera_analysis.reports.report_facts import EventFact


@dataclass(frozen=True)
class Figure:
    """A picture with its words; `picture` is None where the day has none."""

    file_name: str
    title: str
    caption: str
    alt: str
    picture: Picture | None


@dataclass(frozen=True)
class EventCard:
    """An event in the reader's time, with its pictures.

    Args:
        figures: where it was, what departs there, and the way of who took an unusual path.
    """

    number: int
    fact: EventFact
    figures: tuple[Figure, ...]


#: What each picture of a day shows: file name -> title, caption.
CAPTIONS = {
    "timeline.png": (
        "Class surprise over the day",
        "The surprise of each judged frame by what is where, and from where on a region departs. "
        "Shaded: {shaded}. An event that another channel raised may lie below the line.",
    ),
    "plate.png": (
        "Empty scene",
        "The view without its movers{plate}. Who stays for half of a file or longer may be in it.",
    ),
    "mode.png": (
        "Mode",
        "The class each pixel showed most often; a pixel never observed stays unknown.",
    ),
    "human_frequency.png": (
        "Human frequency",
        "The share of frames in which each pixel belonged to a person.",
    ),
    "entropy.png": (
        "Entropy",
        "How mixed each pixel's history is, in bits; 0 means always the same class.",
    ),
    "preview.png": (
        "Label maps of the day",
        "Frames as the analysis sees them: classes, never the picture itself.",
    ),
    "activity.png": ("Activity by hour", "How much moved in each local hour, by class."),
    "quality.png": (
        "Frame quality",
        "What was measured on each sampled frame, and which frames were left out.",
    ),
}


#: The same where no segmenter tells people from other movers.
_WITHOUT_PEOPLE = {
    "human_frequency.png": (
        "Movement frequency",
        "The share of frames in which each pixel belonged to something that moves; no segmenter "
        "tells people apart.",
    ),
}


def day_figures(
    folders: Mapping[str, Path], *, plate: str, shaded: str, has_segmenter: bool
) -> dict[str, Figure]:
    """The pictures of a day by name without suffix; absent ones are kept, and say so.

    Args:
        folders: file name -> the folder that holds it.
        plate: the camera's privacy setting, "blurred" or "clear".
        shaded: the events, counted in words.
        has_segmenter: whether people are told from other movers.
    """
    blurred = "" if plate == "clear" else ", blurred for privacy"
    captions = CAPTIONS if has_segmenter else CAPTIONS | _WITHOUT_PEOPLE
    return {
        Path(name).stem: figure_of(
            folders[name] / name, title, caption.format(plate=blurred, shaded=shaded)
        )
        for name, (title, caption) in captions.items()
    }


def scene_figure(folder: Path) -> Figure | None:
    """The old scene beside the new one; None where nothing changed."""
    figure = figure_of(
        folder / SCENE_PICTURE,
        "The scene before and on this day",
        "The empty views that were compared; what else stands in a part of them is boxed.",
    )
    return figure if figure.picture else None


def event_cards(events: Sequence[EventFact], folder: Path) -> tuple[EventCard, ...]:
    """The events that have pictures in `folder`, in the order given, numbered from 1."""
    cards: list[EventCard] = []
    for fact in events:
        marked = figure_of(
            folder / f"marked_{fact.event_id}.png",
            "Marked",
            "The scene at the peak: movers as silhouettes, the event in its box.",
            f"Silhouettes of the movers at {fact.peak}, the event boxed.",
        )
        delta = figure_of(
            folder / f"delta_{fact.event_id}.png",
            "Delta map",
            "Where the labels differ from the mode.",
            f"Pixels whose class at {fact.peak} is not their usual one.",
        )
        way = figure_of(
            folder / f"path_{fact.event_id}.png",
            "Way",
            "The way of the walker's feet, from the dot on, over the walks of the days before.",
        )
        seen = (marked, delta) if marked.picture or delta.picture else ()
        figures = (*seen, way) if way.picture else seen
        if figures:
            cards.append(EventCard(len(cards) + 1, fact, figures))
    return tuple(cards)


def figure_of(path: Path, title: str, caption: str, alt: str = "") -> Figure:
    """A picture with its words; without the file, its words alone."""
    return Figure(path.name, title, caption, alt or f"{title}. {caption}", inline_png(path))
