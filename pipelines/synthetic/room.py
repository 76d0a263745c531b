"""A small room where one or two people live, in the layout of upCam: hours that are never alike.

Colour, 5 frames per second, 128 x 64 to 320 x 176 pixels by the seed. Ordinary life: somebody
works at the desk for most of an hour, sits on the sofa, stands at the window, fetches things, is
out; some files are calm and some are lively, and lamps are switched. Abnormal: lying down, sitting
on the floor or standing where nobody does, a bag left, running. Before and after an incident the
person goes on living, so that its file is a lively one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from camera_analysis.footage.video_write import write_video
from pipelines.synthetic.actors import Boxes, Left, Moment, Mover, Track, Walker
from pipelines.synthetic.bodies import Solid, raised
from pipelines.synthetic.figures import (
    ImageArray,
    Pinhole,
    Projection,
    Sprite,
    elevation_of,
    seen_solids,
)
from pipelines.synthetic.footage import MARGIN_PX, Clip, Incident, film
from pipelines.synthetic.lived_in import lived_in
from pipelines.synthetic.lobby import FilesConfig, film_planned, lying_body, write_truth
from pipelines.synthetic.people import Appearance, random_appearance
from pipelines.synthetic.scenes import Place, Room, indoors
from pipelines.synthetic.stories import Generator, lamplight
from pipelines.synthetic.things import bag

FPS = 5
SIZES_WH = ((128, 64), (192, 112), (320, 176))
_HALF_WIDTH, _LENGTH = 2.6, 6.4
_DOOR = (1, 2.9)
_OUT = (_HALF_WIDTH - 0.15, 3.4)
#: Metres: the chair at the desk, the sofa, the window, the cupboard, and the middle of the floor.
_CHAIR, _SOFA, _WINDOW, _CUPBOARD = (-1.45, 4.5), (1.2, 5.3), (-0.3, 5.8), (0.5, 6.0)
_ON_SOFA = (1.5, 5.1)
_PACED = ((-0.8, 3.4), (0.9, 3.6), (0.2, 4.6))
#: What people do: where, posture, fewest and most seconds; and how often, in calm and lively files.
HABITS: tuple[tuple[tuple[float, float], str, float, float, float, float], ...] = (
    (_CHAIR, "sit", 240.0, 1500.0, 0.50, 0.12),
    (_CHAIR, "sit", 15.0, 120.0, 0.10, 0.20),
    (_SOFA, "sit", 40.0, 300.0, 0.12, 0.14),
    (_WINDOW, "stand", 5.0, 60.0, 0.06, 0.14),
    (_CUPBOARD, "bend", 3.0, 15.0, 0.06, 0.20),
    (_PACED[0], "phone", 1.0, 10.0, 0.03, 0.10),
    (_PACED[2], "stand", 1.0, 8.0, 0.03, 0.10),
)
#: Postures of somebody who lies: metres above the floor.
LYING_M = {"lie": 0.0, "lie_on_sofa": 0.35}
#: Kinds of what is abnormal, and the seconds that each lasts.
KINDS: dict[str, tuple[float, float]] = {
    "lying_on_sofa": (20.0, 60.0),
    "on_the_floor": (15.0, 50.0),
    "bag_left": (30.0, 120.0),
    "standing": (40.0, 120.0),
    "running": (6.0, 15.0),
    "lying": (15.0, 60.0),
}


@dataclass(frozen=True, kw_only=True)
class RoomConfig(FilesConfig):
    """How much is filmed. Every file has its own light and its own liveliness."""

    quiet_files: int = 6
    lively_share: float = 0.3  # of the files without incidents
    # How far light on one side and soft things change tones (lived_in.py); 0: not at all.
    lived_in_strength: float = 0.0


@dataclass
class Occupant:
    """Somebody who does one thing after the other; `doing` is (start, end, posture), seconds."""

    walker: Walker
    doing: Sequence[tuple[float, float, str]]
    track: Track = field(init=False)

    def __post_init__(self) -> None:
        """Where the walker is."""
        self.track = self.walker.track

    def picture(self, now: Moment, time_s: float, lens: Projection) -> Sprite:
        """Their posture of the moment; who sits leans forward for two of every eleven seconds."""
        posture = next((what for first, last, what in self.doing if first <= time_s < last), "")
        if posture in LYING_M:
            body = raised(lying_body(self.walker.who), LYING_M[posture])
            return seen_solids(self.walker.who, body, now.xy_m, lens)
        leans = posture == "sit" and (time_s + 40 * self.walker.who.girth) % 11 < 2
        self.walker.resting = "crouch" if leans else posture or "stand"
        return self.walker.picture(now, time_s, lens)


def make_room(
    folder: Path,
    *,
    seed: int,
    config: RoomConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Film into ``train/NN/*.mp4`` and ``eval_*.mp4`` with ``.labels.csv`` and ``.events.md``.

    Args:
        folder: created if need be.
        seed: the same seed gives the same bytes.
        config: how much.
        progress: called as progress(files done, files in all).
    """
    config = config or RoomConfig()
    size_wh = SIZES_WH[seed % len(SIZES_WH)]
    place = _build(np.random.default_rng([seed, 0]), size_wh)
    who = [random_appearance(np.random.default_rng([seed, 2, n])) for n in range(2)]

    def film_one(path: Path, number: int, incidents: int) -> None:
        _film_file(path, place, who, size_wh, [seed, 1, number], incidents, config)

    film_planned(folder, config, film_one, progress)
    return folder


