"""A walkway in the layout of UCSD Ped2: people walk; in the test clips some ride, skate or drive.

Grey, 360 x 240 pixels, 10 frames per second, people 20 to 40 pixels tall, with the exact pixels of
everything that is not a pedestrian, and its boxes and tracks as Street Scene writes them. Nothing
in it is a picture of the real footage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from pipelines.synthetic.actors import Moment, Mover, Track, Walker, foot_px
from pipelines.synthetic.bodies import Solid, raised, solids, turned
from pipelines.synthetic.canvas import Material
from pipelines.synthetic.figures import (
    ImageArray,
    Pinhole,
    Projection,
    Sprite,
    paste,
    seen_solids,
    shade_ground,
)
from pipelines.synthetic.people import Appearance, FloatArray, Pose, pick, random_appearance
from pipelines.synthetic.scenes import Band, Place, outdoors
from pipelines.synthetic.textures import ground, tiled

WIDTH, HEIGHT, FPS = 360, 240, 10
LENS = Pinhole(focal_px=420.0, height_m=9.0, pitch=0.45, centre_xy=(WIDTH / 2, HEIGHT / 2))
#: Metres from the camera's foot: people are 38 pixels tall at the near edge, 22 at the far one.
NEAR_M, FAR_M = 16.5, 31.0
#: Pedestrians: mean and spread of their speed in m/s.
WALK_M_S, WALK_SPREAD = 1.3, 0.2
#: Kinds of riders: lowest and highest speed in m/s.
RIDERS: dict[str, tuple[float, float]] = {
    "cyclist": (2.8, 5.0),
    "skater": (2.2, 3.6),
    "cart": (2.4, 4.0),
    "wheelchair": (1.0, 1.8),
}
_DARK = (46.0, 46.0, 48.0)


@dataclass(frozen=True, kw_only=True)
class WalkwayConfig:
    """How much is filmed."""

    train_clips: int = 16  # as in Ped2
    test_clips: int = 12
    frames: int = 150  # of a clip
    people: tuple[int, int] = (6, 16)  # in the view at once, fewest and most
    noise: float = 2.5  # grey levels


@dataclass
class Rider:
    """Somebody on or in something, drawn through the lens; yaw 0 looks along +y."""

    who: Appearance
    body: list[Solid]
    track: Track

    def picture(self, now: Moment, time_s: float, lens: Projection) -> Sprite:
        """The rider where they are, turned the way they go."""
        return seen_solids(self.who, turned(self.body, now.yaw), now.xy_m, lens)


@dataclass
class _Scene:
    """One clip: who moves, and which of them are abnormal, by index."""

    movers: list[Mover] = field(default_factory=list)
    abnormal: set[int] = field(default_factory=set)


def make_walkway(
    folder: Path,
    *,
    seed: int,
    config: WalkwayConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Film into ``Train/TrainNNN``, ``Test/TestNNN``, ``Test/TestNNN_gt`` and its ``.txt``.

    Args:
        folder: created if need be.
        seed: the same seed gives the same bytes.
        config: how much.
        progress: called as progress(clips done, clips in all).
    """
    config = config or WalkwayConfig()
    place = _build(np.random.default_rng([seed, 0]))
    clips = [("Train", n) for n in range(config.train_clips)]
    clips += [("Test", n) for n in range(config.test_clips)]
    for done, (part, number) in enumerate(clips, start=1):
        rng = np.random.default_rng([seed, 1 + (part == "Test"), number])
        scene = _cast(rng, config)
        if part == "Test":
            _add_riders(rng, scene, number, config.frames / FPS)
        _film(folder / part, f"{part}{number + 1:03d}", place, scene, rng, config)
        if progress:
            progress(done, len(clips))
    return folder


def _build(rng: np.random.Generator) -> Place:
    slabs = tiled(rng, (168, 164, 158), rows=9, columns=14, bond=True)
    grass = ground(rng, (96, 112, 78), contrast=0.25)
    bands = (
        Band(9.0, NEAR_M - 1.0, Material.GRASS, grass),
        Band(NEAR_M - 1.0, FAR_M + 1.0, Material.PAVEMENT, slabs),
        Band(FAR_M + 1.0, 44.0, Material.GRASS, grass),
    )
    return outdoors(rng, LENS, (HEIGHT, WIDTH), bands, "houses")


def _edge(y: float) -> float:
    """Half of the view's width at a distance, and a step beyond."""
    depth = y * np.cos(LENS.pitch) + LENS.height_m * np.sin(LENS.pitch)
    return float(depth * WIDTH / 2 / LENS.focal_px) + 1.5


