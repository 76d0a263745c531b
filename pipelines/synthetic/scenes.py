"""Places of the synthetic datasets and cameras: outdoors and indoors.

Each place is built in metres and painted through a lens, so that people stand on its ground at
the right size. Every choice comes from the generator that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from pipelines.synthetic import textures as textures
from pipelines.synthetic.canvas import Canvas, Material
from pipelines.synthetic.figures import Fisheye, ImageArray, Pinhole, Sprite
from pipelines.synthetic.people import FloatArray, pick

Texture = Callable[[np.random.Generator], ImageArray]


@dataclass(frozen=True)
class Area:
    """A rectangle of ground in metres."""

    x0: float
    x1: float
    y0: float
    y1: float


@dataclass(frozen=True)
class Thing:
    """A cut-out that stands at a place in metres."""

    xy_m: tuple[float, float]
    sprite: Sprite
    material: Material


@dataclass
class Place:
    """A painted scene without its loose things: where people may stand, and through which lens."""

    canvas: Canvas
    lens: Pinhole | Fisheye
    walkable: tuple[Area, ...]
    indoor: bool
    hi_vis_share: float = 0.03  # few people in the street wear it
    traffic: tuple[Area, ...] = ()  # where cars may be
    things: list[Thing] = field(default_factory=list)


@dataclass(frozen=True)
class Band:
    """A strip of ground across the view, from y0 to y1 metres."""

    y0: float
    y1: float
    material: Material
    texture: ImageArray


def pavement(rng: np.random.Generator) -> ImageArray:
    """Slabs of some colour."""
    colour = pick(rng, ((168, 164, 156), (150, 142, 134), (186, 176, 160), (176, 140, 120)))
    n = int(rng.integers(8, 22))
    return textures.tiled(rng, colour, rows=n // 2 + 2, columns=n, bond=bool(rng.random() < 0.5))


def lawn(rng: np.random.Generator) -> ImageArray:
    """Grass of some season."""
    return textures.ground(
        rng,
        pick(rng, ((92, 122, 58), (116, 128, 66), (76, 108, 62), (150, 140, 84))),
        contrast=0.28,
        cell=40,
    )


def outdoors(
    rng: np.random.Generator,
    lens: Pinhole,
    size_hw: tuple[int, int],
    bands: tuple[Band, ...],
    back: str,
) -> Place:
    """Strips of ground with houses, trees or nothing but sky behind them."""
    height, width = size_hw
    canvas = Canvas.blank(height, width)
    canvas.rgb[:] = textures.sky(rng, height, width)
    canvas.material[:] = Material.SKY
    far = bands[-1].y1
    half = _half_width(lens, far, width)
    if back == "houses":
        x = -half - rng.uniform(0, 4)
        while x < half:
            wide, high = rng.uniform(6, 13), rng.uniform(5, 12)
            front = textures.facade(
                rng, floors=max(2, round(high / 3)), bays=max(2, round(wide / 2.4))
            )
            canvas.panel(lens, _upright(x, x + wide, far, high), front, Material.BUILDING)
            x += wide
    elif back == "trees":
        hedge = textures.ground(
            rng, pick(rng, ((58, 84, 44), (84, 100, 56), (50, 70, 52))), contrast=0.5, cell=30
        )
        canvas.panel(lens, _upright(-half, half, far, rng.uniform(1.5, 5)), hedge, Material.TREE)
    for band in reversed(bands):
        half = _half_width(lens, band.y1, width)
        canvas.panel(lens, _flat(-half, half, band.y0, band.y1), band.texture, band.material)
    walkable = tuple(
        Area(-_half_width(lens, b.y0, width), _half_width(lens, b.y0, width), b.y0, b.y1)
        for b in bands
        if b.material != Material.ROAD
    )
    traffic = tuple(Area(-8, 8, b.y0, b.y1) for b in bands if b.material == Material.ROAD)
    return Place(canvas, lens, walkable or traffic, indoor=False, traffic=traffic)


def nearest_visible_m(lens: Pinhole, height_px: int) -> float:
    """Distance along the ground of the frame's lower edge."""
    angle = lens.pitch + np.arctan((height_px - lens.centre_xy[1]) / lens.focal_px)
    return float(lens.height_m / np.tan(min(angle, 1.45)))


def _half_width(lens: Pinhole, y: float, width: int) -> float:
    depth = y * np.cos(lens.pitch) + lens.height_m * np.sin(lens.pitch)
    return float(depth * width / 2 / lens.focal_px * 1.05)


def _flat(x0: float, x1: float, y0: float, y1: float, z: float = 0.0) -> FloatArray:
    return np.array([[x0, y1, z], [x1, y1, z], [x1, y0, z], [x0, y0, z]])


def _upright(x0: float, x1: float, y: float, high: float, low: float = 0.0) -> FloatArray:
    return np.array([[x0, y, high], [x1, y, high], [x1, y, low], [x0, y, low]])


def _side(x: float, y0: float, y1: float, high: float, low: float = 0.0) -> FloatArray:
    return np.array([[x, y0, high], [x, y1, high], [x, y1, low], [x, y0, low]])


