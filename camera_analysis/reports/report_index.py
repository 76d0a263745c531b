"""The index of cameras: one page, what needs attention first, and all days of a camera beside it.

A page holds what a phone can show: the first cameras with a picture and their last two weeks, the
others as rows. A camera with more days has a page of its own, and ``entries.parquet`` holds all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.camera import require_camera_id
from camera_analysis.local_time import day_title
from camera_analysis.reports.html_page import Picture, inline_thumbnail, render, write_page
from camera_analysis.reports.report_facts import STATUSES
from camera_analysis.reports.report_words import MOSTLY_USABLE, WORDS

INDEX_FILE = "index.html"
ENTRY_FILE = "report.json"
THUMBNAIL_FILE = "thumbnail.png"
ENTRIES_FILE = "entries.parquet"
#: Cameras shown with a picture, about 8 kB each; the others are rows.
CARDS = 60
#: Days before the latest that are listed on the index itself.
LISTED_DAYS = 14
#: A camera whose last report is so many days older than the newest of all has gone silent.
SILENT_DAYS = 2
#: A link of an index is relative, or leads to a web server or an object store's web address.
LINK_SCHEMES = ("", "http", "https")
ENTRIES = pa.schema(
    [
        *(("camera_id", pa.string()), ("day", pa.string()), ("status", pa.string())),
        *(("events", pa.int32()), ("worst_bits", pa.float64()), ("usable_share", pa.float64())),
        *(("faults", pa.int32()), ("version", pa.string())),
    ]
)


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
        faults: parts of the footage that could not be used.
        thumbnail: a privacy-safe picture of the view, such as the plate; None without one.
        version: of the report; empty where there are no versions.

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
    faults: int = 0  # reports of before do not say
    thumbnail: Path | None = None  # a card without a picture is still a card
    version: str = ""

    def __post_init__(self) -> None:
        """Refuse what the page could not show or should not link to."""
        where = f"index entry {self.camera_id} {self.day}"
        if self.status not in STATUSES:
            raise ValueError(f"{where}: status {self.status!r}, not one of {sorted(STATUSES)}")
        if urlsplit(self.href).scheme not in LINK_SCHEMES:
            raise ValueError(f"{where}: link {self.href!r} is neither relative nor http(s)")

    @property
    def is_judged(self) -> bool:
        """Whether anything was held against the normal: no events say nothing otherwise."""
        return self.usable_share > 0 and STATUSES[self.status].tone == "ready"


@dataclass(frozen=True, kw_only=True)
class CameraCard:
    """A camera of the index: its latest day in full, the days before it as rows.

    Args:
        latest: the newest day that has a report.
        earlier: all others, the newest first.
        is_silent: no report for days, while other cameras have some.
        page: link to all of its days; empty where the card lists them.
        thumbnail: None for a camera without a picture, or far down the list.
    """

    latest: IndexEntry
    earlier: tuple[IndexEntry, ...]
    is_silent: bool
    page: str
    thumbnail: Picture | None = None

    @property
    def listed(self) -> tuple[IndexEntry, ...]:
        """Earlier days that the card itself lists."""
        return self.earlier[:LISTED_DAYS]

    @property
    def eventful(self) -> int:
        """How many of the earlier days had events."""
        return sum(1 for entry in self.earlier if entry.events)

    @property
    def attention(self) -> tuple[int, float, str]:
        """Sort key: another scene, alarms by score, silent, hardly usable, faults, new, quiet."""
        return (*self._need(), self.latest.camera_id)

    def _need(self) -> tuple[int, float]:
        entry = self.latest
        if entry.status == "scene_changed":
            return (0, 0.0)
        if entry.events:
            return (1, -(entry.worst_bits or 0.0))
        if self.is_silent:
            return (2, 0.0)
        if entry.usable_share < MOSTLY_USABLE:
            return (3, entry.usable_share)
        if entry.faults:
            return (4, 0.0)
        return (5, 0.0) if entry.status == "warming_up" else (6, 0.0)


def index_entry(report_dir: Path, *, href: str, version: str = "") -> IndexEntry:
    """The index's entry of a report that `write_report` wrote.

    Args:
        report_dir: the folder of the report.
        href: link from the index to its report.html.
        version: of the report.
    """
    told = json.loads((report_dir / ENTRY_FILE).read_text(encoding="utf-8"))
    thumbnail = report_dir / THUMBNAIL_FILE
    shown = thumbnail if thumbnail.is_file() else None
    return IndexEntry(**told, href=href, thumbnail=shown, version=version)


def read_entries(index_dir: Path) -> list[dict[str, Any]]:
    """What an index that `write_index` wrote knew, as arguments of `IndexEntry` without the link.

    Empty where code that knew other columns wrote it.
    """
    path = index_dir / ENTRIES_FILE
    if not path.is_file() or not pq.read_schema(path).equals(ENTRIES):
        return []
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def camera_cards(entries: Sequence[IndexEntry]) -> list[CameraCard]:
    """Cameras by what needs attention first, without pictures.

    Raises:
        ValueError: two entries are the same camera and day.
    """
    cameras = _by_camera(entries)
    newest = max((entry.day for entry in entries), default="")
    cards = [_camera_card(days, newest) for days in cameras.values()]
    return sorted(cards, key=lambda card: card.attention)


def headline(cards: Sequence[CameraCard]) -> str:
    """The latest days of all cameras in one sentence; quiet only where all of them were judged."""
    alarmed = [card for card in cards if card.latest.events]
    quiet = [card for card in cards if not card.latest.events]
    silent = sum(1 for card in quiet if card.is_silent)
    left = sum(1 for card in quiet if not card.is_silent and not card.latest.is_judged)
    if not (alarmed or silent or left):
        return "None with events on the latest day."
    says = [f"{left} not judged"] if left else []
    says += [f"{silent} silent"] if silent else []
    if len(cards) > left + silent:
        whose = "among the others" if says else "on the latest day"
        says.append(f"{len(alarmed) or 'none'} with events {whose}")
    return f"{'; '.join(says)}; what needs attention comes first."


def write_index(entries: Sequence[IndexEntry], out: Path) -> Path:
    """Write index.html, a page for each camera with many days, and the table of all entries.

    Args:
        entries: camera-days in any order; pictures are needed of the latest day of the first
            `CARDS` cameras only.
        out: an existing folder.

    Returns:
        The index.

    Raises:
        ValueError: two entries are the same camera and day.
    """
    cards = camera_cards(entries)
    index = out / INDEX_FILE
    page = render(
        "index.html.j2",
        cards=[_with_picture(card) for card in cards[:CARDS]],
        rows=cards[CARDS:],
        days=len(entries),
        headline=headline(cards) if cards else "",
        **_words(),
    )
    write_page(index, page)
    for card in cards:
        if card.page:
            _write_camera_page(card, out / card.page)
    _write_entries(entries, out / ENTRIES_FILE)
    return index


def _write_camera_page(card: CameraCard, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    days = [_seen_from_below(entry) for entry in (card.latest, *card.earlier)]
    page = render("camera_days.html.j2", camera_id=card.latest.camera_id, days=days, **_words())
    write_page(path, page)


def _seen_from_below(entry: IndexEntry) -> IndexEntry:
    """The entry as a page one folder below the index links to it."""
    parts = urlsplit(entry.href)
    is_relative = not parts.scheme and not entry.href.startswith("/")
    return replace(entry, href=f"../{entry.href}") if is_relative else entry


def _write_entries(entries: Sequence[IndexEntry], path: Path) -> None:
    ordered = sorted(entries, key=lambda entry: (entry.camera_id, entry.day))
    rows = [{name: getattr(entry, name) for name in ENTRIES.names} for entry in ordered]
    pq.write_table(pa.Table.from_pylist(rows, ENTRIES), path, compression="zstd")


def _words() -> dict[str, object]:
    return {
        "statuses": STATUSES,
        "mostly_usable": MOSTLY_USABLE,
        "day_title": day_title,
        **WORDS,
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


def _camera_card(days: Mapping[str, IndexEntry], newest: str) -> CameraCard:
    latest, *earlier = (days[day] for day in sorted(days, reverse=True))
    behind = date.fromisoformat(newest) - date.fromisoformat(latest.day)
    has_page = len(earlier) > LISTED_DAYS
    return CameraCard(
        latest=latest,
        earlier=tuple(earlier),
        is_silent=behind >= timedelta(days=SILENT_DAYS),
        page=f"cameras/{require_camera_id(latest.camera_id)}.html" if has_page else "",
    )


def _with_picture(card: CameraCard) -> CameraCard:
    path = card.latest.thumbnail
    return replace(card, thumbnail=inline_thumbnail(path)) if path else card
