"""The canvas of a synthetic scene: a picture, the material of every pixel, and separate things.

A scene is painted from far to near. The dataset writers turn materials into the class ids of
their layout and outlines of things into borders.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np

from pipelines.synthetic.figures import ImageArray, Projection, Sprite, paste
from pipelines.synthetic.people import FloatArray


class Material(IntEnum):
    """What a pixel shows."""

    UNLABELLED = 0
    PERSON = 1
    SKY = 2
    BUILDING = 3
    ROAD = 4
    PAVEMENT = 5
    GRASS = 6
    TREE = 7
    WALL = 8
    FLOOR = 9
    CEILING = 10
    DOOR = 11
    WINDOW = 12
    SHELF = 13
    CAR = 14
    POST = 15
    ANIMAL = 16
    STATUE = 17
    POSTER = 18
    FURNITURE = 19
    BAG = 20


#: Materials that stand apart as things: their outlines are borders in a segmentation mask.
THINGS = frozenset(
    {Material.PERSON, Material.CAR, Material.ANIMAL, Material.FURNITURE, Material.BAG}
)


@dataclass
class Canvas:
    """A picture being painted: `rgb` (H, W, 3), `material` and `instance` (H, W)."""

    rgb: ImageArray
    material: ImageArray
    instance: ImageArray

    @classmethod
    def blank(cls, height: int, width: int) -> Canvas:
        """A black canvas without labels."""
        plane = np.zeros((height, width), np.uint8)
        return cls(np.zeros((height, width, 3), np.uint8), plane, plane.copy())

    def panel(
        self, lens: Projection, corners: FloatArray, texture: ImageArray, what: Material
    ) -> None:
        """Lay a flat texture (h, w, 3) on four world corners.

        They go clockwise from where the texture's top left comes to lie.
        """
        xy = lens.discs(np.column_stack([corners, np.ones(4)])).xy_px.clip(-20000, 20000)
        height, width = self.material.shape
        left, top = np.clip(np.floor(xy.min(axis=0)), 0, (width, height)).astype(int)
        right, bottom = np.clip(np.ceil(xy.max(axis=0)) + 1, 0, (width, height)).astype(int)
        if left >= right or top >= bottom:
            return
        xy = (xy - (left, top)).astype(np.float32)
        tall, wide = texture.shape[:2]
        flat = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
        matrix = cv2.getPerspectiveTransform(flat, xy)
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillConvexPoly(mask, np.round(xy * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
        size = (int(right - left), int(bottom - top))
        laid = cv2.warpPerspective(
            texture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        box = np.s_[top:bottom, left:right]
        share = mask.astype(np.float32) / 255
        self.rgb[box] = cv2.blendLinear(laid, np.ascontiguousarray(self.rgb[box]), share, 1 - share)
        self.material[box][mask > 127] = what

    def stand(
        self, sprite: Sprite, at_xy: tuple[float, float], what: Material, *, light: float = 1.0
    ) -> None:
        """Paste a cut-out and label what it covers, as an instance of its own if it is a thing."""
        pasted = paste(self.rgb, sprite, at_xy, light=light)
        if pasted is None:
            return
        box = (pasted.rows, pasted.columns)
        self.material[box][pasted.inside] = what
        self.instance[box][pasted.inside] = self.instance.max() + 1 if what in THINGS else 0
