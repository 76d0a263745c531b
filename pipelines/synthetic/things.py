"""Things that stand in synthetic scenes: cars, trees, posts, animals, statues, furniture, bags."""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.synthetic.bodies import Solid, solids, turned
from pipelines.synthetic.figures import ImageArray, Level, Sprite, cropped, draw_solids
from pipelines.synthetic.people import CLOTHES, Appearance, FloatArray, gait, pick
from pipelines.synthetic.textures import cloudy


def _finish(
    rng: np.random.Generator,
    rgba: ImageArray,
    anchor: tuple[float, float],
    px_per_m: float,
    grain: float = 0.1,
) -> Sprite:
    """Grain on a drawing made at twice its size, then reduced to a sprite."""
    height, width = rgba.shape[:2]
    field = 1 + grain * cloudy(rng, height, width, max(4.0, height / 8), 4)
    rgba[..., :3] = np.minimum(rgba[..., :3] * field[..., None], rgba[..., 3:])
    small = cv2.resize(
        rgba, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA
    )
    return Sprite(small, (anchor[0] / 2, anchor[1] / 2), px_per_m)


def car(rng: np.random.Generator, px_per_m: float) -> Sprite:
    """A car from the side, facing right, 4.3 m long."""
    unit = px_per_m * 2
    rgba = np.zeros((int(1.7 * unit) + 4, int(4.5 * unit) + 4, 4), np.uint8)
    paint = np.array(
        pick(rng, (*CLOTHES, (200, 200, 204), (180, 20, 24), (20, 20, 24)))
    ) * rng.uniform(0.8, 1.1)
    van = rng.random() < 0.25
    base = 1.62

    def shape(points: tuple[tuple[float, float], ...], colour: FloatArray) -> None:
        xy = np.array([[0.1 + x, base - y] for x, y in points]) * unit
        cv2.fillPoly(
            rgba,
            [np.round(xy * 16).astype(np.int32)],
            [*np.clip(colour, 4, 255).tolist(), 255],
            cv2.LINE_AA,
            4,
        )

    roof = (
        ((0.1, 0.9), (0.12, 1.55), (3.2, 1.55), (3.9, 0.9))
        if van
        else ((0.4, 0.9), (1.0, 1.42), (2.6, 1.42), (3.3, 0.9))
    )
    shape(((0, 0.25), (0, 0.75), (0.15, 0.92), (3.4, 0.92), (4.2, 0.72), (4.3, 0.25)), paint)
    shape(((0, 0.25), (0, 0.45), (4.3, 0.42), (4.3, 0.25)), paint * 0.65)
    shape(roof, paint * 1.1)
    middle = 1.8
    for x0, x1 in ((0.62, middle - 0.05), (middle + 0.05, 2.9)):
        top0, top1 = (x0 + 0.4 if x0 < 1 and not van else x0), (x1 - 0.38 if x1 > 2.5 else x1)
        shape(((x0, 0.92), (top0, 1.33), (top1, 1.33), (x1, 0.92)), np.array((52, 62, 74)))
    shape(((4.1, 0.55), (4.1, 0.7), (4.28, 0.66), (4.28, 0.55)), np.array((250, 244, 200)))
    shape(((0.0, 0.55), (0.0, 0.72), (0.12, 0.72), (0.12, 0.55)), np.array((190, 24, 20)))
    for x in (0.85, 3.4):
        for radius, tone in ((0.33, 24), (0.19, 150), (0.1, 90)):
            centre = (int((0.1 + x) * unit * 16), int((base - 0.32) * unit * 16))
            cv2.circle(
                rgba, centre, int(radius * unit * 16), (tone, tone, tone, 255), -1, cv2.LINE_AA, 4
            )
    return _finish(rng, rgba, (2.25 * unit, base * unit), px_per_m, 0.06)


