"""Flat textures of synthetic scenes: ground, tiles, bricks, house fronts, shelves, posters."""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.synthetic.figures import ImageArray
from pipelines.synthetic.people import CLOTHES, SKINS, Colour, FloatArray, pick

#: Texels of a texture's side: enough for a panel that fills a 320-pixel frame.
SIZE = 320


def cloudy(
    rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 4
) -> FloatArray:
    """Smooth random field (height, width), about -1 to 1, its coarsest grain `cell` pixels."""
    total, amplitude = np.zeros((height, width), np.float32), 1.0
    for _ in range(octaves):
        shape = (int(height / cell) + 2, int(width / cell) + 2)
        grid = rng.random(shape, dtype=np.float32) * 2 - 1
        total += amplitude * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        amplitude, cell = amplitude * 0.6, max(1.0, cell / 2.2)
    return total / 1.4


def ground(
    rng: np.random.Generator, colour: Colour, *, contrast: float, cell: float = 24, size: int = SIZE
) -> ImageArray:
    """A mottled surface: grass, asphalt, plaster, by colour and contrast."""
    field = cloudy(rng, size, size, cell)
    field += 0.8 * (rng.random((size, size), dtype=np.float32) - 0.5)
    return _coloured(1 + contrast * field, colour)


def tiled(
    rng: np.random.Generator,
    colour: Colour,
    *,
    rows: int,
    columns: int,
    bond: bool = False,
    size: int = SIZE,
) -> ImageArray:
    """Slabs, bricks (`bond`) or floor tiles with joints, each a little different."""
    y = np.arange(size, dtype=np.float32)[:, None] * (rows / size)
    x = np.arange(size, dtype=np.float32)[None] * (columns / size)
    shifted = x + (y.astype(np.int32) % 2) * np.float32(0.5 * bond)
    tones = 1 + 0.12 * (rng.random((rows + 1, columns + 2), dtype=np.float32) - 0.5)
    field = tones[y.astype(np.int32), shifted.astype(np.int32)]
    field += 0.06 * cloudy(rng, size, size, 12)
    field *= np.where(np.mod(y, 1) * size < rows, np.float32(0.72), np.float32(1))
    field[np.mod(shifted, 1) * size < columns] *= 0.72
    return _coloured(field, colour)


def _coloured(field: FloatArray, colour: Colour) -> ImageArray:
    """A tone per pixel times one colour."""
    planes = [cv2.convertScaleAbs(np.maximum(field, 0), alpha=float(c)) for c in colour]
    return cv2.merge(planes)


def facade(rng: np.random.Generator, *, floors: int, bays: int, size: int = SIZE) -> ImageArray:
    """The front of a house: brick or plaster, windows in rows, shops or doors below."""
    colour = pick(
        rng, ((160, 96, 76), (196, 178, 148), (140, 138, 134), (206, 200, 190), (120, 84, 70))
    )
    image = tiled(rng, colour, rows=48, columns=20, bond=True, size=size)
    step_y, step_x = size / floors, size / bays
    glass = np.array(pick(rng, ((60, 74, 88), (84, 98, 110), (44, 48, 54))), np.float32)
    for floor in range(floors):
        for bay in range(bays):
            low = floor == floors - 1
            x0, x1 = (
                (bay + (0.08 if low else 0.25)) * step_x,
                (bay + (0.92 if low else 0.75)) * step_x,
            )
            y0, y1 = (floor + 0.2) * step_y, (floor + (1.0 if low else 0.78)) * step_y
            tone = (
                glass * rng.uniform(0.6, 1.5) if rng.random() < 0.85 else np.array((230, 210, 150))
            )
            frame = tuple(float(c) for c in np.array(colour) * 1.2)
            cv2.rectangle(image, (int(x0) - 3, int(y0) - 3), (int(x1) + 3, int(y1) + 3), frame, -1)
            cv2.rectangle(
                image, (int(x0), int(y0)), (int(x1), int(y1)), tuple(map(float, tone)), -1
            )
            cv2.line(image, (int((x0 + x1) / 2), int(y0)), (int((x0 + x1) / 2), int(y1)), frame, 2)
            cv2.line(
                image, (int(x0), int(y1)), (int(x1), int(y0)), tuple(map(float, tone * 1.25)), 2
            )
    return image


