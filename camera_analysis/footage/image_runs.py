"""Folders of images as footage: which images follow each other, and when each was taken."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from camera_analysis.footage.file_time import FileTimeError
from camera_analysis.footage.video_plan import LEAST_INTERVAL_S, exact_seconds
from camera_analysis.labelling.labels import FootageFault

#: Files that are taken for images; their content decides how they are read.
IMAGE_SUFFIXES: tuple[str, ...] = (
    *(".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"),
    *(".gif", ".pgm", ".ppm", ".jp2"),
)

#: The last digits of ``frame_000123.jpg``, ``IMG-7 (copy).png``.
NUMBER_PATTERN = r"(?P<number>\d+)\D*$"

_MICROSECOND = Fraction(1, 1_000_000)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ImageClock:
    """How the images of a folder tell their time.

    Attributes:
        interval_s: seconds from one number to the next; None where every name states its own time
            (by ``file_time``).
        pattern: where the number stands in a name without its suffix; one group ``number``.
        first_number: of the image taken when the folder starts; None for its lowest.
    """

    interval_s: float | None = None
    pattern: str = NUMBER_PATTERN
    first_number: int | None = None

    def __post_init__(self) -> None:
        if self.interval_s is not None and not LEAST_INTERVAL_S <= self.interval_s <= 86_400:
            raise ValueError(
                f"images.interval_s is {self.interval_s}; allowed: 0.001 <= s <= 86400"
            )
        try:
            groups = set(re.compile(self.pattern).groupindex)
        except re.error as error:
            raise ValueError(
                f"images.pattern {self.pattern!r} is no regular expression: {error}"
            ) from error
        if groups != {"number"}:
            raise ValueError(f"images.pattern needs the one named group 'number', got {groups}")


@dataclass(frozen=True, kw_only=True)
class ImageRun:
    """Images of one folder in order of time, within one local hour.

    Attributes:
        folder: where they lie.
        names: (N,) file names.
        ticks: (N,) strictly increasing times since the first, in units of ``tick_s``.
        tick_s: seconds.
    """

    folder: Path
    names: tuple[str, ...]
    ticks: tuple[int, ...]
    tick_s: Fraction


@dataclass(frozen=True, kw_only=True)
class StartedRun:
    """A run and the instant of its first image."""

    run: ImageRun
    start_utc: datetime


def find_image_runs(
    root: Path, clock: ImageClock, start_of: Callable[[str], datetime], zone: ZoneInfo
) -> Iterator[StartedRun | FootageFault]:
    """Runs of images below a folder, and what keeps other images from being used.

    Args:
        root: searched recursively; what starts with a dot is left alone.
        clock: how images tell their time.
        start_of: instant that a path relative to ``root`` names.
        zone: runs end with each hour of it, because each run has a background plate of its own.
    """
    for folder, names in _image_folders(root):
        relative = folder.relative_to(root).as_posix()
        if clock.interval_s is None:
            yield from _runs_of_named(folder, relative, names, start_of, zone)
        else:
            yield from _runs_of_numbered(folder, relative, names, clock, start_of, zone)


def _image_folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    by_folder: dict[Path, list[str]] = defaultdict(list)
    for path in root.rglob("*"):
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."):
            by_folder[path.parent].append(path.name)
    for folder in sorted(by_folder):
        yield folder, sorted(by_folder[folder])


def _runs_of_named(
    folder: Path,
    relative: str,
    names: Sequence[str],
    start_of: Callable[[str], datetime],
    zone: ZoneInfo,
) -> Iterator[StartedRun | FootageFault]:
    name_at: dict[int, str] = {}
    for name in names:
        path = name if relative == "." else f"{relative}/{name}"
        try:
            tick = int((start_of(path) - _EPOCH) / timedelta(microseconds=1))
        except FileTimeError as error:
            yield FootageFault(file=path, reason="time_unknown", detail=f"{error}; set file_time")
            continue
        if name_at.setdefault(tick, name) != name:
            detail = f"left out: {name_at[tick]} states the same time"
            yield FootageFault(file=path, reason="overlap", detail=detail)
    yield from _hourly(folder, name_at, _EPOCH, _MICROSECOND, zone)


def _runs_of_numbered(
    folder: Path,
    relative: str,
    names: Sequence[str],
    clock: ImageClock,
    start_of: Callable[[str], datetime],
    zone: ZoneInfo,
) -> Iterator[StartedRun | FootageFault]:
    try:
        start = start_of(relative)
    except FileTimeError as error:
        detail = f"{len(names)} images; {error}; name the folder's start under 'starts'"
        yield FootageFault(file=relative, reason="time_unknown", detail=detail)
        return
    name_at: dict[int, str] = {}
    unused: list[str] = []
    for name in names:
        found = re.search(clock.pattern, Path(name).stem)
        if found is None or name_at.setdefault(int(found["number"]), name) != name:
            unused.append(name)
    if unused:
        detail = f"{len(unused)} images have no number, or that of another: {unused[0]} ..."
        yield FootageFault(file=relative, reason="number_unknown", detail=detail)
    if not name_at:
        return
    first = min(name_at) if clock.first_number is None else clock.first_number
    tick_s = exact_seconds(clock.interval_s or 0)
    since = {number - first: name for number, name in name_at.items()}
    yield from _hourly(folder, since, start, tick_s, zone)


def _hourly(
    folder: Path, name_at: dict[int, str], origin: datetime, tick_s: Fraction, zone: ZoneInfo
) -> Iterator[StartedRun]:
    """One run per local hour of images at ticks since an origin."""
    hours: dict[str, list[int]] = defaultdict(list)
    for tick in sorted(name_at):
        hours[f"{_instant(origin, tick, tick_s).astimezone(zone):%Y-%m-%dT%H%z}"].append(tick)
    for ticks in hours.values():
        run = ImageRun(
            folder=folder,
            names=tuple(name_at[tick] for tick in ticks),
            ticks=tuple(tick - ticks[0] for tick in ticks),
            tick_s=tick_s,
        )
        yield StartedRun(run=run, start_utc=_instant(origin, ticks[0], tick_s))


def _instant(origin: datetime, tick: int, tick_s: Fraction) -> datetime:
    return origin + timedelta(microseconds=round(tick * tick_s * 1_000_000))
