"""One sample of the synthetic datasets: a place, its things, perhaps people, photographed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.synthetic import things as things
from pipelines.synthetic.bodies import solids
from pipelines.synthetic.canvas import Material
from pipelines.synthetic.figures import (
    Fisheye,
    ImageArray,
    Pinhole,
    Sprite,
    elevation_of,
    mirrored,
    person_sprite,
    seen_solids,
    shade_ground,
)
from pipelines.synthetic.people import gait, pick, random_appearance
from pipelines.synthetic.places import PLACES
from pipelines.synthetic.scenes import Place, Thing

#: Width and height of the pictures; the first is the usual one.
SIZES_WH = ((320, 240), (320, 240), (320, 213), (240, 320), (300, 225), (336, 252))
#: A person is drawn if this many pixels tall; smaller ones are beyond the masks' precision.
TALLEST_PX, SHORTEST_PX = 200.0, 20.0
#: Fewer human pixels than a person of 20 pixels has: nobody to see.
FEWEST_HUMAN_PX = 90
_ACTIVITIES = (
    "walk",
    "walk",
    "walk",
    "stand",
    "stand",
    "run",
    "wave",
    "phone",
    "hips",
    "sit",
    "crouch",
    "bend",
)


@dataclass(frozen=True)
class Drawn:
    """A finished sample: `rgb` (H, W, 3); `material` and `instance` (H, W)."""

    rgb: ImageArray
    material: ImageArray
    instance: ImageArray


def draw_sample(rng: np.random.Generator, *, with_people: bool) -> Drawn:
    """Draw a place, populate it or not, and take a picture with a camera's faults.

    A scene whose people are all hidden behind things is drawn again.
    """
    drawn = _draw(rng, with_people=with_people)
    while with_people and np.count_nonzero(drawn.material == Material.PERSON) < FEWEST_HUMAN_PX:
        drawn = _draw(rng, with_people=with_people)
    return drawn


def _draw(rng: np.random.Generator, *, with_people: bool) -> Drawn:
    width, height = pick(rng, SIZES_WH)
    place = pick(rng, PLACES)(rng, width, height)
    furnish(rng, place, busy=0.5 if with_people else 1.0)
    slant = 0.0 if place.indoor or rng.random() < 0.4 else float(rng.uniform(-0.6, 0.6))
    wanted = int(pick(rng, (1, 1, 2, 2, 3, 4, 5))) if with_people else 0
    standing: list[Thing] = list(place.things)
    for attempt in range(200):
        if len(standing) == len(place.things) + wanted:
            break
        someone = _someone(rng, place, (height, width), easy=attempt > 100)
        standing += [] if someone is None else [someone]
    _stand_all(place, standing, slant)
    rgb = photograph(rng, place.canvas.rgb, indoor=place.indoor)
    return Drawn(rgb, place.canvas.material, place.canvas.instance)


def _stand_all(place: Place, standing: list[Thing], slant: float) -> None:
    strength = 0.3 if slant == 0 else 0.45
    fisheye = isinstance(place.lens, Fisheye)
    for thing in sorted(
        standing, key=lambda t: -float(np.hypot(*t.xy_m) if fisheye else t.xy_m[1])
    ):
        foot = place.lens.discs(np.array([[*thing.xy_m, 0.0, 1.0]])).xy_px[0]
        at = (float(foot[0]), float(foot[1]))
        if not fisheye:
            shade_ground(place.canvas.rgb, thing.sprite, at, slant=slant, strength=strength)
        place.canvas.stand(thing.sprite, at, thing.material)


def _someone(
    rng: np.random.Generator, place: Place, size_hw: tuple[int, int], *, easy: bool
) -> Thing | None:
    """A person somewhere on walkable ground, if they are whole enough and of a fair size."""
    area = pick(rng, place.walkable)
    xy = (float(rng.uniform(area.x0, area.x1)), float(rng.uniform(area.y0, area.y1)))
    seen = place.lens.discs(np.array([[*xy, 0.0, 1.0], [*xy, 1.7, 1.0]]))
    tall = float(np.hypot(*(seen.xy_px[0] - seen.xy_px[1])))
    if isinstance(place.lens, Pinhole):
        tall = float(seen.radius_px.mean() * 1.7)
    margin = 0 if easy else 0.25 * tall
    (x, y), (height, width) = seen.xy_px[0], size_hw
    inside = -margin * 0.3 < x < width + margin * 0.3 and 0.3 * tall < y < height + margin * 0.4
    if not inside or not SHORTEST_PX <= tall <= TALLEST_PX:
        return None
    who = random_appearance(rng, hi_vis=bool(rng.random() < place.hi_vis_share))
    body = solids(
        who, gait(pick(rng, _ACTIVITIES), rng.uniform(0, 2 * np.pi)), rng.uniform(0, 2 * np.pi)
    )
    if isinstance(place.lens, Fisheye):
        return Thing(xy, seen_solids(who, body, xy, place.lens), Material.PERSON)
    down = elevation_of(place.lens, xy[1])
    sprite = person_sprite(who, body, px_per_m=float(seen.radius_px[0]), elevation=down)
    return Thing(xy, sprite, Material.PERSON)


def furnish(rng: np.random.Generator, place: Place, *, busy: float) -> None:
    """Add loose things to a place: more of them where `busy` is near 1."""
    if isinstance(place.lens, Fisheye):
        return
    kinds = _INDOOR if place.indoor else _OUTDOOR
    for _ in range(int(rng.integers(0, 1 + round(6 * busy)))):
        area = pick(rng, place.walkable)
        xy = (float(rng.uniform(area.x0, area.x1)), float(rng.uniform(area.y0, area.y1)))
        px_per_m = float(place.lens.discs(np.array([[*xy, 0.0, 1.0]])).radius_px[0])
        if not 6 < px_per_m < 130:
            continue
        make, material = pick(rng, kinds)
        place.things.append(
            Thing(xy, make(rng, px_per_m, elevation_of(place.lens, xy[1])), material)
        )
    for lane in place.traffic:
        for _ in range(int(rng.integers(0, 3))):
            xy = (float(rng.uniform(lane.x0, lane.x1)), float(rng.uniform(lane.y0 + 0.5, lane.y1)))
            px_per_m = float(place.lens.discs(np.array([[*xy, 0.0, 1.0]])).radius_px[0])
            place.things.append(
                Thing(xy, _either_way(rng, things.car(rng, px_per_m)), Material.CAR)
            )


def _either_way(rng: np.random.Generator, sprite: Sprite) -> Sprite:
    if rng.random() < 0.5:
        return sprite
    return mirrored(sprite)


Maker = Callable[[np.random.Generator, float, float], Sprite]
_OUTDOOR: tuple[tuple[Maker, Material], ...] = (
    (lambda rng, s, e: things.tree(rng, s, rng.uniform(2.5, 6)), Material.TREE),
    (lambda rng, s, e: things.tree(rng, s, rng.uniform(0.5, 1.4)), Material.TREE),
    (lambda rng, s, e: things.post(rng, s), Material.POST),
    (lambda rng, s, e: things.post(rng, s), Material.POST),
    (things.animal, Material.ANIMAL),
    (things.statue, Material.STATUE),
    (things.furniture, Material.FURNITURE),
)
_INDOOR: tuple[tuple[Maker, Material], ...] = (
    (things.furniture, Material.FURNITURE),
    (things.furniture, Material.FURNITURE),
    (things.furniture, Material.FURNITURE),
    (lambda rng, s, e: things.tree(rng, s, rng.uniform(0.6, 1.3)), Material.TREE),
    (things.animal, Material.ANIMAL),
    (things.animal, Material.ANIMAL),
    (things.bag, Material.BAG),
    (things.bag, Material.BAG),
    (things.furniture, Material.FURNITURE),
    (things.statue, Material.STATUE),
)


def photograph(rng: np.random.Generator, rgb: ImageArray, *, indoor: bool) -> ImageArray:
    """What a camera makes of a scene: light, colour cast, vignette, blur, noise."""
    height, width = rgb.shape[:2]
    light = cv2.resize(
        rng.uniform(0.75, 1.2, (3, 3)).astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    cast = (
        1
        + rng.normal(0, 0.05, 3).astype(np.float32)
        + (np.array((0.05, 0, -0.08), np.float32) if indoor else 0)
    )
    gain = float(np.clip(rng.normal(0.98, 0.16), 0.6, 1.25))
    image = rgb * (light * gain)[..., None] * cast.astype(np.float32)
    curve = (255 * (np.arange(256) / 255) ** rng.uniform(0.85, 1.2)).astype(np.float32)
    image = cv2.LUT(cv2.convertScaleAbs(image), curve)
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 0.9))
    grain = rng.standard_normal((height, width, 4), dtype=np.float32)
    image += grain[..., :1] * np.float32(rng.uniform(2, 9)) + grain[..., 1:] * 2
    return np.clip(image, 0, 255).astype(np.uint8)