@dataclass(frozen=True, kw_only=True)
class Room:
    """Measures of a room in metres and what hangs on its walls."""

    half_width: float
    length: float
    height: float = 3.0  # a usual ceiling
    doors: tuple[tuple[int, float], ...] = ()  # none: (side -1 or 1, y of the near jamb)
    shelves: tuple[tuple[int, float, float], ...] = ()  # none: (side, y0, y1)
    end: str = "wall"  # or door, window, shelf
    floor: str = "tiles"  # or planks, carpet, concrete


def indoors(rng: np.random.Generator, lens: Pinhole, size_hw: tuple[int, int], room: Room) -> Place:
    """A room or corridor seen from one end, under its ceiling."""
    canvas = Canvas.blank(*size_hw)
    near = -0.5 if lens.pitch < 0.5 else 0.0
    x, y1, high = room.half_width, room.length, room.height
    paint = pick(
        rng, ((206, 200, 186), (188, 196, 198), (170, 176, 160), (214, 206, 196), (150, 160, 172))
    )
    wall = textures.ground(rng, paint, contrast=0.06, cell=80)
    cv2.rectangle(
        wall,
        (0, textures.SIZE - 26),
        (textures.SIZE, textures.SIZE),
        tuple(c * 0.6 for c in paint),
        -1,
    )
    ceiling = textures.tiled(rng, (212, 212, 206), rows=14, columns=6)
    canvas.panel(lens, _flat(-x, x, near, y1, high)[[3, 2, 1, 0]], ceiling, Material.CEILING)
    canvas.panel(lens, _flat(-x, x, near, y1), floor(rng, room.floor), Material.FLOOR)
    canvas.panel(lens, _upright(-x, x, y1, high), wall, Material.WALL)
    _end_wall(rng, canvas, lens, room)
    for side, tone in ((-1, 0.86), (1, 0.94)):
        shaded = (wall * tone).astype(np.uint8)
        canvas.panel(lens, _side(side * x, near, y1, high), shaded, Material.WALL)
        _hang_pictures(rng, canvas, lens, room, side)
    for side, y in room.doors:
        canvas.panel(
            lens, _side(side * x, y, y + 0.95, 2.1), textures.panelled_door(rng), Material.DOOR
        )
    for side, y0, y in room.shelves:
        stock = textures.stocked_shelf(rng, boards=int(rng.integers(4, 7)))
        canvas.panel(lens, _side(side * (x - 0.05), y0, y, min(2.3, high)), stock, Material.SHELF)
    return Place(canvas, lens, (Area(-x + 0.4, x - 0.4, 1.0, y1 - 0.5),), indoor=True)


def floor(rng: np.random.Generator, kind: str) -> ImageArray:
    """Tiles, planks, carpet or concrete."""
    if kind == "tiles":
        colour = pick(rng, ((180, 176, 168), (150, 140, 128), (120, 124, 128), (196, 188, 170)))
        return textures.tiled(rng, colour, rows=24, columns=8)
    if kind == "planks":
        return textures.tiled(
            rng, pick(rng, ((150, 108, 68), (120, 86, 58))), rows=5, columns=16, bond=True
        )
    if kind == "carpet":
        return textures.ground(
            rng, pick(rng, ((96, 84, 100), (84, 96, 112), (120, 92, 80))), contrast=0.2, cell=6
        )
    return textures.ground(
        rng, pick(rng, ((136, 134, 130), (116, 120, 118))), contrast=0.14, cell=60
    )


def _end_wall(rng: np.random.Generator, canvas: Canvas, lens: Pinhole, room: Room) -> None:
    x, y = room.half_width, room.length - 0.02
    if room.end == "door":
        canvas.panel(lens, _upright(-0.5, 0.5, y, 2.1), textures.panelled_door(rng), Material.DOOR)
    elif room.end == "window":
        canvas.panel(
            lens, _upright(-x * 0.6, x * 0.6, y, 2.2, 1.0), textures.pane(rng), Material.WINDOW
        )
    elif room.end == "shelf":
        shelf = textures.stocked_shelf(rng, boards=5)
        canvas.panel(lens, _upright(-x * 0.9, x * 0.9, y, 2.2), shelf, Material.SHELF)


def _hang_pictures(
    rng: np.random.Generator, canvas: Canvas, lens: Pinhole, room: Room, side: int
) -> None:
    for _ in range(int(rng.integers(0, 3))):
        y, wide = rng.uniform(1.0, max(1.2, room.length - 1.2)), rng.uniform(0.5, 1.1)
        if any(s == side and d - wide < y < d + 1 for s, d in room.doors):
            continue
        what = pick(
            rng,
            (
                (textures.poster, Material.POSTER),
                (textures.poster, Material.POSTER),
                (textures.pane, Material.WINDOW),
            ),
        )
        canvas.panel(
            lens, _side(side * room.half_width * 0.99, y, y + wide, 2.1, 1.1), what[0](rng), what[1]
        )