def tree(rng: np.random.Generator, px_per_m: float, height_m: float) -> Sprite:
    """A trunk and a crown of leaves, or a bush when it is low."""
    unit = px_per_m * 2
    rgba = np.zeros((int(height_m * unit) + 4, int(height_m * 0.7 * unit) + 4, 4), np.uint8)
    middle, bottom = rgba.shape[1] / 2, rgba.shape[0] - 2
    trunk = max(2, int(0.05 * height_m * unit))
    if height_m > 1.5:
        cv2.line(
            rgba,
            (int(middle), int(bottom)),
            (int(middle), int(bottom * 0.4)),
            (84, 64, 46, 255),
            trunk,
            cv2.LINE_AA,
        )
    green = np.array(
        pick(rng, ((64, 98, 44), (92, 118, 48), (46, 80, 52), (140, 110, 48))), np.float64
    )
    low = 0.62 if height_m > 1.5 else 0.95
    for _ in range(70):
        x = middle + rng.normal(0, 0.17) * rgba.shape[1]
        y = bottom * rng.uniform(0.12, low)
        radius = int(rgba.shape[1] * rng.uniform(0.04, 0.11)) + 1
        tone = np.clip(green * rng.uniform(0.6, 1.0) * (1.35 - 0.7 * y / bottom), 4, 250)
        cv2.circle(rgba, (int(x), int(y)), radius, [*tone.tolist(), 255], -1, cv2.LINE_AA)
    return _finish(rng, rgba, (middle, bottom), px_per_m, 0.35)


def post(rng: np.random.Generator, px_per_m: float) -> Sprite:
    """A lamp post, a bollard or a traffic sign: thin, upright, easily taken for a person."""
    unit, kind = px_per_m * 2, pick(rng, ("lamp", "bollard", "sign", "bin"))
    height_m = {"lamp": 4.5, "bollard": 1.0, "sign": 2.4, "bin": 1.1}[kind]
    rgba = np.zeros((int(height_m * unit) + 4, int(0.9 * unit) + 4, 4), np.uint8)
    middle, bottom = rgba.shape[1] // 2, rgba.shape[0] - 2
    grey = float(rng.uniform(50, 150))
    wide = {"lamp": 0.12, "bollard": 0.2, "sign": 0.08, "bin": 0.55}[kind] * unit / 2
    cv2.rectangle(
        rgba,
        (int(middle - wide), 4),
        (int(middle + wide), bottom),
        (grey, grey * 0.98, grey * 0.94, 255),
        -1,
    )
    cv2.rectangle(
        rgba,
        (int(middle - wide), 4),
        (int(middle - wide * 0.3), bottom),
        (grey * 1.3, grey * 1.3, grey * 1.3, 255),
        -1,
    )
    if kind == "sign":
        colour = pick(rng, ((190, 30, 34), (30, 70, 160), (240, 240, 240)))
        cv2.circle(
            rgba, (middle, int(0.4 * unit)), int(0.36 * unit), (*colour, 255), -1, cv2.LINE_AA
        )
        cv2.circle(
            rgba, (middle, int(0.4 * unit)), int(0.24 * unit), (235, 235, 232, 255), -1, cv2.LINE_AA
        )
    if kind == "lamp":
        cv2.ellipse(
            rgba,
            (middle, int(0.12 * unit)),
            (int(0.4 * unit), int(0.12 * unit)),
            0,
            0,
            360,
            (225, 222, 205, 255),
            -1,
            cv2.LINE_AA,
        )
    return _finish(rng, rgba, (middle, bottom), px_per_m)


def animal(rng: np.random.Generator, px_per_m: float, elevation: float) -> Sprite:
    """A dog, sheep or cow, standing or walking."""
    size = pick(rng, (0.7, 1.0, 1.0, 1.9))
    coat = pick(rng, ((90, 62, 40), (30, 28, 26), (214, 206, 190), (160, 120, 80), (120, 116, 110)))
    dark = tuple(c * 0.7 for c in coat)
    swing, yaw = rng.uniform(-0.15, 0.15, 4), rng.uniform(0, 2 * np.pi)
    parts = [
        Solid(np.array([[0, -0.3, 0.5, 0.15], [0, 0.25, 0.5, 0.17]]), coat, True),
        Solid(np.array([[0, 0.3, 0.58, 0.11], [0, 0.48, 0.74, 0.1]]), coat),
        Solid(np.array([[0, 0.5, 0.76, 0.11], [0, 0.68, 0.7, 0.06]]), coat),
        Solid(np.array([[0, -0.42, 0.55, 0.04], [0, -0.62, 0.65, 0.02]]), dark),
    ]
    for leg, (x, y) in enumerate(((-0.09, 0.25), (0.09, 0.25), (-0.09, -0.3), (0.09, -0.3))):
        parts.append(Solid(np.array([[x, y, 0.42, 0.07], [x, y + swing[leg], 0.03, 0.035]]), dark))
    body = [Solid(p.spheres * size, p.colour, p.cloth) for p in turned(parts, yaw)]
    spots = Appearance(top=coat, top_second=dark, pattern=pick(rng, ("plain", "speckle")))
    return _drawn(body, spots, px_per_m, elevation, reach_m=1.1 * size, height_m=1.1 * size)