def stocked_shelf(rng: np.random.Generator, *, boards: int, size: int = SIZE) -> ImageArray:
    """A shelf full of boxes, books or bottles."""
    image = ground(rng, (92, 80, 68), contrast=0.1, size=size)
    step = size / boards
    for board in range(boards):
        floor_y, x = int((board + 0.92) * step), int(rng.integers(0, 6))
        while x < size - 8:
            width, height = (
                int(rng.uniform(0.06, 0.22) * step * 2) + 4,
                int(step * rng.uniform(0.35, 0.8)),
            )
            if rng.random() < 0.85:
                colour = np.array(pick(rng, CLOTHES)) * rng.uniform(0.6, 1.1)
                cv2.rectangle(
                    image,
                    (x, floor_y - height),
                    (x + width, floor_y),
                    tuple(map(float, colour)),
                    -1,
                )
                label = tuple(map(float, np.minimum(255, colour * 1.5 + 20)))
                cv2.rectangle(
                    image,
                    (x + width // 4, floor_y - height // 2),
                    (x + 3 * width // 4, floor_y - height // 4),
                    label,
                    -1,
                )
            x += width + int(rng.integers(1, 5))
        cv2.rectangle(image, (0, floor_y), (size, int((board + 1) * step)), (150, 140, 124), -1)
    return image


def _as_image(field: FloatArray) -> ImageArray:
    return np.clip(field, 0, 255).astype(np.uint8)


def road(rng: np.random.Generator) -> ImageArray:
    """Asphalt along x with a dashed middle line and solid edges."""
    image = ground(rng, pick(rng, ((86, 86, 88), (104, 102, 100), (70, 72, 76))), contrast=0.12)
    line = (208.0, 206.0, 196.0)
    for x in range(0, SIZE, SIZE // 6):
        cv2.rectangle(image, (x, SIZE // 2 - 4), (x + SIZE // 12, SIZE // 2 + 4), line, -1)
    for y in (10, SIZE - 14):
        cv2.rectangle(image, (0, y), (SIZE, y + 4), line, -1)
    return image


def panelled_door(rng: np.random.Generator) -> ImageArray:
    """A closed door in its frame."""
    colour = np.array(
        pick(rng, ((132, 88, 54), (176, 172, 164), (74, 96, 120), (150, 110, 74), (96, 50, 44)))
    )
    image = ground(rng, tuple(colour), contrast=0.08, size=128)
    cv2.rectangle(image, (0, 0), (127, 140), tuple(map(float, colour * 0.6)), 10)
    for y0, y1 in ((20, 60), (72, 118)):
        cv2.rectangle(image, (28, y0), (100, y1), tuple(map(float, colour * 0.8)), 3)
    cv2.circle(image, (108, 68), 4, (222, 206, 150), -1)
    return image


def poster(rng: np.random.Generator) -> ImageArray:
    """A framed picture: a landscape, blocks of colour, a painted portrait (no person)."""
    image = ground(rng, pick(rng, CLOTHES), contrast=0.2, size=128)
    kind = pick(rng, ("landscape", "blocks", "portrait"))
    if kind == "landscape":
        image[:60] = (150, 180, 210)
        cv2.fillPoly(
            image,
            [np.array([[0, 80], [40, 30], [80, 70], [127, 40], [127, 90], [0, 90]])],
            (90, 110, 96),
        )
    elif kind == "blocks":
        for _ in range(6):
            x, y = rng.integers(0, 100, 2)
            colour = tuple(map(float, pick(rng, CLOTHES)))
            cv2.rectangle(
                image,
                (int(x), int(y)),
                (int(x + rng.integers(10, 60)), int(y + rng.integers(8, 40))),
                colour,
                -1,
            )
    else:
        cv2.ellipse(
            image, (64, 128), (48, 44), 0, 180, 360, tuple(map(float, pick(rng, CLOTHES))), -1
        )
        cv2.ellipse(image, (64, 58), (20, 27), 0, 0, 360, tuple(map(float, pick(rng, SKINS))), -1)
    cv2.rectangle(
        image,
        (0, 0),
        (127, 127),
        tuple(map(float, pick(rng, ((40, 34, 30), (180, 150, 90), (230, 230, 230))))),
        8,
    )
    return image


def pane(rng: np.random.Generator) -> ImageArray:
    """A window in an inside wall, bright by day."""
    image = ground(
        rng, pick(rng, ((190, 208, 226), (150, 170, 186), (40, 48, 66))), contrast=0.15, size=128
    )
    for at in (0, 60, 119):
        cv2.rectangle(image, (at, 0), (at + 8, 127), (214, 212, 206), -1)
        cv2.rectangle(image, (0, at), (127, at + 8), (214, 212, 206), -1)
    return image


def sky(rng: np.random.Generator, height: int, width: int) -> ImageArray:
    """A gradient with clouds."""
    top, low = pick(
        rng,
        (
            ((92, 138, 196), (196, 214, 230)),
            ((150, 156, 164), (206, 208, 210)),
            ((96, 90, 130), (232, 190, 150)),
        ),
    )
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    image = np.array(top, np.float32) * (1 - ramp) + np.array(low, np.float32) * ramp
    clouds = np.clip(cloudy(rng, height, width, max(8.0, width / 4), 4) - 0.1, 0, 1)[..., None]
    return _as_image(image * (1 - 0.8 * clouds) + 238 * 0.8 * clouds)
