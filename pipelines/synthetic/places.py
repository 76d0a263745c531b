"""Kinds of places in the synthetic datasets: streets, parks, rooms, shops, camera-like views."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.synthetic import scenes as scenes
from pipelines.synthetic import textures as textures
from pipelines.synthetic.canvas import Material
from pipelines.synthetic.figures import Fisheye, Pinhole
from pipelines.synthetic.halls import Block, hall
from pipelines.synthetic.people import pick
from pipelines.synthetic.scenes import Area, Band, Place, Room


def _street(rng: np.random.Generator, width: int, height: int) -> Place:
    lens = _lens(rng, width, height, rises=(1.5, 5.5), pitches=(0.05, 0.38))
    near = scenes.nearest_visible_m(lens, height) * 0.95
    kerb = near + rng.uniform(1.0, 5.0)
    far_kerb = kerb + rng.uniform(5, 8)
    end = far_kerb + rng.uniform(1.5, 4)
    slabs = scenes.pavement(rng)
    bands = (
        Band(near, kerb, Material.PAVEMENT, slabs),
        Band(kerb, far_kerb, Material.ROAD, textures.road(rng)),
        Band(far_kerb, end, Material.PAVEMENT, slabs),
    )
    return scenes.outdoors(
        rng, lens, (height, width), bands, pick(rng, ("houses", "houses", "trees"))
    )


def _park(rng: np.random.Generator, width: int, height: int) -> Place:
    lens = _lens(rng, width, height, rises=(1.3, 4.0), pitches=(0.0, 0.3))
    near = scenes.nearest_visible_m(lens, height) * 0.95
    path = near + rng.uniform(0.5, 4)
    end = path + rng.uniform(1.5, 3)
    grass = scenes.lawn(rng)
    bands = (
        Band(near, path, Material.GRASS, grass),
        Band(path, end, Material.PAVEMENT, scenes.pavement(rng)),
        Band(end, end + rng.uniform(5, 20), Material.GRASS, grass),
    )
    return scenes.outdoors(
        rng, lens, (height, width), bands, pick(rng, ("trees", "trees", "none", "houses"))
    )


def _plaza(rng: np.random.Generator, width: int, height: int) -> Place:
    lens = _lens(rng, width, height, rises=(4.5, 8.0), pitches=(0.5, 0.95))
    near = scenes.nearest_visible_m(lens, height) * 0.9
    middle = near + rng.uniform(2, 5)
    cover = pick(
        rng,
        (
            (Material.PAVEMENT, scenes.pavement),
            (Material.ROAD, textures.road),
            (Material.GRASS, scenes.lawn),
        ),
    )
    bands = (
        Band(near, middle, Material.PAVEMENT, scenes.pavement(rng)),
        Band(middle, 26.0, cover[0], cover[1](rng)),
    )
    return scenes.outdoors(rng, lens, (height, width), bands, "houses")


def _room(rng: np.random.Generator, width: int, height: int) -> Place:
    lens = _lens(rng, width, height, rises=(1.4, 2.7), pitches=(0.05, 0.45))
    room = Room(
        half_width=float(rng.uniform(2, 4)),
        length=float(rng.uniform(4.5, 9)),
        doors=tuple((int(pick(rng, (-1, 1))), float(rng.uniform(2, 4))) for _ in range(2)),
        end=pick(rng, ("wall", "door", "window", "shelf")),
        floor=pick(rng, ("tiles", "planks", "carpet")),
    )
    return scenes.indoors(rng, lens, (height, width), room)


def _corridor(rng: np.random.Generator, width: int, height: int) -> Place:
    lens = _lens(rng, width, height, rises=(1.6, 2.75), pitches=(0.08, 0.4))
    doors = tuple(
        (side, float(y + rng.uniform(-0.5, 0.5)))
        for side in (-1, 1)
        for y in (3.5, 7, 10.5)
        if rng.random() < 0.8
    )
    room = Room(
        half_width=float(rng.uniform(1.1, 1.8)),
        length=float(rng.uniform(9, 18)),
        doors=doors,
        end=pick(rng, ("wall", "door", "window")),
        floor=pick(rng, ("tiles", "carpet", "concrete")),
    )
    return scenes.indoors(rng, lens, (height, width), room)


def _shop(rng: np.random.Generator, width: int, height: int) -> Place:
    lens = _lens(rng, width, height, rises=(1.6, 2.9), pitches=(0.1, 0.5))
    length = float(rng.uniform(6, 14))
    room = Room(
        half_width=float(rng.uniform(1.4, 3.2)),
        length=length,
        height=3.6,
        end="shelf",
        shelves=((-1, 1.0, length - 1), (1, 1.0, length - 1)),
        floor=pick(rng, ("tiles", "concrete")),
    )
    return scenes.indoors(rng, lens, (height, width), room)


def _hall(rng: np.random.Generator, width: int, height: int) -> Place:
    side = min(width, height)
    lens = Fisheye(
        focal_px=side * float(rng.uniform(0.33, 0.45)),
        height_m=float(rng.uniform(2.8, 4.2)),
        centre_xy=(width / 2, height / 2),
    )
    bounds = Area(-8.0, 8.0, -7.0, 7.0)
    plan = scenes.floor(rng, pick(rng, ("tiles", "concrete")))
    blocks = []
    for x, y in ((-5, 4.5), (5, 4.5), (-5, -4.5), (5, -4.5)):
        if rng.random() < 0.75:
            wide, deep = rng.uniform(0.8, 2.2, 2)
            colour = pick(rng, ((90, 110, 130), (150, 130, 90), (120, 124, 128), (70, 100, 84)))
            blocks.append(
                Block(
                    Area(x - wide, x + wide, y - deep, y + deep),
                    float(rng.uniform(0.8, 2.0)),
                    colour,
                )
            )
    place = hall(rng, lens, (height, width), bounds, plan, tuple(blocks))
    place.walkable = (Area(-3.0, 3.0, -2.4, 2.4),)
    return place


def _lens(
    rng: np.random.Generator,
    width: int,
    height: int,
    *,
    rises: tuple[float, float],
    pitches: tuple[float, float],
) -> Pinhole:
    return Pinhole(
        focal_px=float(rng.uniform(0.75, 1.25) * max(width, height)),
        height_m=float(rng.uniform(*rises)),
        pitch=float(rng.uniform(*pitches)),
        centre_xy=(width / 2, height / 2),
    )


#: Builders of places, as often as they are listed.
PLACES: tuple[Callable[[np.random.Generator, int, int], Place], ...] = (
    _street,
    _street,
    _street,
    _park,
    _park,
    _plaza,
    _plaza,
    _room,
    _room,
    _corridor,
    _corridor,
    _shop,
    _hall,
)