def statue(rng: np.random.Generator, px_per_m: float, elevation: float) -> Sprite:
    """A stone or bronze figure on a plinth: the shape of a person, and not one."""
    tone = pick(rng, ((150, 148, 142), (176, 172, 160), (74, 84, 70), (96, 72, 48)))
    who = Appearance(
        skin=tone, hair=tone, top=tone, bottom=tone, shoes=tone, cut=pick(rng, ("coat", "trousers"))
    )
    body = solids(
        who, gait(pick(rng, ("stand", "hips", "wave")), rng.uniform(0, 6)), rng.uniform(0, 6.28)
    )
    high = rng.uniform(0.6, 1.2)
    body = [Solid(p.spheres + np.array([0, 0, high, 0]), tone) for p in body]
    corners = [(x, y, z, 0.05) for x in (-0.4, 0.4) for y in (-0.4, 0.4) for z in (0.05, high)]
    plinth = Solid(np.array(corners), tuple(c * 0.85 for c in tone))
    return _drawn([*body, plinth], who, px_per_m, elevation, reach_m=0.9, height_m=high + 2.4)


def furniture(rng: np.random.Generator, px_per_m: float, elevation: float) -> Sprite:
    """A table, a chair, a bench, a crate or a cabinet, as boxes."""
    wide, deep, high, legs = pick(
        rng,
        (
            (1.3, 0.7, 0.75, True),
            (0.5, 0.5, 0.48, True),
            (1.6, 0.45, 0.45, True),
            (0.7, 0.7, 0.7, False),
            (0.9, 0.45, 1.3, False),
            (0.55, 0.5, 1.8, False),
        ),
    )
    colour = pick(
        rng,
        (
            (140, 100, 62),
            (90, 66, 44),
            (190, 186, 178),
            (60, 62, 68),
            (160, 130, 90),
            (70, 96, 120),
        ),
    )
    low = high - 0.08 if legs else 0.03

    def box(x0: float, x1: float, y0: float, y1: float, z0: float, z1: float, tone: float) -> Solid:
        corners = [(x, y, z, 0.025) for x in (x0, x1) for y in (y0, y1) for z in (z0, z1)]
        return Solid(np.array(corners), tuple(c * tone for c in colour))

    x, y = wide / 2, deep / 2
    body = [box(-x, x, -y, y, low, high, 1.0)]
    if legs:
        body += [
            box(a, a, b, b, 0.03, low, 0.7)
            for a in (-x * 0.9, x * 0.9)
            for b in (-y * 0.9, y * 0.9)
        ]
    if legs and high < 0.5:
        body.append(box(-x, x, y, y, high, high + 0.45, 0.9))
    return _drawn(body, Appearance(), px_per_m, elevation, reach_m=x + 0.3, height_m=high + 0.6)


def bag(rng: np.random.Generator, px_per_m: float, elevation: float) -> Sprite:
    """A suitcase or holdall left on the ground."""
    colour = pick(rng, ((24, 26, 34), (120, 30, 34), (30, 60, 110)))
    corners = [(x, y, z, 0.06) for x in (-0.26, 0.26) for y in (-0.1, 0.1) for z in (0.08, 0.5)]
    handle = Solid(np.array([[-0.1, 0, 0.66, 0.03], [0.1, 0, 0.66, 0.03]]), (40, 40, 40))
    return _drawn(
        [Solid(np.array(corners), colour), handle],
        Appearance(),
        px_per_m,
        elevation,
        reach_m=0.6,
        height_m=0.9,
    )


def _drawn(
    body: list[Solid],
    who: Appearance,
    px_per_m: float,
    elevation: float,
    *,
    reach_m: float,
    height_m: float,
) -> Sprite:
    unit = px_per_m * 2
    shape = (2 * int((height_m + 0.8) * px_per_m + 2), 2 * int(2 * reach_m * px_per_m + 2))
    origin = (shape[1] / 2, (height_m + 0.2) * unit)
    rgba = draw_solids(body, Level(unit, elevation, origin), shape, who)
    small = cv2.resize(rgba, (shape[1] // 2, shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cropped(Sprite(small, (origin[0] / 2, origin[1] / 2), px_per_m))
