"""A lobby in the layout of upCam: people pass and somebody sits; in the test hours things stay.

Colour, 160 x 96 pixels, 5 frames per second. Ordinary life: people walk from door to door, some
stop for a while, one sits at a desk for most of the time and leans forward now and then. Abnormal:
a bag is left, somebody lies on the floor, stands for minutes where nobody stops, crouches there, or
runs. What is slow here is what is fast on the walkway (:mod:`pipelines.synthetic.walkway`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from camera_analysis.footage.video_write import write_video
from pipelines.synthetic.actors import Boxes, Left, Moment, Mover, Track, Walker
from pipelines.synthetic.bodies import Solid, solids
from pipelines.synthetic.figures import Pinhole, Projection, Sprite, elevation_of
from pipelines.synthetic.footage import MARGIN_PX, Clip, Incident, film
from pipelines.synthetic.people import Appearance, Pose, pick, random_appearance
from pipelines.synthetic.scenes import Place, Room, indoors
from pipelines.synthetic.stories import Generator, lamplight
from pipelines.synthetic.things import bag

WIDTH, HEIGHT, FPS = 160, 96, 5
_LENS = Pinhole(
    focal_px=112.0,
    height_m=2.8,
    pitch=0.34,
    centre_xy=(WIDTH / 2 + MARGIN_PX, HEIGHT / 2 + MARGIN_PX),
)
_HALF_WIDTH, _LENGTH = 3.4, 11.0
_DOORS = ((-1, 3.6), (1, 4.4), (-1, 7.6), (1, 8.2))
#: Where the desk stands and its chair, and where people who wait stop: metres.
_DESK, _CHAIR, _BOARD = (1.5, 7.1), (1.5, 7.7), (-1.9, 9.6)
#: Kinds of what is abnormal, and the seconds that each lasts.
KINDS: dict[str, tuple[float, float]] = {
    "bag_left": (60.0, 180.0),
    "lying": (30.0, 90.0),
    "standing": (60.0, 180.0),
    "crouching": (40.0, 120.0),
    "running": (6.0, 20.0),
}


@dataclass(frozen=True, kw_only=True)
class FilesConfig:
    """How much is filmed. Every file has its own light."""

    train_files: int = 12
    test_files: int = 6  # with incidents
    quiet_files: int = 0  # test files without any, for the rate of false alarms
    seconds: float = 600.0
    incidents: int = 3  # of a test file
    train_incidents: int = 0  # of all training files together: a contaminated history


@dataclass(frozen=True, kw_only=True)
class LobbyConfig(FilesConfig):
    """How much is filmed, and how busy it is."""

    people_per_minute: tuple[float, float] = (0.5, 4.0)  # a file's own rate lies between


class Sitter(Walker):
    """Somebody who sits where they stop, and leans forward now and then."""

    def picture(self, now: Moment, time_s: float, lens: Projection) -> Sprite:
        """Seated, or bent over the desk for two of every eleven seconds."""
        self.resting = "crouch" if (time_s + 40 * self.who.girth) % 11 < 2 else "sit"
        return super().picture(now, time_s, lens)


def make_lobby(
    folder: Path,
    *,
    seed: int,
    config: LobbyConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Film into ``train/NN/*.mp4`` and ``eval_*.mp4`` with ``.labels.csv`` and ``.events.md``.

    Args:
        folder: created if need be.
        seed: the same seed gives the same bytes.
        config: how much.
        progress: called as progress(files done, files in all).
    """
    config = config or LobbyConfig()
    place = indoors(
        np.random.default_rng([seed, 0]),
        _LENS,
        (HEIGHT + 2 * MARGIN_PX, WIDTH + 2 * MARGIN_PX),
        Room(half_width=_HALF_WIDTH, length=_LENGTH, height=3.2, doors=_DOORS, end="door"),
    )

    def film_one(path: Path, number: int, incidents: int) -> None:
        _film_file(path, place, [seed, 1, number], incidents, config)

    film_planned(folder, config, film_one, progress)
    return folder


def film_planned(
    folder: Path,
    config: FilesConfig,
    film_one: Callable[[Path, int, int], None],
    progress: Callable[[int, int], None] | None,
) -> None:
    """Film every planned file; ``film_one`` is given its path, number and incidents."""
    files = planned_files(config)
    for number, (name, incidents) in enumerate(files):
        film_one(folder / f"{name}.mp4", number, incidents)
        if progress:
            progress(number + 1, len(files))


def planned_files(config: FilesConfig) -> list[tuple[str, int]]:
    """Files to film, without their suffix, and how many incidents each has."""
    bad = np.linspace(0, config.train_files - 1, config.train_incidents).round().astype(int)
    files = [
        (f"train/{number // 4 + 1:02d}/{number:03d}", int((bad == number).sum()))
        for number in range(config.train_files)
    ]
    files += [(f"eval_{number:02d}", config.incidents) for number in range(config.test_files)]
    files += [(f"eval_quiet_{number:02d}", 0) for number in range(config.quiet_files)]
    return files


def _film_file(
    path: Path, place: Place, seed: list[int], incidents: int, config: LobbyConfig
) -> None:
    rng = np.random.default_rng(seed)
    light = lamplight(rng, int(rng.integers(8, 20)))
    clip = Clip(place, (WIDTH, HEIGHT), _cast(rng, config), light)
    _disturb(rng, clip, incidents, seed[-1], config.seconds)
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = film(clip, rng, seconds=config.seconds, fps=FPS)
    write_video(path, frames, FPS, crf=23, group_of_pictures=10 * FPS, preset="veryfast")
    if path.name.startswith("eval_"):
        write_truth(path, "Drawn lobby", clip.incidents, round(config.seconds * FPS), FPS)


