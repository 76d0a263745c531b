"""From spheres to pictures: cameras that project them, sprites that hold and paste them.

A sprite is a small premultiplied RGBA cut-out with the point where it touches the ground. Sprites
are drawn at twice their size and reduced, so that edges are smooth and masks are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.synthetic.bodies import Solid
from pipelines.synthetic.people import Appearance, FloatArray

ImageArray = NDArray[np.uint8]

#: Fixed-point bits of the corners given to OpenCV: a sixteenth of a pixel.
_SHIFT = 4
_ANGLES = np.linspace(0, 2 * np.pi, 12, endpoint=False)
_CIRCLE_XY = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
#: Nested layers that fake a round body lit from above: radius, brightness, shift towards the light.
_LAYERS = ((1.0, 0.7, 0.0), (0.8, 0.9, 0.14), (0.5, 1.06, 0.3))
_LIGHT_XY = np.array([-0.5, -0.85])


@dataclass(frozen=True)
class Discs:
    """Spheres seen by a camera: `xy_px` (n, 2), `radius_px` (n,), `depth_m` (n,)."""

    xy_px: FloatArray
    radius_px: FloatArray
    depth_m: FloatArray


class Projection(Protocol):
    """A camera at (0, 0, height) that looks along +y; z is up; metres."""

    def discs(self, spheres: FloatArray) -> Discs:
        """Project (n, 4) spheres."""
        ...


@dataclass(frozen=True, kw_only=True)
class Pinhole:
    """An ordinary lens: focal length and centre in pixels, pitch downwards in radians."""

    focal_px: float
    height_m: float
    pitch: float
    centre_xy: tuple[float, float]

    def discs(self, spheres: FloatArray) -> Discs:
        """Project (n, 4) spheres; points behind the camera are held just before it."""
        x, y, z = spheres[:, 0], spheres[:, 1], spheres[:, 2] - self.height_m
        cos, sin = np.cos(self.pitch), np.sin(self.pitch)
        depth = np.maximum(0.2, y * cos - z * sin)
        scale = self.focal_px / depth
        up = y * sin + z * cos
        xy = np.stack([self.centre_xy[0] + x * scale, self.centre_xy[1] - up * scale], axis=1)
        return Discs(xy, spheres[:, 3] * scale, depth)


@dataclass(frozen=True, kw_only=True)
class Fisheye:
    """An equidistant lens under a ceiling, looking straight down: radius = focal length x angle."""

    focal_px: float
    height_m: float
    centre_xy: tuple[float, float]

    def discs(self, spheres: FloatArray) -> Discs:
        """Project (n, 4) spheres."""
        x, y, down = spheres[:, 0], spheres[:, 1], self.height_m - spheres[:, 2]
        aside = np.hypot(x, y)
        ratio = self.focal_px * np.arctan2(aside, down) / np.maximum(aside, 1e-6)
        xy = np.stack([self.centre_xy[0] + x * ratio, self.centre_xy[1] - y * ratio], axis=1)
        distance = np.hypot(aside, down)
        return Discs(xy, self.focal_px * spheres[:, 3] / np.maximum(distance, 0.3), distance)


@dataclass(frozen=True)
class Level:
    """A drawing without perspective, seen from `elevation` radians above the horizon."""

    px_per_m: float
    elevation: float
    origin_xy: tuple[float, float]

    def discs(self, spheres: FloatArray) -> Discs:
        """Project (n, 4) spheres."""
        x, y, z = spheres[:, 0], spheres[:, 1], spheres[:, 2]
        cos, sin = np.cos(self.elevation), np.sin(self.elevation)
        up = z * cos + y * sin
        xy = np.stack([x, -up], axis=1) * self.px_per_m + np.array(self.origin_xy)
        return Discs(xy, spheres[:, 3] * self.px_per_m, y * cos - z * sin)


@dataclass(frozen=True)
class Sprite:
    """A cut-out: `rgba` (h, w, 4) premultiplied; `anchor_xy` is the ground point in its pixels."""

    rgba: ImageArray
    anchor_xy: tuple[float, float]
    px_per_m: float


def person_sprite(
    who: Appearance, body: Sequence[Solid], *, px_per_m: float, elevation: float
) -> Sprite:
    """Draw a person alone, at a scale."""
    reach = 0.75 * who.height_m
    width, above, below = reach * 2, who.height_m * 1.35 + 0.1, 0.5
    fine = px_per_m * 2
    shape = (2 * int(np.ceil((above + below) * px_per_m)), 2 * int(np.ceil(width * px_per_m)))
    flat = Level(fine, elevation, (shape[1] / 2, above * fine))
    rgba = draw_solids(body, flat, shape, who)
    small = cv2.resize(rgba, (shape[1] // 2, shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cropped(Sprite(small, (shape[1] / 4, above * px_per_m), px_per_m))


def seen_solids(
    who: Appearance, body: Sequence[Solid], xy_m: tuple[float, float], lens: Projection
) -> Sprite:
    """Draw a body where it stands, through the lens itself; the anchor is its foot's pixel."""
    moved = [Solid(p.spheres + np.array([*xy_m, 0.0, 0.0]), p.colour, p.cloth) for p in body]
    foot = lens.discs(np.array([[*xy_m, 0.0, 0.0]])).xy_px[0]
    every = lens.discs(np.concatenate([p.spheres for p in moved]))
    low = np.floor((every.xy_px - every.radius_px[:, None]).min(axis=0)) - 2
    high = np.ceil((every.xy_px + every.radius_px[:, None]).max(axis=0)) + 2
    shape = (2 * int(high[1] - low[1]), 2 * int(high[0] - low[0]))
    rgba = draw_solids(moved, _Window(lens, low, 2.0), shape, who)
    small = cv2.resize(rgba, (shape[1] // 2, shape[0] // 2), interpolation=cv2.INTER_AREA)
    anchor = foot - low
    return Sprite(small, (float(anchor[0]), float(anchor[1])), 1.0)


@dataclass(frozen=True)
class _Window:
    """A lens seen through a window: shifted by `low_xy`, enlarged by `zoom`."""

    lens: Projection
    low_xy: FloatArray
    zoom: float

    def discs(self, spheres: FloatArray) -> Discs:
        seen = self.lens.discs(spheres)
        return Discs(
            (seen.xy_px - self.low_xy) * self.zoom, seen.radius_px * self.zoom, seen.depth_m
        )


def draw_solids(
    parts: Sequence[Solid], lens: Projection, shape_hw: tuple[int, int], who: Appearance
) -> ImageArray:
    """Paint solids from far to near, shaded and with the cloth's pattern; premultiplied RGBA."""
    seen = lens.discs(np.concatenate([part.spheres for part in parts]))
    ends = np.cumsum([len(part.spheres) for part in parts])
    starts = ends - [len(part.spheres) for part in parts]
    depth = np.add.reduceat(seen.depth_m, starts) / (ends - starts)
    rims = [_rims(seen, grow, shift) for grow, _, shift in _LAYERS]
    rgba = np.zeros((*shape_hw, 4), np.uint8)
    cloth = np.zeros(shape_hw, np.uint8)
    for index in np.argsort(-depth, kind="stable"):
        part, span = parts[index], slice(starts[index], ends[index])
        layers = _LAYERS if seen.radius_px[span].max() > 3 else _LAYERS[:2]
        for (_, light, _), rim in zip(layers, rims, strict=False):
            colour = [min(255.0, c * light) for c in part.colour] + [255.0]
            hull = cv2.convexHull(rim[span].reshape(-1, 2))
            cv2.fillConvexPoly(rgba, hull, colour, cv2.LINE_AA, _SHIFT)
            if rim is rims[0] and who.pattern != "plain":
                cv2.fillConvexPoly(cloth, hull, 255 * part.cloth, cv2.LINE_8, _SHIFT)
    px_per_m = lens.discs(np.append(parts[-1].spheres[0, :3], 1.0)[None]).radius_px[0]
    return _patterned(cv2.GaussianBlur(rgba, (3, 3), 0), cloth, who, float(px_per_m))


def _rims(seen: Discs, grow: float, shift: float) -> NDArray[np.int32]:
    """Fixed-point corners around every disc, (n, corners, 2)."""
    centres = seen.xy_px + _LIGHT_XY * (shift * seen.radius_px)[:, None]
    rims = centres[:, None] + _CIRCLE_XY * (grow * seen.radius_px)[:, None, None]
    return np.round(rims * 2**_SHIFT).astype(np.int32)


#: Where the top's second colour shows, by metres across and above the chest.
_PATTERNS: dict[str, Callable[[FloatArray, FloatArray], NDArray[np.bool_]]] = {
    "stripes": lambda x, y: np.sin(x * 70) + 0 * y > 0.3,
    "hoops": lambda x, y: np.sin(y * 60) + 0 * x > 0.2,
    "checks": lambda x, y: (np.sin(x * 45) > 0) ^ (np.sin(y * 45) > 0),
    "speckle": lambda x, y: np.sin(x * 91 + 40 * y) * np.sin(y * 83 - 30 * x) > 0.45,
    "print": lambda x, y: (np.abs(x) < 0.09) & (np.abs(y + 0.05) < 0.08),
    "band": lambda x, y: (
        (np.abs(np.mod(y + 0.06, 0.24) - 0.12) < 0.03) | (np.abs(np.abs(x) - 0.11) < 0.02)
    ),
}


def _patterned(rgba: ImageArray, cloth: ImageArray, who: Appearance, px_per_m: float) -> ImageArray:
    """Multiply the top's second colour in where the pattern says so."""
    left, top, width, height = cv2.boundingRect(cloth)
    if who.pattern == "plain" or width == 0:
        return rgba
    y = (np.arange(height, dtype=np.float64)[:, None] - height / 2) / px_per_m
    x = (np.arange(width, dtype=np.float64)[None] - width / 2) / px_per_m
    box = np.s_[top : top + height, left : left + width]
    where = _PATTERNS[who.pattern](x, y) & (cloth[box] > 0)
    ratio = (np.array(who.top_second, np.float32) + 8) / (np.array(who.top, np.float32) + 8)
    piece = rgba[box]  # a view: the sprite is still being made
    piece[where, :3] = np.minimum(piece[where, :3] * ratio, piece[where, 3:])
    return rgba


def cropped(sprite: Sprite) -> Sprite:
    """Without its empty margins."""
    left, top, width, height = cv2.boundingRect(sprite.rgba[..., 3])
    if width == 0:
        return sprite
    rgba = np.ascontiguousarray(sprite.rgba[top : top + height, left : left + width])
    return Sprite(rgba, (sprite.anchor_xy[0] - left, sprite.anchor_xy[1] - top), sprite.px_per_m)


def resized(sprite: Sprite, px_per_m: float) -> Sprite:
    """The same cut-out at another scale."""
    factor = px_per_m / sprite.px_per_m
    height, width = sprite.rgba.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    rgba = cv2.resize(sprite.rgba, size, interpolation=cv2.INTER_AREA)
    anchor = (sprite.anchor_xy[0] * size[0] / width, sprite.anchor_xy[1] * size[1] / height)
    return Sprite(rgba, anchor, px_per_m)


def elevation_of(lens: Pinhole, y_m: float) -> float:
    """Angle in radians from which a camera looks down on somebody who stands at a distance."""
    return float(np.arctan2(lens.height_m - 0.9, y_m))


def mirrored(sprite: Sprite) -> Sprite:
    """Left and right exchanged."""
    anchor = (sprite.rgba.shape[1] - sprite.anchor_xy[0], sprite.anchor_xy[1])
    return Sprite(np.ascontiguousarray(sprite.rgba[:, ::-1]), anchor, sprite.px_per_m)


@dataclass(frozen=True)
class Pasted:
    """Where a sprite landed; `inside` is where it covers more than half of a pixel."""

    rows: slice
    columns: slice
    inside: NDArray[np.bool_]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 of the pasted part."""
        return self.columns.start, self.rows.start, self.columns.stop, self.rows.stop


def paste(
    image: ImageArray,
    sprite: Sprite,
    at_xy: tuple[float, float],
    *,
    light: float | FloatArray = 1.0,
) -> Pasted | None:
    """Blend a sprite into an image in place, its anchor at `at_xy`.

    `light` multiplies the sprite's colours, all alike or (3,).

    Returns:
        Where it landed; None if that is outside of the image.
    """
    height, width = sprite.rgba.shape[:2]
    left, top = round(at_xy[0] - sprite.anchor_xy[0]), round(at_xy[1] - sprite.anchor_xy[1])
    y0, y1 = max(0, top), min(image.shape[0], top + height)
    x0, x1 = max(0, left), min(image.shape[1], left + width)
    if y0 >= y1 or x0 >= x1:
        return None
    piece = sprite.rgba[y0 - top : y1 - top, x0 - left : x1 - left]
    rows, columns = slice(y0, y1), slice(x0, x1)
    alpha = piece[..., 3:].astype(np.float32)
    under = image[rows, columns].astype(np.float32)
    mixed = under * (1 - alpha / 255) + piece[..., :3] * light
    image[rows, columns] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    return Pasted(rows, columns, alpha[..., 0] > 127)


def shade_ground(
    image: ImageArray, sprite: Sprite, at_xy: tuple[float, float], *, slant: float, strength: float
) -> None:
    """Darken the ground in place under a sprite: a flat shadow, slanted where the sun is out."""
    height, width = sprite.rgba.shape[:2]
    flat = max(2, round(height * 0.22))
    lean = round(abs(slant) * height)
    pad = 3
    matrix = np.array(
        [[1, slant * height / height, pad + (lean if slant < 0 else 0)], [0, flat / height, pad]],
        np.float32,
    )
    size = (width + lean + 2 * pad, flat + 2 * pad)
    cast = cv2.warpAffine(cv2.flip(sprite.rgba[..., 3], 0), matrix, size)
    cast = cv2.GaussianBlur(cast, (5, 5), 0)
    anchor_x = sprite.anchor_xy[0] + pad + (lean if slant < 0 else 0)
    dark = np.zeros((*cast.shape, 4), np.uint8)
    dark[..., 3] = (cast * strength).astype(np.uint8)
    paste(image, Sprite(dark, (anchor_x, pad + 0.02 * flat), 1.0), at_xy)