def _lens(size_wh: tuple[int, int]) -> Pinhole:
    width, height = size_wh
    return Pinhole(
        focal_px=0.6 * width,
        height_m=2.3,
        pitch=0.36,
        centre_xy=(width / 2 + MARGIN_PX, height / 2 + MARGIN_PX),
    )


def _build(rng: Generator, size_wh: tuple[int, int]) -> Place:
    width, height = size_wh
    room = Room(
        half_width=_HALF_WIDTH, length=_LENGTH, height=2.6, doors=(_DOOR,), end="window",
        floor="planks",
    )  # fmt: skip
    return indoors(rng, _lens(size_wh), (height + 2 * MARGIN_PX, width + 2 * MARGIN_PX), room)


def _film_file(
    path: Path,
    place: Place,
    who: Sequence[Appearance],
    size_wh: tuple[int, int],
    seed: list[int],
    incidents: int,
    config: RoomConfig,
) -> None:
    rng = np.random.default_rng(seed)
    lively = bool(rng.random() < config.lively_share) or (incidents and path.stem < "eval_q")
    people = 1 + int(rng.random() < 0.3)
    dressed = [
        replace(one, top=random_appearance(rng).top, bottom=random_appearance(rng).bottom)
        for one in who[:people]
    ]
    light = lamplight(rng, int(rng.integers(16, 24)))
    clip = Clip(place, size_wh, _furniture(), light)
    found: list[Incident] = []
    movers: list[Mover] = list(clip.movers)
    for number, one in enumerate(dressed):
        wanted = incidents if number == 0 else 0
        lived = _life(rng, one, bool(lively), wanted, seed[-1], config.seconds, _lens(size_wh))
        movers += lived.movers
        found += lived.incidents
    clip.movers, clip.incidents = movers, found
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = _switched(film(clip, rng, seconds=config.seconds, fps=FPS), rng, config.seconds)
    frames = lived_in(
        frames,
        np.random.default_rng([seed[0], 3]),
        np.random.default_rng([*seed, 3]),
        round(config.seconds * FPS),
        config.lived_in_strength,
    )
    write_video(path, frames, FPS, crf=23, group_of_pictures=10 * FPS, preset="veryfast")
    if path.name.startswith("eval_"):
        write_truth(path, "Drawn room", found, round(config.seconds * FPS), FPS)


def _switched(frames: Iterator[ImageArray], rng: Generator, seconds: float) -> Iterator[ImageArray]:
    """A lamp goes on or off every quarter of an hour or so; what is filmed is 10 to 25 % off."""
    times = np.cumsum(rng.exponential(900.0, 8))
    gains = 1 + rng.choice([-1, 1], 9) * rng.uniform(0.1, 0.25, 9)
    gains[::2] = 1.0
    for number, frame in enumerate(frames):
        gain = float(gains[np.searchsorted(times, number / FPS)])
        yield frame if gain == 1.0 else cv2.convertScaleAbs(frame, alpha=gain)


@dataclass
class _Lived:
    """What one person did in a file."""

    movers: list[Mover]
    incidents: list[Incident]


@dataclass
class _Diary:
    """Builds a person's track stop by stop."""

    now: float
    times: list[float]
    corners: list[tuple[float, float]]
    doing: list[tuple[float, float, str]]

    def go(self, spot: tuple[float, float], speed: float = 1.1) -> None:
        self.now += float(np.hypot(*np.subtract(spot, self.corners[-1]))) / speed + 1e-3
        self.times.append(self.now)
        self.corners.append(spot)

    def rest(self, posture: str, seconds: float) -> tuple[float, float]:
        first, self.now = self.now, self.now + seconds
        self.times.append(self.now)
        self.corners.append(self.corners[-1])
        self.doing.append((first, self.now, posture))
        return first, self.now