def write_truth(
    path: Path, title: str, incidents: Sequence[Incident], frames: int, fps: int
) -> None:
    """Write ``.labels.csv`` and ``.events.md`` beside a video.

    Args:
        path: of the video.
        title: of the list of events.
        incidents: what is abnormal; may begin and end outside of the file.
        frames: of the video.
        fps: frames per second.
    """
    labels = np.zeros(frames, int)
    lines = [f"# {title}", ""]
    for incident in incidents:
        first = int(np.ceil(incident.start_s * fps))
        last = min(frames - 1, int(incident.end_s * fps))
        labels[first : last + 1] = 1
        lines.append(f"- {first + 1:06d} - {last + 1:06d}: **(A)** {incident.kind}")
    path.with_suffix(".labels.csv").write_text(
        "".join(f"{label}\n" for label in labels), encoding="ascii"
    )
    path.with_suffix(".events.md").write_text("\n".join(lines) + "\n", encoding="ascii")


def _doorway(rng: Generator) -> tuple[float, float]:
    """The threshold of one of the side doors."""
    side, y = pick(rng, _DOORS)
    return side * (_HALF_WIDTH - 0.15), y + 0.5


def _cast(rng: Generator, config: LobbyConfig) -> list[Mover]:
    """Who passes, who stops at the board, and who sits at the desk."""
    movers: list[Mover] = [_desk()]
    rate = float(rng.uniform(*config.people_per_minute))
    for _ in range(round(rate * config.seconds / 60)):
        start = float(rng.uniform(-8, config.seconds))
        stops: list[tuple[float, ...]] = [_doorway(rng)]
        chance = rng.random()
        if chance < 0.25:
            spot = np.array(_BOARD) + rng.normal(0, [0.5, 0.3])
            stops.append((float(spot[0]), float(spot[1]), float(rng.uniform(3, 25))))
        elif chance < 0.45:
            stops.append((float(rng.uniform(-1.5, 1)), float(rng.uniform(4, 6.5)),
                          float(rng.uniform(1, 8))))  # fmt: skip
        stops.append((0.0, _LENGTH - 0.4) if rng.random() < 0.4 else _doorway(rng))
        speed = float(np.clip(rng.normal(1.25, 0.2), 0.7, 2.0))
        resting = pick(rng, ("stand", "phone", "hips"))
        movers.append(Walker(random_appearance(rng), Track.walk(start, speed, *stops), resting))
    now = float(rng.uniform(-300, 0))
    while now < config.seconds:
        stay, break_s = float(rng.uniform(90, 400)), float(rng.uniform(10, 90))
        out = _doorway(rng)
        track = Track.walk(now, 1.2, out, (*_CHAIR, stay), out)
        movers.append(Sitter(random_appearance(rng), track))
        now = float(track.times_s[-1]) + break_s
    return movers


def _desk() -> Mover:
    corners = [(x, y, z, 0.03) for x in (-0.7, 0.7) for y in (-0.3, 0.3) for z in (0.03, 0.75)]
    there = Track(np.array([-1e6, 1e6]), np.array([_DESK, _DESK]))
    return Boxes([Solid(np.array(corners), (120.0, 92.0, 64.0))], there)


@dataclass
class Lying:
    """Somebody on their back, across the view."""

    who: Appearance
    track: Track

    def picture(self, now: Moment, time_s: float, lens: Projection) -> Sprite:
        """The same as long as they lie."""
        return Boxes(lying_body(self.who), self.track).picture(now, time_s, lens)


def lying_body(who: Appearance) -> list[Solid]:
    """Somebody on their back, across the view."""
    return [
        Solid(part.spheres[:, [2, 0, 1, 3]] + np.array([0, 0, 0.2, 0]), part.colour, part.cloth)
        for part in solids(who, Pose(), 0.0)
    ]


def _disturb(rng: Generator, clip: Clip, count: int, number: int, seconds: float) -> None:
    """Add incidents, one after the other; the kinds take turns."""
    kinds, movers, found = tuple(KINDS), list(clip.movers), []
    share = seconds / max(1, count)
    for place in range(count):
        kind = kinds[(number * count + place) % len(kinds)]
        low, high = KINDS[kind]
        lasts = min(float(rng.uniform(low, high)), 0.7 * share)
        start = place * share + float(rng.uniform(0.1, 0.25)) * share
        spot = float(rng.uniform(-2.0, 0.6)), float(rng.uniform(3.5, 7.0))
        mover, span = _incident(rng, kind, spot, start, lasts)
        movers.append(mover)
        found.append(Incident(kind, *span, (len(movers) - 1,)))
    clip.movers, clip.incidents = movers, found


def _incident(
    rng: Generator, kind: str, spot: tuple[float, float], start: float, lasts: float
) -> tuple[Mover, tuple[float, float]]:
    who = random_appearance(rng)
    still = Track(np.array([start, start + lasts]), np.array([spot, spot]))
    if kind == "bag_left":
        scale = float(_LENS.discs(np.array([[*spot, 0.0, 1.0]])).radius_px[0])
        return Left(bag(rng, scale, elevation_of(_LENS, spot[1])), still), still.span_s
    if kind == "lying":
        return Lying(who, still), still.span_s
    if kind == "running":
        ends = [(-2.4, 4.0), (2.4, 5.0)] * int(np.ceil(lasts / 1.5 / 2))
        track = Track.walk(start, 3.4, *ends)
        return Walker(who, track), track.span_s
    door = _doorway(rng)
    track = Track.walk(start, 1.2, door, (*spot, lasts), door)
    resting = "crouch" if kind == "crouching" else "stand"
    # Walking in and out is ordinary; what is not begins when they stop.
    return Walker(who, track, resting), (float(track.times_s[1]), float(track.times_s[2]))