def _crossing(rng: np.random.Generator, start_s: float, speed: float) -> Track:
    """Along the walkway, drifting a little towards or away from the camera."""
    y = float(rng.uniform(NEAR_M, FAR_M))
    end = float(np.clip(y + rng.normal(0, 2.0), NEAR_M, FAR_M))
    way = int(pick(rng, (-1, 1)))
    return Track.walk(start_s, speed, (-way * _edge(y), y), (way * _edge(end), end))


def _cast(rng: np.random.Generator, config: WalkwayConfig) -> _Scene:
    """Pedestrians, alone and in pairs, some of whom stop for a while."""
    seconds = config.frames / FPS
    crossing_s = 2 * _edge((NEAR_M + FAR_M) / 2) / WALK_M_S
    wanted = rng.integers(config.people[0], config.people[1] + 1)
    people = round(wanted * (seconds + crossing_s) / crossing_s)
    scene = _Scene()
    while len(scene.movers) < people:
        start = float(rng.uniform(-crossing_s, seconds))
        speed = float(np.clip(rng.normal(WALK_M_S, WALK_SPREAD), 0.7, 1.9))
        track = _crossing(rng, start, speed)
        if rng.random() < 0.12:
            track = _pausing(rng, track, speed)
        scene.movers.append(Walker(random_appearance(rng), track, "phone"))
        if rng.random() < 0.3:
            beside = Track(track.times_s, track.corners_m + rng.normal(0, 0.15, 2) + [0.1, 0.6])
            scene.movers.append(Walker(random_appearance(rng), beside, "stand"))
    return scene


def _pausing(rng: np.random.Generator, track: Track, speed: float) -> Track:
    (x0, y0), (x1, y1) = track.corners_m
    share = float(rng.uniform(0.3, 0.7))
    stop = (x0 + share * (x1 - x0), y0 + share * (y1 - y0), float(rng.uniform(2, 8)))
    return Track.walk(float(track.times_s[0]), speed, (x0, y0), stop, (x1, y1))


def _add_riders(rng: np.random.Generator, scene: _Scene, number: int, seconds: float) -> None:
    """One or two riders; the kinds take turns, so that each is there."""
    kinds = tuple(RIDERS)
    for count in range(int(rng.integers(1, 3))):
        kind = kinds[(number + count) % len(kinds)]
        speed = float(rng.uniform(*RIDERS[kind]))
        start = float(rng.uniform(0.0, 0.45 * seconds))
        scene.abnormal.add(len(scene.movers))
        scene.movers.append(_rider(rng, kind, _crossing(rng, start, speed)))


def _rider(rng: np.random.Generator, kind: str, track: Track) -> Rider:
    who = random_appearance(rng)
    body = {"cyclist": _cyclist, "skater": _skater, "cart": _cart, "wheelchair": _wheelchair}[kind]
    return Rider(who, body(who), track)


def _wheel(y: float, radius: float, x: float = 0.0) -> Solid:
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    rim = [(x, y + radius * np.cos(a), radius + 0.02 + radius * np.sin(a), 0.02) for a in angles]
    return Solid(np.array(rim), _DARK)


def _bar(start: Sequence[float], end: Sequence[float], radius: float = 0.03) -> Solid:
    return Solid(np.array([(*start, radius), (*end, radius)]), _DARK)


def _cyclist(who: Appearance) -> list[Solid]:
    pose = Pose(thigh=(1.1, 0.5), knee=(1.2, 0.7), arm=(0.9, 0.9), elbow=(0.3, 0.3), lean=0.5)
    bike = [
        _wheel(-0.52, 0.33), _wheel(0.52, 0.33),
        _bar((0, -0.52, 0.35), (0, -0.1, 0.85)), _bar((0, -0.1, 0.85), (0, 0.4, 0.95)),
        _bar((0, 0.4, 0.95), (0, 0.52, 0.35)), _bar((-0.25, 0.38, 1.0), (0.25, 0.38, 1.0)),
    ]  # fmt: skip
    return [*bike, *raised(solids(who, pose, 0.0), 0.3)]


def _skater(who: Appearance) -> list[Solid]:
    pose = Pose(thigh=(0.35, -0.2), knee=(0.5, 0.35), arm=(0.3, -0.3), spread=(0.5, 0.5), lean=0.2)
    board = Solid(np.array([(0, -0.4, 0.08, 0.06), (0, 0.4, 0.08, 0.06)]), _DARK)
    return [board, *raised(solids(who, pose, 0.0), 0.12)]


