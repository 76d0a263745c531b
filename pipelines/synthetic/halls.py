"""A hall seen from its ceiling through a fisheye: floor plan, walls, machines as boxes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from pipelines.synthetic import textures as textures
from pipelines.synthetic.canvas import Canvas, Material
from pipelines.synthetic.figures import Fisheye, ImageArray
from pipelines.synthetic.people import Colour, FloatArray
from pipelines.synthetic.scenes import Area, Place


@dataclass(frozen=True)
class Block:
    """A machine or rack: a box on the floor, in metres."""

    area: Area
    height_m: float
    colour: Colour


def hall(
    rng: np.random.Generator,
    lens: Fisheye,
    size_hw: tuple[int, int],
    bounds: Area,
    plan: ImageArray,
    blocks: tuple[Block, ...],
    *,
    view_angle: float = 1.5,  # a lens of about 172 degrees
) -> Place:
    """A hall from its ceiling: a floor plan and walls bent by the lens, machines as boxes.

    The `plan` is a picture of the floor that covers `bounds`, its far side on top.
    """
    canvas = Canvas.blank(*size_hw)
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]].astype(np.float32)
    right, ahead = columns - lens.centre_xy[0], lens.centre_xy[1] - rows
    radius = np.maximum(np.hypot(right, ahead), 1e-3)
    angle = radius / lens.focal_px
    seen = angle < view_angle
    reach = lens.height_m * np.tan(np.minimum(angle, 1.5))
    to_x = np.where(right > 0, bounds.x1, -bounds.x0) / np.maximum(np.abs(right / radius), 1e-3)
    to_y = np.where(ahead > 0, bounds.y1, -bounds.y0) / np.maximum(np.abs(ahead / radius), 1e-3)
    wall_m = np.minimum(to_x, to_y)
    on_wall = reach > wall_m
    across = np.minimum(reach, wall_m) / radius
    u = (right * across - bounds.x0) / (bounds.x1 - bounds.x0) * (plan.shape[1] - 1)
    v = (bounds.y1 - ahead * across) / (bounds.y1 - bounds.y0) * (plan.shape[0] - 1)
    canvas.rgb[:] = cv2.remap(
        plan,
        u.astype(np.float32),
        v.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    up = (lens.height_m - wall_m / np.tan(np.clip(angle, 0.05, 1.5))) / lens.height_m
    tone = (110 + 70 * np.clip(up, 0, 1)) * (1 + 0.06 * np.sin((u + v) * 0.4))
    canvas.rgb[on_wall] = (tone[..., None] * np.array((1.0, 0.99, 0.95)))[on_wall].astype(np.uint8)
    canvas.material[:] = np.where(on_wall, Material.WALL, Material.FLOOR)
    for block in sorted(blocks, key=_far_first):
        _stand_block(rng, canvas, lens, block)
    canvas.rgb[~seen] = 8
    canvas.material[~seen] = Material.UNLABELLED
    return Place(canvas, lens, (), indoor=True, hi_vis_share=0.7)


def _far_first(block: Block) -> float:
    a = block.area
    return -float(np.hypot((a.x0 + a.x1) / 2, (a.y0 + a.y1) / 2))


def _stand_block(rng: np.random.Generator, canvas: Canvas, lens: Fisheye, block: Block) -> None:
    a, top = block.area, block.height_m
    loop = np.array([[a.x0, a.y0], [a.x1, a.y0], [a.x1, a.y1], [a.x0, a.y1], [a.x0, a.y0]])
    sides = sorted(pairwise(loop), key=lambda s: -float(np.hypot(*(s[0] + s[1]))))
    for tone, (p, q) in zip((0.5, 0.55, 0.72, 0.62), sides, strict=True):
        steps = np.linspace(0, 1, 9)[:, None]
        edge = p + (q - p) * steps
        ring = np.concatenate(
            [np.column_stack([edge, np.zeros(9)]), np.column_stack([edge[::-1], np.full(9, top)])]
        )
        _fill(rng, canvas, lens, ring, tuple(c * tone for c in block.colour))
    rim = np.concatenate([p + (q - p) * np.linspace(0, 1, 9)[:, None] for p, q in pairwise(loop)])
    _fill(rng, canvas, lens, np.column_stack([rim, np.full(len(rim), top)]), block.colour)


def _fill(
    rng: np.random.Generator, canvas: Canvas, lens: Fisheye, ring: FloatArray, colour: Colour
) -> None:
    xy = lens.discs(np.column_stack([ring, np.ones(len(ring))])).xy_px
    mask = np.zeros(canvas.material.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(xy * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    inside = mask > 0
    grain = 1 + 0.12 * textures.cloudy(rng, *canvas.material.shape, 12.0, 3)
    canvas.rgb[inside] = np.clip(grain[..., None] * np.array(colour), 0, 255).astype(np.uint8)[
        inside
    ]
    canvas.material[inside] = Material.FURNITURE