def _life(
    rng: Generator,
    who: Appearance,
    lively: bool,
    incidents: int,
    number: int,
    seconds: float,
    lens: Pinhole,
) -> _Lived:
    """Habits in turn, now and then out of the room, with incidents evenly spread between them."""
    kinds, share = tuple(KINDS), seconds / max(1, incidents)
    due = [(place + float(rng.uniform(0.1, 0.4))) * share for place in range(incidents)]
    lived = _Lived([], [])
    diary = _Diary(float(rng.uniform(-240, 0)), [], [], [])
    diary.times.append(diary.now)
    diary.corners.append(_OUT)
    weights = np.array([habit[5 if lively else 4] for habit in HABITS])
    while diary.now < seconds:
        if due and diary.now >= due[0]:
            place = incidents - len(due)
            kind = kinds[(number * incidents + place) % len(kinds)]
            low, high = KINDS[kind]
            lasts = min(float(rng.uniform(low, high)), 0.4 * share)
            lived.incidents.append(_incident(rng, kind, lasts, diary, lived, lens))
            due.pop(0)
            continue
        if rng.random() < 0.12:  # out for a while
            diary.go(_OUT)
            lived.movers.append(_closed(who, diary))
            away = float(rng.uniform(5, 60 if lively else 400))
            if due:
                away = max(1.0, min(away, due[0] - diary.now))
            diary = _Diary(diary.now + away, [diary.now + away], [_OUT], [])
            continue
        spot, posture, low, high, *_ = HABITS[
            int(rng.choice(len(HABITS), p=weights / weights.sum()))
        ]
        where = (spot[0] + float(rng.normal(0, 0.06)), spot[1] + float(rng.normal(0, 0.06)))
        diary.go(where, float(rng.uniform(0.8, 1.4)))
        stay = float(rng.uniform(low, high))
        if due:  # no habit outlasts the next incident
            stay = max(1.0, min(stay, due[0] - diary.now))
        diary.rest(posture, stay)
    lived.movers.append(_closed(who, diary))
    return lived


def _closed(who: Appearance, diary: _Diary) -> Occupant:
    track = Track(np.array(diary.times), np.array(diary.corners))
    return Occupant(Walker(who, track), diary.doing)


def _incident(
    rng: Generator, kind: str, lasts: float, diary: _Diary, lived: _Lived, lens: Pinhole
) -> Incident:
    floor = (float(rng.uniform(-0.9, 0.9)), float(rng.uniform(3.2, 4.6)))
    if kind == "running":
        diary.go(_PACED[0])
        first = diary.now
        while diary.now < first + lasts:
            diary.go(_PACED[1] if diary.corners[-1] == _PACED[0] else _PACED[0], 3.0)
        return Incident(kind, first, diary.now)
    if kind == "bag_left":
        diary.go(floor)
        scale = float(lens.discs(np.array([[*floor, 0.0, 1.0]])).radius_px[0])
        left = Track(np.array([diary.now, diary.now + lasts]), np.array([floor, floor]))
        lived.movers.append(Left(bag(rng, scale, elevation_of(lens, floor[1])), left))
        return Incident(kind, diary.now, diary.now + lasts)
    postures = {"lying_on_sofa": "lie_on_sofa", "on_the_floor": "crouch", "standing": "stand"}
    diary.go(_ON_SOFA if kind == "lying_on_sofa" else floor)
    first, last = diary.rest(postures.get(kind, "lie"), lasts)
    return Incident(kind, first, last)


def _furniture() -> list[Mover]:
    def box(
        at: tuple[float, float], x: float, y: float, z0: float, z1: float, colour: tuple[float, ...]
    ) -> Mover:
        corners = [(a, b, c, 0.03) for a in (-x, x) for b in (-y, y) for c in (z0, z1)]
        there = Track(np.array([-1e6, 1e6]), np.array([at, at]))
        red, green, blue = colour
        return Boxes([Solid(np.array(corners), (red, green, blue))], there)

    return [
        box((-1.9, 4.2), 0.35, 0.7, 0.03, 0.75, (120.0, 92.0, 64.0)),
        box((1.5, 5.75), 0.9, 0.3, 0.03, 0.7, (96.0, 70.0, 76.0)),
        box((1.5, 5.25), 0.9, 0.4, 0.03, 0.3, (104.0, 78.0, 84.0)),
    ]