def _cart(who: Appearance) -> list[Solid]:
    def box(y0: float, y1: float, z0: float, z1: float, colour: tuple[float, ...]) -> Solid:
        corners = [(x, y, z, 0.05) for x in (-0.6, 0.6) for y in (y0, y1) for z in (z0, z1)]
        return Solid(np.array(corners), (colour[0], colour[1], colour[2]))

    white = (214.0, 214.0, 208.0)
    driver = raised(solids(who, Pose(thigh=(1.4, 1.4), knee=(1.4, 1.4)), 0.0), 0.45)
    posts = [_bar((x, y, 0.8), (x, y, 1.8)) for x in (-0.55, 0.55) for y in (-0.8, 0.5)]
    wheels = [_wheel(y, 0.22, x) for x in (-0.6, 0.6) for y in (-0.8, 0.85)]
    return [*wheels, box(-1.2, 1.2, 0.25, 0.75, white), *posts, *driver,
            box(-0.95, 0.65, 1.8, 1.86, white)]  # fmt: skip


def _wheelchair(who: Appearance) -> list[Solid]:
    pose = Pose(thigh=(1.45, 1.4), knee=(1.4, 1.35), arm=(0.3, 0.3), elbow=(0.6, 0.6))
    chair = [
        _wheel(-0.05, 0.3, -0.3), _wheel(-0.05, 0.3, 0.3),
        _bar((-0.25, -0.25, 0.5), (-0.25, -0.3, 1.0), 0.05),
        _bar((0.25, -0.25, 0.5), (0.25, -0.3, 1.0), 0.05),
    ]  # fmt: skip
    return [*chair, *raised(solids(who, pose, 0.0), 0.15)]


def _film(
    folder: Path,
    name: str,
    place: Place,
    scene: _Scene,
    rng: np.random.Generator,
    config: WalkwayConfig,
) -> None:
    frames, masks = folder / name, folder / f"{name}_gt"
    frames.mkdir(parents=True, exist_ok=True)
    if scene.abnormal:
        masks.mkdir(parents=True, exist_ok=True)
    boxes: list[str] = []
    for number in range(config.frames):
        canvas, abnormal, seen = _frame(place.canvas.rgb, scene, number / FPS)
        boxes += [f"{number + 1:03d}.tif {line}" for line in seen]
        cv2.imwrite(str(frames / f"{number + 1:03d}.tif"), _exposed(canvas, rng, config.noise))
        if scene.abnormal:
            cv2.imwrite(str(masks / f"{number + 1:03d}.bmp"), abnormal)
    if scene.abnormal:
        (folder / f"{name}_gt.txt").write_text("\n".join(boxes) + "\n", encoding="utf-8")


def _frame(
    background: ImageArray, scene: _Scene, time_s: float
) -> tuple[ImageArray, ImageArray, list[str]]:
    """The view; 255 where an abnormal mover is seen, not hidden; its track and box as a line."""
    canvas = background.copy()
    owner = np.full(canvas.shape[:2], -1, np.int32)  # who is seen at each pixel
    present = [
        (now.xy_m[1], index, now)
        for index, mover in enumerate(scene.movers)
        if (now := mover.track.at(time_s)) is not None
    ]
    for _, index, now in sorted(present, key=lambda entry: -entry[0]):
        sprite, at = scene.movers[index].picture(now, time_s, LENS), foot_px(LENS, now.xy_m)
        shade_ground(canvas, sprite, at, slant=0.5, strength=0.35)
        pasted = paste(canvas, sprite, at)
        if pasted is not None:
            owner[pasted.rows, pasted.columns][pasted.inside] = index
    boxes = []
    for index in sorted(scene.abnormal):
        x, y, width, height = cv2.boundingRect((owner == index).astype(np.uint8))
        if width:
            boxes.append(f"{index} {x + width / 2} {y + height / 2} {width} {height}")
    abnormal = np.where(np.isin(owner, list(scene.abnormal)), 255, 0).astype(np.uint8)
    return canvas, abnormal, boxes


def _exposed(canvas: ImageArray, rng: np.random.Generator, noise: float) -> ImageArray:
    grey = cv2.GaussianBlur(cv2.cvtColor(canvas, cv2.COLOR_RGB2GRAY), (3, 3), 0.6)
    grain: FloatArray = rng.standard_normal(grey.shape, dtype=np.float32) * noise
    return np.clip(grey + grain + 0.5, 0, 255).astype(np.uint8)
